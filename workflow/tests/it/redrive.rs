//! Executions that ended without success go on where they stood.

use std::time::Duration;

use serde_json::{Value, json};
use workflow::driver::{Error, Redrivable};
use workflow::journal::RunStatus;

use crate::rig::{Hanging, NOON, Rig, chain, lambda, types};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn task(function: &str, more: Value) -> Value {
    let mut task = json!({ "Type": "Task", "Resource": lambda(function), "End": true });
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    task
}

fn machine(states: Value) -> String {
    let start = states.as_object().unwrap().keys().next().unwrap().clone();
    json!({ "StartAt": start, "States": states }).to_string()
}

/// The types of the events after the redrive.
async fn types_since(rig: &Rig, arn: &str) -> Vec<String> {
    let history = rig.history(arn).await;
    let since = types(&history).iter().rposition(|kind| *kind == "ExecutionRedriven").unwrap();
    types(&history)[since..].iter().map(|kind| (*kind).to_owned()).collect()
}

#[tokio::test]
async fn the_failed_state_runs_again_and_those_before_it_do_not() {
    let rig = Rig::new().await;
    let arn = rig.start(&chain(&["echo1", "flaky", "echo2"])).await;
    let failed = rig.engine.closed(&arn).await.unwrap();
    assert_eq!((failed.status, failed.redrives.may), (RunStatus::Failed, Redrivable::Yes));
    rig.hand.advance(Duration::from_secs(5));
    assert_eq!(rig.engine.redrive_execution(&arn, None).await.unwrap(), NOON + 5000);
    let ended = rig.engine.closed(&arn).await.unwrap();
    assert_eq!((ended.status, ended.output.as_deref()), (RunStatus::Succeeded, Some(r#"{"n":1}"#)));
    assert_eq!((ended.redrives.count, ended.redrives.at), (1, Some(NOON + 5000)));
    assert!(ended.failed.is_none(), "{:?}", ended.failed);
    let called = ["echo1", "flaky", "echo2"].map(|name| rig.script.called(name));
    assert_eq!(called, [1, 2, 1]);
    let history = rig.history(&arn).await;
    let redriven = history.iter().position(|event| event["type"] == "ExecutionRedriven").unwrap();
    assert_eq!(
        history[redriven],
        json!({
            "type": "ExecutionRedriven", "id": redriven + 1, "previousEventId": redriven,
            "executionRedrivenEventDetails": { "redriveCount": 1 },
        })
    );
    assert_eq!(
        types(&history)[redriven - 1..redriven + 2],
        ["ExecutionFailed", "ExecutionRedriven", "LambdaFunctionScheduled"]
    );
    let ids: Vec<_> = history.iter().map(|event| event["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (1..=history.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn branches_and_iterations_that_succeeded_keep_their_outputs() {
    let rig = Rig::new().await;
    let parallel = json!({ "Type": "Parallel", "Next": "M", "ResultPath": "$.p", "Branches": [
        json!({ "StartAt": "A", "States": { "A": task("echo-a", json!({})) } }),
        json!({ "StartAt": "X", "States": {
            "X": { "Type": "Task", "Resource": lambda("echo-x"), "Next": "Y" },
            "Y": task("flaky-b", json!({})),
        } }),
        json!({ "StartAt": "Q", "States": { "Q": { "Type": "Parallel", "End": true, "Branches": [
            { "StartAt": "C", "States": { "C": task("echo-c", json!({})) } },
            { "StartAt": "D", "States": { "D": task("flaky-d", json!({})) } },
        ] } } }),
    ] });
    let map = json!({ "Type": "Map", "End": true, "ItemsPath": "$.items", "MaxConcurrency": 1, "ItemProcessor": {
        "StartAt": "E",
        "States": {
            "E": { "Type": "Task", "Resource": lambda("flaky-e"), "Next": "F" },
            "F": task("echo-f", json!({})),
        },
    } });
    let made = rig.machine(&machine(json!({ "P": parallel, "M": map }))).await;
    let started = rig.engine.start_execution(&made, Some("run"), r#"{"items":[1,2,3]}"#).await.unwrap();
    let mut ended = rig.engine.closed(&started.arn).await.unwrap();
    let mut redrives = 0;
    while ended.status == RunStatus::Failed {
        redrives += 1;
        assert!(redrives < 9, "it does not come to an end");
        rig.engine.redrive_execution(&started.arn, None).await.unwrap();
        ended = rig.engine.closed(&started.arn).await.unwrap();
    }
    assert_eq!((ended.status, ended.output.as_deref()), (RunStatus::Succeeded, Some("[1,2,3]")));
    for (function, calls) in [("echo-a", 1), ("echo-x", 1), ("echo-c", 1), ("echo-f", 3), ("flaky-e", 4)] {
        assert_eq!(rig.script.called(function), calls, "{function}");
    }
    // One may be running when the other fails, and what it answers then is nobody's.
    for function in ["flaky-b", "flaky-d"] {
        assert!((2..=3).contains(&rig.script.called(function)), "{function}");
    }
    assert_eq!(ended.redrives.count, redrives);
    // Whoever folds the whole history comes to the same end.
    let rig = rig.restart(NOON).await;
    assert_eq!(rig.engine.describe_execution(&started.arn).await.unwrap().output, ended.output);
}

#[tokio::test]
async fn retries_are_counted_afresh_and_the_context_says_how_often_it_was_redriven() {
    let rig = Rig::new().await;
    let retry = json!({ "Retry": [{ "ErrorEquals": ["Oops"], "IntervalSeconds": 1, "MaxAttempts": 2 }],
        "Parameters": { "count.$": "$$.Execution.RedriveCount", "tried.$": "$$.State.RetryCount" } });
    let arn = rig.start(&machine(json!({ "A": task("fail", retry) }))).await;
    rig.while_time_passes(rig.engine.closed(&arn)).await.unwrap();
    assert_eq!(rig.script.called("fail"), 3);
    rig.engine.redrive_execution(&arn, None).await.unwrap();
    let ended = rig.while_time_passes(rig.engine.closed(&arn)).await.unwrap();
    assert_eq!((ended.status, rig.script.called("fail")), (RunStatus::Failed, 6));
    let history = rig.history(&arn).await;
    let inputs: Vec<_> = history
        .iter()
        .filter_map(|event| event["lambdaFunctionScheduledEventDetails"]["input"].as_str())
        .collect();
    let input = |count, tried| json!({ "count": count, "tried": tried }).to_string();
    assert_eq!(inputs, [input(0, 0), input(0, 1), input(0, 2), input(1, 0), input(1, 1), input(1, 2)]);
}

#[tokio::test]
async fn one_that_was_stopped_and_one_that_timed_out_go_on_too() {
    let rig = Rig::new().await;
    let arn = rig.start(&chain(&["echo", "hang"])).await;
    rig.script.next().await;
    rig.engine.stop_execution(&arn, None, None).await.unwrap();
    assert_eq!(rig.script.next().await, Hanging::Dropped);
    rig.engine.redrive_execution(&arn, None).await.unwrap();
    assert_eq!(rig.script.next().await, Hanging::Began { dispatch: 1, token: None });
    assert_eq!(types_since(&rig, &arn).await[1..], ["LambdaFunctionScheduled", "LambdaFunctionStarted"]);
    let running = rig.engine.describe_execution(&arn).await.unwrap();
    assert_eq!((running.status, running.stopped), (RunStatus::Running, None));
    rig.engine.stop_execution(&arn, None, None).await.unwrap();

    let wait =
        r#"{"StartAt":"W","TimeoutSeconds":60,"States":{"W":{"Type":"Wait","Seconds":100,"End":true}}}"#;
    let update = workflow::driver::MachineUpdate { definition: Some(wait.into()), ..Default::default() };
    let machine = rig.engine.place().machine("machine");
    rig.engine.update_state_machine(&machine, update).await.unwrap();
    let arn = rig.engine.start_execution(&machine, Some("late"), "{}").await.unwrap().arn;
    rig.hand.advance(Duration::from_secs(60));
    assert_eq!(rig.engine.closed(&arn).await.unwrap().status, RunStatus::TimedOut);
    rig.engine.redrive_execution(&arn, None).await.unwrap();
    rig.hand.advance(Duration::from_secs(40));
    let ended = rig.engine.closed(&arn).await.unwrap();
    assert_eq!(
        (ended.status, ended.stopped),
        (RunStatus::Succeeded, Some(NOON + 100_000)),
        "its time began anew, the wait's did not"
    );
}

#[tokio::test]
async fn a_fail_state_is_entered_again_and_fails_again() {
    let rig = Rig::new().await;
    let arn = rig.start(&machine(json!({ "F": { "Type": "Fail", "Error": "E" } }))).await;
    rig.engine.closed(&arn).await.unwrap();
    for count in 1..=2 {
        rig.engine.redrive_execution(&arn, None).await.unwrap();
        let ended = rig.engine.closed(&arn).await.unwrap();
        assert_eq!((ended.status, ended.redrives.count), (RunStatus::Failed, count));
        assert_eq!(
            types_since(&rig, &arn).await,
            ["ExecutionRedriven", "FailStateEntered", "ExecutionFailed"]
        );
    }
}

#[tokio::test]
async fn it_goes_on_after_a_restart_and_a_kill_between_makes_no_difference() {
    let definition = chain(&["echo", "flaky", "hang"]);
    let mut rig = Rig::new().await;
    let arn = rig.start(&definition).await;
    rig.engine.closed(&arn).await.unwrap();
    rig = rig.restart(NOON + 1000).await;
    rig.script.calls.lock().unwrap().insert("flaky".into(), 1);
    rig.engine.redrive_execution(&arn, None).await.unwrap();
    rig.script.next().await;
    rig = rig.crash(NOON + 2000).await;
    assert_eq!(rig.script.next().await, Hanging::Began { dispatch: 2, token: None });
    rig.engine.stop_execution(&arn, None, None).await.unwrap();
    let ended = rig.engine.describe_execution(&arn).await.unwrap();
    assert_eq!((ended.status, ended.redrives.count), (RunStatus::Aborted, 1));
    // A redrive whose commit fails did not happen.
    rig.journal.fail(1, 1);
    assert!(matches!(rig.engine.redrive_execution(&arn, None).await, Err(Error::Journal(_))));
    assert_eq!(rig.engine.describe_execution(&arn).await.unwrap().redrives.count, 1);
    rig.engine.redrive_execution(&arn, None).await.unwrap();
    assert_eq!(rig.engine.describe_execution(&arn).await.unwrap().redrives.count, 2);
}

#[tokio::test]
async fn a_token_stands_for_one_redrive_for_a_quarter_of_an_hour() {
    let rig = Rig::new().await;
    let arn = rig.start(&chain(&["fail"])).await;
    rig.engine.closed(&arn).await.unwrap();
    let redrive = |token| rig.engine.redrive_execution(&arn, Some(token));
    assert_eq!(redrive("a").await.unwrap(), NOON);
    rig.engine.closed(&arn).await.unwrap();
    rig.hand.advance(Duration::from_secs(15 * 60 - 1));
    assert_eq!(redrive("a").await.unwrap(), NOON, "the same request");
    assert_eq!(redrive("b").await.unwrap(), NOON + 899_000, "another one");
    rig.engine.closed(&arn).await.unwrap();
    rig.hand.advance(Duration::from_secs(1));
    assert_eq!(redrive("a").await.unwrap(), NOON + 900_000, "it is forgotten by now");
    rig.engine.closed(&arn).await.unwrap();
    assert_eq!(rig.engine.describe_execution(&arn).await.unwrap().redrives.count, 3);
    let (one, two) = tokio::join!(redrive("c"), redrive("c"));
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(rig.engine.describe_execution(&arn).await.unwrap().redrives.count, 4);
}

#[tokio::test]
async fn what_cannot_be_redriven_says_why() {
    let rig = Rig::new().await;
    let refused = async |arn: &str, reason: &'static str| {
        let refused = rig.engine.redrive_execution(arn, None).await;
        assert!(
            matches!(&refused, Err(Error::NotRedrivable(said)) if said == reason),
            "{reason}: {refused:?}"
        );
        assert_eq!(rig.engine.describe_execution(arn).await.unwrap().redrives.may, Redrivable::No(reason));
    };
    let arn = rig.start(&chain(&["hang"])).await;
    rig.script.next().await;
    refused(&arn, "Execution is RUNNING and cannot be redriven").await;
    rig.engine.stop_execution(&arn, None, None).await.unwrap();
    rig.hand.advance(14 * DAY);
    assert_eq!(rig.engine.describe_execution(&arn).await.unwrap().redrives.may, Redrivable::Yes);
    rig.hand.advance(Duration::from_millis(1));
    refused(&arn, "Execution redrivable period exceeded").await;

    let machine = rig.engine.place().machine("machine");
    let update = |definition: String| workflow::driver::MachineUpdate {
        definition: Some(definition),
        ..Default::default()
    };
    rig.engine.update_state_machine(&machine, update(chain(&["echo"]))).await.unwrap();
    let arn = rig.engine.start_execution(&machine, Some("good"), "{}").await.unwrap().arn;
    rig.engine.closed(&arn).await.unwrap();
    refused(&arn, "Execution is SUCCEEDED and cannot be redriven").await;

    let endless = json!({ "StartAt": "A", "States": {
        "A": { "Type": "Pass", "Next": "C" },
        "C": { "Type": "Choice", "Choices": [{ "Variable": "$.stop", "IsPresent": true, "Next": "D" }], "Default": "A" },
        "D": { "Type": "Succeed" },
    } });
    rig.engine.update_state_machine(&machine, update(endless.to_string())).await.unwrap();
    let arn = rig.engine.start_execution(&machine, Some("endless"), "{}").await.unwrap().arn;
    rig.engine.closed(&arn).await.unwrap();
    refused(&arn, "Execution history event limit exceeded").await;

    rig.engine.update_state_machine(&machine, update(chain(&["fail"]))).await.unwrap();
    let arn = rig.engine.start_execution(&machine, Some("bad"), "{}").await.unwrap().arn;
    rig.engine.closed(&arn).await.unwrap();
    rig.engine.delete_state_machine(&machine).await.unwrap();
    refused(&arn, "State machine is in DELETING status").await;
    let nobody = rig.engine.place().execution("machine", "nobody");
    assert!(matches!(rig.engine.redrive_execution(&nobody, None).await, Err(Error::NoExecution(_))));
}
