//! Map runs whose execution is redriven: the same run goes on, and only what had not succeeded runs again.

use std::time::Duration;

use serde_json::{Value, json};
use workflow::driver::{ChildFilter, MachineRequest, Redrivable};
use workflow::journal::RunStatus;

use crate::map_runs::{ALL, bare, children, ended, output, start, the_run};
use crate::rig::{Hanging, NOON, Rig, lambda, types};

/// How often each child was redriven, in the order of their inputs.
async fn redriven(rig: &Rig, run: &str) -> Vec<(String, RunStatus, u32)> {
    let (listed, _) = rig.engine.list_children(run, ChildFilter::default(), &ALL).await.unwrap();
    let mut children = Vec::new();
    for child in listed {
        let described = rig.engine.describe_execution(&child.arn).await.unwrap();
        let input = described.input.unwrap().to_string();
        children.push((input, described.status, described.redrives.count));
    }
    children.sort_by(|a, b| a.0.cmp(&b.0));
    children
}

fn child(input: &str, status: RunStatus, redrives: u32) -> (String, RunStatus, u32) {
    (input.to_owned(), status, redrives)
}

#[tokio::test]
async fn what_had_failed_runs_again_and_what_was_not_begun_is_begun() {
    let rig = Rig::new().await;
    let arn = start(&rig, &bare("flaky", json!({"MaxConcurrency": 1})), r#"["a","b","c"]"#).await;
    assert_eq!(rig.engine.closed(&arn).await.unwrap().status, RunStatus::Failed);
    let failed = the_run(&rig, &arn).await;
    assert_eq!((failed.status, failed.items.failed, failed.items.pending), (RunStatus::Failed, 1, 2));
    let (only, _) = rig.engine.list_children(&failed.arn, ChildFilter::default(), &ALL).await.unwrap();
    let described = rig.engine.describe_execution(&only[0].arn).await.unwrap();
    assert_eq!(described.redrives.may, Redrivable::ByMapRun);
    assert!(rig.engine.redrive_execution(&only[0].arn, None).await.is_err(), "it goes on with its run only");

    rig.hand.advance(Duration::from_secs(5));
    rig.engine.redrive_execution(&arn, None).await.unwrap();
    let ended = rig.engine.closed(&arn).await.unwrap();
    assert_eq!(output(&ended), json!(["a", "b", "c"]));
    let run = the_run(&rig, &arn).await;
    assert_eq!((run.arn.as_str(), run.status, run.redrives), (failed.arn.as_str(), RunStatus::Succeeded, 1));
    assert_eq!((run.redriven, run.items.succeeded, run.items.total), (Some(NOON + 5000), 3, 3));
    assert_eq!(rig.script.called("flaky"), 4);
    let expected =
        ["a", "b", "c"].map(|it| child(&format!("\"{it}\""), RunStatus::Succeeded, u32::from(it == "a")));
    assert_eq!(redriven(&rig, &run.arn).await, expected);

    let history = rig.history(&arn).await;
    let since = types(&history).iter().position(|kind| *kind == "ExecutionRedriven").unwrap();
    let expected = [
        "ExecutionRedriven",
        "MapRunRedriven",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ];
    assert_eq!(types(&history)[since..], expected);
    let details = &history[since + 1]["mapRunRedrivenEventDetails"];
    assert_eq!(details, &json!({"mapRunArn": run.arn, "redriveCount": 1}));
}

#[tokio::test]
async fn a_run_that_was_stopped_goes_on_at_once_with_all_that_was_stopped() {
    let rig = Rig::new().await;
    let arn = start(&rig, &bare("hang", json!({"MaxConcurrency": 2})), "[0,1,2]").await;
    for _ in 0..2 {
        assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    }
    rig.engine.stop_execution(&arn, None, None).await.unwrap();
    // Without waiting for the run to have ended.
    rig.engine.redrive_execution(&arn, None).await.unwrap();
    for _ in 0..2 {
        assert_eq!(rig.script.next().await, Hanging::Dropped);
    }
    for _ in 0..2 {
        assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    }
    rig.look().await;
    let run = the_run(&rig, &arn).await;
    assert_eq!((run.status, run.redrives), (RunStatus::Running, 1));
    assert_eq!((run.items.running, run.items.pending, run.items.total), (2, 1, 3));
}

#[tokio::test]
async fn what_waits_to_run_again_is_counted_as_that() {
    let rig = Rig::new().await;
    let arn = start(&rig, &bare("hang", json!({"MaxConcurrency": 1})), "[0,1]").await;
    assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    rig.engine.stop_execution(&arn, None, None).await.unwrap();
    let run = the_run(&rig, &arn).await.arn;
    ended(&rig, &run).await;
    rig.journal.shut();
    let redrive = rig.engine.redrive_execution(&arn, None);
    tokio::select! {
        biased;
        _ = redrive => panic!("the journal writes nothing"),
        () = rig.look() => {}
    }
    rig.journal.reopen();
    let described = rig.engine.describe_map_run(&run).await.unwrap();
    let items = (described.items.pending_redrive, described.items.aborted, described.items.pending);
    assert_eq!(items, (0, 1, 1), "it is not durable yet");
    assert_eq!(rig.script.next().await, Hanging::Dropped);
    assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    rig.look().await;
    let described = rig.engine.describe_map_run(&run).await.unwrap();
    assert_eq!((described.items.pending_redrive, described.items.running), (0, 1));
}

#[tokio::test]
async fn a_retry_begins_another_run_after_a_redrive_too() {
    let rig = Rig::new().await;
    let retry = json!({"Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 1}]});
    let arn = start(&rig, &bare("fail", retry), "[1]").await;
    rig.while_time_passes(rig.engine.closed(&arn)).await.unwrap();
    rig.engine.redrive_execution(&arn, None).await.unwrap();
    rig.while_time_passes(rig.engine.closed(&arn)).await.unwrap();
    let (runs, _) = rig.engine.list_map_runs(&arn, &ALL).await.unwrap();
    let mut redrives = Vec::new();
    for run in runs {
        redrives.push(rig.engine.describe_map_run(&run.arn).await.unwrap().redrives);
    }
    assert_eq!(redrives, [0, 1, 0], "newest first: the second of the first two was redriven, then retried");
}

#[tokio::test]
async fn a_run_inside_a_branch_that_failed_with_its_sibling_goes_on() {
    let rig = Rig::new().await;
    let map: Value = serde_json::from_str(&bare("hang", json!({}))).unwrap();
    let flaky = json!({"StartAt": "G", "States": {
        "G": {"Type": "Wait", "Seconds": 1, "Next": "F"},
        "F": {"Type": "Task", "Resource": lambda("flaky"), "End": true},
    }});
    let definition = json!({"StartAt": "P", "States": {
        "P": {"Type": "Parallel", "Branches": [map, flaky], "End": true},
    }});
    let arn = start(&rig, &definition.to_string(), "[1]").await;
    assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    rig.hand.advance(Duration::from_secs(1));
    assert_eq!(rig.engine.closed(&arn).await.unwrap().status, RunStatus::Failed);
    assert_eq!(rig.script.next().await, Hanging::Dropped);
    rig.engine.redrive_execution(&arn, None).await.unwrap();
    assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    let run = the_run(&rig, &arn).await;
    assert_eq!((run.redrives, run.items.running), (1, 1));
}

/// Starts, fails, is redriven and fails again, whatever the engine has come to before.
async fn fail_twice(rig: &Rig, machine: &str, arn: &str) {
    let _ = rig.engine.start_execution(machine, Some("run"), r#"["a","bad","d"]"#).await; // or it is there
    rig.engine.closed(arn).await.unwrap();
    let _ = rig.engine.redrive_execution(arn, Some("once")).await; // or it is redriven already
    rig.engine.closed(arn).await.unwrap();
}

#[tokio::test]
async fn a_kill_after_any_commit_redrives_each_child_once() {
    let expected = [child("\"a\"", RunStatus::Succeeded, 0), child("\"bad\"", RunStatus::Failed, 1)];
    let mut kills = 0;
    for nth in 1.. {
        let mut rig = Rig::new().await;
        let definition = bare("picky", json!({"MaxConcurrency": 1}));
        let request = MachineRequest { name: "m".into(), definition, ..MachineRequest::default() };
        let machine = rig.engine.create_state_machine(request).await.unwrap().arn;
        let arn = rig.place().execution("m", "run");
        rig.journal.fail(nth, i64::MAX);
        let broken = tokio::select! {
            biased;
            () = rig.journal.failed() => true,
            () = fail_twice(&rig, &machine, &arn) => false,
        };
        if broken {
            kills += 1;
            rig = rig.crash(NOON + 1000).await;
            fail_twice(&rig, &machine, &arn).await;
        }
        let run = the_run(&rig, &arn).await;
        assert_eq!((run.status, run.redrives), (RunStatus::Failed, 1), "after write {nth}");
        assert_eq!(redriven(&rig, &run.arn).await, expected, "after write {nth}");
        assert_eq!(children(&rig, &run.arn).await.len(), 2);
        if !broken {
            break;
        }
    }
    assert!(kills >= 8, "{kills} kills: start, two children, the end, and all of it again");
}
