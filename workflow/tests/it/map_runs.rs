//! Map runs: their children are executions, started once each, so many at a time, whatever happens to the engine.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use workflow::driver::{ChildFilter, Config, Counts, MachineRequest, MapRunDescription, MapRunUpdate, Page};
use workflow::journal::RunStatus;

use crate::rig::{Hanging, Journal, NOON, Rig, lambda, types};
use crate::shelf::Shelf;

fn task(function: &str) -> Value {
    json!({"StartAt": "S", "States": {"S": {"Type": "Task", "Resource": lambda(function), "End": true}}})
}

/// A machine with a distributed Map alone, over what this function does.
fn machine(function: &str, more: Value) -> String {
    let mut processor = task(function);
    processor["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    let mut map = json!({"Type": "Map", "ItemProcessor": processor, "Label": "L", "End": true});
    map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"StartAt": "M", "States": {"M": map, "C": {"Type": "Pass", "End": true}}}).to_string()
}

/// Without the state that catches.
pub(crate) fn bare(function: &str, more: Value) -> String {
    let mut machine: Value = serde_json::from_str(&machine(function, more)).unwrap();
    machine["States"].as_object_mut().unwrap().remove("C");
    machine.to_string()
}

fn reader(form: Value) -> Value {
    json!({
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": form,
        "Parameters": {"Bucket": "b", "Key": "k"},
    })
}

pub(crate) async fn shelved(shelf: &Arc<Shelf>) -> Rig {
    Rig::on(Journal::new(), NOON, Config { objects: shelf.clone(), ..Config::default() }).await
}

pub(crate) async fn start(rig: &Rig, definition: &str, input: &str) -> String {
    let request =
        MachineRequest { name: "m".into(), definition: definition.into(), ..MachineRequest::default() };
    let machine = rig.engine.create_state_machine(request).await.unwrap().arn;
    rig.engine.start_execution(&machine, Some("run"), input).await.unwrap().arn
}

pub(crate) const ALL: Page = Page { limit: 1000, token: None, list: String::new() };

async fn runs(rig: &Rig, arn: &str) -> Vec<String> {
    let (runs, _) = rig.engine.list_map_runs(arn, &ALL).await.unwrap();
    runs.into_iter().map(|run| run.arn).collect()
}

pub(crate) async fn the_run(rig: &Rig, arn: &str) -> MapRunDescription {
    let runs = runs(rig, arn).await;
    let [run] = runs.as_slice() else { panic!("{runs:?}") };
    rig.engine.describe_map_run(run).await.unwrap()
}

/// The input of each child of the run, with how it ended, in the order of their inputs.
pub(crate) async fn children(rig: &Rig, run: &str) -> Vec<(String, RunStatus)> {
    let (listed, _) = rig.engine.list_children(run, ChildFilter::default(), &ALL).await.unwrap();
    let mut children = Vec::new();
    for child in listed {
        let described = rig.engine.describe_execution(&child.arn).await.unwrap();
        assert_eq!(described.map_run_arn.as_deref(), Some(run));
        children.push((described.input.unwrap().to_string(), described.status));
    }
    children.sort_by(|a, b| a.0.cmp(&b.0));
    children
}

pub(crate) fn output(rig_output: &workflow::driver::Description) -> Value {
    serde_json::from_str(rig_output.output.as_deref().unwrap_or("null")).unwrap()
}

#[tokio::test]
async fn children_are_executions_and_their_outputs_are_gathered_in_order() {
    let rig = Rig::new().await;
    let selector = json!({"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "from.$": "$.from"});
    let definition = bare("echo", json!({"ItemsPath": "$.items", "ItemSelector": selector}));
    let arn = start(&rig, &definition, r#"{"items":["a","b"],"from":1}"#).await;
    let ended = rig.engine.closed(&arn).await.unwrap();
    assert_eq!(output(&ended), json!([{"i": 0, "v": "a", "from": 1}, {"i": 1, "v": "b", "from": 1}]));

    let history = rig.history(&arn).await;
    let expected = [
        "ExecutionStarted",
        "MapStateEntered",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ];
    assert_eq!(types(&history), expected);
    let run = the_run(&rig, &arn).await;
    assert_eq!(history[3]["mapRunStartedEventDetails"], json!({"mapRunArn": run.arn}));
    assert!(run.arn.starts_with("arn:aws:states:us-east-1:000000000000:mapRun:m/L:"), "{}", run.arn);
    assert_eq!((run.execution_arn.as_str(), run.status), (arn.as_str(), RunStatus::Succeeded));
    let all = Counts { succeeded: 2, total: 2, results_written: 2, ..Counts::default() };
    assert_eq!((run.items, run.executions), (all, all));

    let (listed, _) = rig.engine.list_children(&run.arn, ChildFilter::default(), &ALL).await.unwrap();
    assert_eq!(listed.len(), 2);
    for child in &listed {
        assert!(
            child.arn.starts_with("arn:aws:states:us-east-1:000000000000:execution:m/L:"),
            "{}",
            child.arn
        );
        assert_eq!(child.machine_arn, "arn:aws:states:us-east-1:000000000000:stateMachine:m/L");
        assert_eq!(child.items, Some(1));
        let history = rig.history(&child.arn).await;
        assert_eq!(types(&history)[..2], ["ExecutionStarted", "TaskStateEntered"]);
        let elsewhere = child.arn.replace("m/L", "m");
        assert!(rig.engine.describe_execution(&elsewhere).await.is_err(), "its label belongs to its name");
    }
    let (own, _) =
        rig.engine.list_executions("arn:aws:states:us-east-1:0:stateMachine:m", None, &ALL).await.unwrap();
    assert_eq!(own.len(), 1, "children are no executions of the machine");
}

#[tokio::test]
async fn a_run_without_items_succeeds_with_nothing() {
    let rig = Rig::new().await;
    let arn = start(&rig, &bare("echo", json!({})), "[]").await;
    assert_eq!(output(&rig.engine.closed(&arn).await.unwrap()), json!([]));
    assert_eq!(the_run(&rig, &arn).await.items, Counts::default());
}

#[tokio::test]
async fn no_more_children_run_than_may_and_more_when_that_is_changed() {
    let rig = Rig::new().await;
    let arn = start(&rig, &bare("hang", json!({"MaxConcurrency": 2})), "[0,1,2,3,4]").await;
    for _ in 0..2 {
        assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    }
    rig.look().await;
    let run = the_run(&rig, &arn).await;
    assert_eq!((run.items.running, run.items.pending, run.items.total), (2, 3, 5));
    assert_eq!(rig.script.called("hang"), 2);
    let update = MapRunUpdate { concurrency: Some(3), ..MapRunUpdate::default() };
    rig.engine.update_map_run(&run.arn, update).await.unwrap();
    assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    rig.look().await;
    let run = the_run(&rig, &arn).await;
    assert_eq!((run.limits.concurrency, run.items.running, rig.script.called("hang")), (3, 3, 3));

    // Stopping the execution that waits stops the run.
    rig.engine.stop_execution(&arn, None, None).await.unwrap();
    for _ in 0..3 {
        assert_eq!(rig.script.next().await, Hanging::Dropped);
    }
    let run = ended(&rig, &run.arn).await;
    let items = (run.items.aborted, run.items.pending, run.items.total);
    assert_eq!((run.status, items), (RunStatus::Aborted, (3, 2, 5)), "what was not begun was not aborted");
    assert_eq!(types(&rig.history(&arn).await).last(), Some(&"ExecutionAborted"));
}

/// The run, once it is written that it has ended.
pub(crate) async fn ended(rig: &Rig, run: &str) -> MapRunDescription {
    loop {
        let described = rig.engine.describe_map_run(run).await.unwrap();
        if described.status != RunStatus::Running {
            return described;
        }
        rig.look().await;
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn failures_are_tolerated_up_to_a_number() {
    for (tolerated, status) in [(1, RunStatus::Succeeded), (0, RunStatus::Failed)] {
        let rig = Rig::new().await;
        let more = json!({"MaxConcurrency": 1, "ToleratedFailureCount": tolerated});
        let arn = start(&rig, &bare("picky", more), r#"["a","bad","c"]"#).await;
        let ended = rig.engine.closed(&arn).await.unwrap();
        let run = the_run(&rig, &arn).await;
        assert_eq!((ended.status, run.status, run.items.failed), (status, status, 1));
        if status == RunStatus::Succeeded {
            let output = output(&ended);
            assert_eq!(
                (&output[0], &output[1]["Error"], &output[2]),
                (&json!("a"), &json!("Oops"), &json!("c"))
            );
        } else {
            let failed = ended.failed.unwrap();
            assert_eq!(failed.error.as_deref(), Some("States.ExceedToleratedFailureThreshold"));
            assert_eq!(
                failed.cause.as_deref(),
                Some("The specified tolerated failure threshold was exceeded")
            );
            let items = (run.items.aborted, run.items.pending, run.items.total);
            assert_eq!(items, (0, 1, 3), "a redrive would begin what was not begun");
            let history = rig.history(&arn).await;
            assert_eq!(
                types(&history)[3..],
                ["MapRunStarted", "MapRunFailed", "MapStateFailed", "ExecutionFailed"]
            );
        }
    }
}

#[tokio::test]
async fn a_map_that_is_tried_again_has_another_run() {
    let rig = Rig::new().await;
    let more = json!({
        "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}],
    });
    let arn = start(&rig, &machine("fail", more), "[1]").await;
    let ended = rig.while_time_passes(rig.engine.closed(&arn)).await.unwrap();
    assert_eq!(output(&ended)["Error"], "States.ExceedToleratedFailureThreshold");
    let runs = runs(&rig, &arn).await;
    assert_eq!((runs.len(), rig.script.called("fail")), (2, 2));
    assert_ne!(runs[0], runs[1]);
}

/// Every item had one child, however often the engine died.
async fn killed_after(nth: i64) -> (Value, Vec<(String, RunStatus)>, Counts, i64) {
    let rig = Rig::new().await;
    let more = json!({"MaxConcurrency": 2, "ToleratedFailureCount": 3, "ItemsPath": "$.i"});
    let request =
        MachineRequest { name: "m".into(), definition: bare("picky", more), ..MachineRequest::default() };
    let machine = rig.engine.create_state_machine(request).await.unwrap().arn;
    if nth > 0 {
        rig.journal.fail(nth, i64::MAX);
    }
    let input = r#"{"i":["a","b","bad","d","e"]}"#;
    let arn = rig.place().execution("m", "run");
    let started = rig.engine.start_execution(&machine, Some("run"), input).await;
    if nth > 0 {
        rig.journal.failed().await;
    } else {
        rig.engine.closed(&arn).await.unwrap();
    }
    let rig = if nth > 0 { rig.crash(NOON + 1000).await } else { rig };
    if started.is_err() {
        rig.engine.start_execution(&machine, Some("run"), input).await.unwrap();
    }
    let ended = rig.engine.closed(&arn).await.unwrap();
    let run = the_run(&rig, &arn).await;
    (output(&ended), children(&rig, &run.arn).await, run.items, rig.journal.appends())
}

#[tokio::test]
async fn a_kill_after_any_commit_ends_with_the_same_outcome_and_each_child_once() {
    let (expected, all, counts, appends) = killed_after(0).await;
    assert_eq!(all.len(), 5);
    for nth in 1..=appends {
        let (mut output, children, items, _) = killed_after(nth).await;
        // The times and the name of the child that failed are those of this run.
        for field in ["ExecutionArn", "Name", "StartDate", "StopDate"] {
            output[2][field] = expected[2][field].clone();
        }
        assert_eq!((output, children, items), (expected.clone(), all.clone(), counts), "after write {nth}");
    }
}

#[tokio::test]
async fn what_was_stopped_is_stopped_after_a_kill_too() {
    let rig = Rig::new().await;
    let arn = start(&rig, &bare("hang", json!({})), "[0,1,2]").await;
    for _ in 0..3 {
        assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    }
    let run = the_run(&rig, &arn).await.arn;
    rig.journal.fail(2, i64::MAX); // the stop itself is stored, and no child's
    rig.engine.stop_execution(&arn, None, None).await.unwrap();
    rig.journal.failed().await;
    let rig = rig.crash(NOON + 1000).await;
    let run = ended(&rig, &run).await;
    assert_eq!((run.status, run.items.aborted, run.items.running), (RunStatus::Aborted, 3, 0));
}

#[tokio::test]
async fn the_items_are_those_of_the_object_as_it_was() {
    let shelf = Shelf::new();
    shelf.put("k", "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
    let rig = shelved(&shelf).await;
    let more = json!({"ItemReader": reader(json!({"InputType": "JSONL"})), "MaxConcurrency": 1});
    let arn = start(&rig, &bare("hang", more), "{}").await;
    assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    assert_eq!(types(&rig.history(&arn).await).last(), Some(&"MapRunStarted"));
    let rig = rig.crash(NOON + 1000).await;
    assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    shelf.put("k", "{\"n\":1}\n{\"n\":2}\n{\"n\":4}\n");
    let rig = rig.crash(NOON + 2000).await;
    let ended = rig.engine.closed(&arn).await.unwrap();
    assert_eq!(ended.failed.unwrap().error.as_deref(), Some("States.ItemReaderFailed"));
    let run = the_run(&rig, &arn).await;
    assert_eq!(children(&rig, &run.arn).await, [(r#"{"n":1}"#.to_owned(), RunStatus::Aborted)]);
    assert_eq!(
        (run.items.aborted, run.items.pending, run.items.total),
        (1, 2, 3),
        "the others were not begun"
    );
}

#[tokio::test]
async fn a_listing_stays_as_it_was_first_seen() {
    let shelf = Shelf::new();
    ["p/a", "p/b", "p/c", "q"].iter().for_each(|key| shelf.put(key, "x"));
    let rig = shelved(&shelf).await;
    let reader = json!({
        "Resource": "arn:aws:states:::s3:listObjectsV2",
        "Parameters": {"Bucket": "b", "Prefix": "p/"},
    });
    let more =
        json!({"ItemReader": reader, "MaxConcurrency": 1, "ItemSelector": {"k.$": "$$.Map.Item.Value.Key"}});
    let arn = start(&rig, &bare("hang", more), "{}").await;
    assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    rig.look().await;
    let rig = rig.crash(NOON + 1000).await;
    assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    shelf.put("p/0", "x");
    shelf.remove("p/b");
    let update = MapRunUpdate { concurrency: Some(9), ..MapRunUpdate::default() };
    let run = the_run(&rig, &arn).await.arn;
    rig.engine.update_map_run(&run, update).await.unwrap();
    for _ in 0..2 {
        assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    }
    let inputs: Vec<String> = children(&rig, &run).await.into_iter().map(|(input, _)| input).collect();
    assert_eq!(inputs, [r#"{"k":"p/a"}"#, r#"{"k":"p/b"}"#, r#"{"k":"p/c"}"#]);
}

#[tokio::test]
async fn batches_are_children_and_results_are_files() {
    let shelf = Shelf::new();
    shelf.put("k", "a,b\n1,x\n2,y\nbad,z\n");
    let rig = shelved(&shelf).await;
    let more = json!({
        "ItemReader": reader(json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"})),
        "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"of": 3}},
        "ToleratedFailurePercentage": 40,
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "out", "Prefix": "results"},
        },
    });
    let arn = start(&rig, &bare("picky", more), "{}").await;
    let ended = rig.engine.closed(&arn).await.unwrap();
    let run = the_run(&rig, &arn).await;
    let id = run.arn.rsplit(':').next().unwrap();
    let folder = format!("results/{id}");
    let expected = json!({
        "MapRunArn": run.arn,
        "ResultWriterDetails": {"Bucket": "out", "Key": format!("{folder}/manifest.json")},
    });
    assert_eq!(output(&ended), expected);
    assert_eq!((run.items.succeeded, run.items.failed), (2, 1));
    assert_eq!((run.executions.succeeded, run.executions.failed, run.executions.total), (1, 1, 2));

    let read = |key: &str| -> Value { serde_json::from_str(&shelf.text(key).unwrap()).unwrap() };
    let manifest = read(&format!("{folder}/manifest.json"));
    let names = [("SUCCEEDED", 1), ("FAILED", 1), ("PENDING", 0)];
    for (name, files) in names {
        assert_eq!(manifest["ResultFiles"][name].as_array().unwrap().len(), files, "{name}");
    }
    let good = &read(&format!("{folder}/SUCCEEDED_0.json"))[0];
    let input = r#"{"Items":[{"a":"1","b":"x"},{"a":"2","b":"y"}],"BatchInput":{"of":3}}"#;
    assert_eq!((good["Input"].as_str(), good["Output"].as_str()), (Some(input), Some(input)));
    let bad = &read(&format!("{folder}/FAILED_0.json"))[0];
    assert_eq!((&bad["Status"], &bad["Error"]), (&json!("FAILED"), &json!("Oops")));
    assert_eq!(
        manifest["ResultFiles"]["FAILED"][0]["Size"],
        shelf.text(&format!("{folder}/FAILED_0.json")).unwrap().len()
    );
}

/// The names of a run's files, by what is in them, and what is in these.
fn exported(shelf: &Shelf, folder: &str) -> [Vec<Value>; 3] {
    let read = |key: &str| -> Value { serde_json::from_str(&shelf.text(key).unwrap()).unwrap() };
    let manifest = read(&format!("{folder}/manifest.json"));
    ["SUCCEEDED", "FAILED", "PENDING"].map(|of| {
        let files = manifest["ResultFiles"][of].as_array().unwrap().iter().enumerate();
        let results = files.flat_map(|(nth, file)| {
            assert_eq!(file["Key"], format!("{folder}/{of}_{nth}.json"));
            assert_eq!(file["Size"], shelf.text(file["Key"].as_str().unwrap()).unwrap().len());
            read(file["Key"].as_str().unwrap()).as_array().unwrap().clone()
        });
        results.collect()
    })
}

fn writer() -> Value {
    json!({"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "r"}})
}

fn pending(input: &str) -> Value {
    json!({"Input": input, "InputDetails": {"Included": true}, "Status": "PENDING"})
}

#[tokio::test]
async fn what_a_run_that_failed_had_not_begun_is_among_its_results() {
    let shelf = Shelf::new();
    shelf.put("k", "\"a\"\n\"bad\"\n\"c\"\n\"d\"\n\"e\"\n");
    let rig = shelved(&shelf).await;
    let more = json!({
        "ItemReader": reader(json!({"InputType": "JSONL"})),
        "ItemSelector": {"v.$": "$$.Map.Item.Value"},
        "ItemBatcher": {"MaxItemsPerBatch": 2},
        "MaxConcurrency": 1,
        "ResultWriter": writer(),
    });
    let arn = start(&rig, &bare("picky", more), "{}").await;
    assert_eq!(rig.engine.closed(&arn).await.unwrap().status, RunStatus::Failed);
    let run = the_run(&rig, &arn).await;
    let folder = format!("r/{}", run.arn.rsplit(':').next().unwrap());
    let [succeeded, failed, not_begun] = exported(&shelf, &folder);
    assert_eq!(succeeded, [] as [Value; 0]);
    let [failed] = failed.as_slice() else { panic!("{failed:?}") };
    assert_eq!(
        (&failed["Error"], &failed["RedriveStatus"]),
        (&json!("Oops"), &json!("REDRIVABLE_BY_MAP_RUN"))
    );
    let inputs = [r#"{"Items":[{"v":"c"},{"v":"d"}]}"#, r#"{"Items":[{"v":"e"}]}"#];
    assert_eq!(not_begun, inputs.map(pending));

    let rig = rig.restart(NOON + 1000).await;
    rig.engine.redrive_execution(&arn, None).await.unwrap();
    rig.engine.closed(&arn).await.unwrap();
    let [_, failed, not_begun] = exported(&shelf, &folder);
    assert_eq!((&failed[0]["RedriveCount"], not_begun.len()), (&json!(1), 2), "the bad one has failed again");
}

#[tokio::test]
async fn a_run_that_is_stopped_leaves_its_results() {
    let shelf = Shelf::new();
    let rig = shelved(&shelf).await;
    let more = json!({"MaxConcurrency": 2, "ResultWriter": writer()});
    let arn = start(&rig, &bare("hang", more), "[0,1,2]").await;
    for _ in 0..2 {
        assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    }
    rig.engine.stop_execution(&arn, None, None).await.unwrap();
    let run = ended(&rig, &the_run(&rig, &arn).await.arn).await;
    let folder = format!("r/{}", run.arn.rsplit(':').next().unwrap());
    let [succeeded, stopped, not_begun] = exported(&shelf, &folder);
    assert_eq!((succeeded.len(), not_begun), (0, vec![pending("2")]));
    let statuses: Vec<_> = stopped.iter().map(|child| &child["Status"]).collect();
    assert_eq!(statuses, ["ABORTED", "ABORTED"]);
}

#[tokio::test]
async fn failures_that_no_redrive_begins_again_are_counted() {
    let rig = Rig::new().await;
    let arn = start(&rig, &bare("picky", json!({"MaxConcurrency": 1})), r#"["a","bad","c"]"#).await;
    rig.engine.closed(&arn).await.unwrap();
    let counted = async || {
        let run = the_run(&rig, &arn).await;
        assert_eq!(run.items, run.executions);
        (run.items.failed, run.items.not_redrivable)
    };
    assert_eq!(counted().await, (1, 0));
    rig.hand.advance(Duration::from_secs(14 * 24 * 60 * 60 + 1));
    assert_eq!(counted().await, (1, 1), "its time is over");

    let rig = Rig::new().await;
    let arn = start(&rig, &bare("picky", json!({"MaxConcurrency": 1})), r#"["a","bad","c"]"#).await;
    rig.engine.closed(&arn).await.unwrap();
    rig.engine.delete_state_machine(&rig.place().machine("m")).await.unwrap();
    assert_eq!(the_run(&rig, &arn).await.items.not_redrivable, 1, "there is no machine any more");
}

#[tokio::test]
async fn what_cannot_be_read_or_written_fails_the_run_with_the_name_of_it() {
    let shelf = Shelf::new();
    shelf.put("number", "7");
    shelf.refuse("read-only");
    let object = |key: &str, form: Value| {
        json!({"ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": form, "Parameters": {"Bucket": "b", "Key": key},
        }})
    };
    let json = json!({"InputType": "JSON"});
    let writer = |bucket: &str| {
        json!({"ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": bucket, "Prefix": ""},
        }})
    };
    for (more, error, cause) in [
        (object("none", json.clone()), "States.ItemReaderFailed", "The specified key does not exist."),
        (object("number", json), "States.ItemReaderFailed", "Attempting to map over non-iterable node."),
        (writer("read-only"), "States.ResultWriterFailed", "Access Denied"),
    ] {
        let rig = shelved(&shelf).await;
        let arn = start(&rig, &bare("echo", more), "[1]").await;
        let failed = rig.engine.closed(&arn).await.unwrap().failed.unwrap();
        assert_eq!((failed.error.as_deref(), failed.cause.as_deref()), (Some(error), Some(cause)));
        assert_eq!(the_run(&rig, &arn).await.status, RunStatus::Failed);
    }
}

#[tokio::test]
async fn ten_thousand_items_are_read_no_further_ahead_than_children_may_run() {
    let shelf = Shelf::new();
    shelf.endless("k", 10_000);
    let rig = shelved(&shelf).await;
    let more = json!({
        "ItemReader": reader(json!({"InputType": "JSONL"})),
        "MaxConcurrency": 3,
        "ResultWriter": {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSON"}},
    });
    let arn = start(&rig, &bare("gate", more), "{}").await;
    rig.script.waiting(3).await;
    rig.look().await;
    assert!(shelf.served() < 100, "{} lines were read for 3 children", shelf.served());
    rig.script.open();
    let ended = rig.engine.closed(&arn).await.unwrap();
    assert_eq!(ended.status, RunStatus::Succeeded);
    assert_eq!(output(&ended).as_array().unwrap().len(), 10_000);
    let run = the_run(&rig, &arn).await;
    assert_eq!((run.items.succeeded, run.items.total, shelf.served()), (10_000, 10_000, 10_000));
    assert!(rig.script.most_at_once() <= 3, "{} ran at once", rig.script.most_at_once());
    // Each child takes a start and an end, and each commit has at most as many of them as may run.
    let appends = rig.journal.appends();
    assert!(appends <= 2 * 10_000 + 10, "{appends} commits");
}

#[tokio::test]
async fn an_express_child_has_five_minutes() {
    let rig = Rig::new().await;
    let mut definition: Value = serde_json::from_str(&bare("hang", json!({}))).unwrap();
    definition["States"]["M"]["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = json!("EXPRESS");
    let arn = start(&rig, &definition.to_string(), "[1]").await;
    assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    rig.hand.advance(Duration::from_secs(299));
    rig.look().await;
    assert_eq!(the_run(&rig, &arn).await.items.running, 1);
    rig.hand.advance(Duration::from_secs(1));
    let ended = rig.engine.closed(&arn).await.unwrap();
    assert_eq!(ended.status, RunStatus::Failed);
    assert_eq!(the_run(&rig, &arn).await.items.timed_out, 1);
}

#[tokio::test]
async fn a_run_in_a_run_has_both_labels() {
    let rig = Rig::new().await;
    let inner: Value = serde_json::from_str(&bare("echo", json!({"Label": "I"}))).unwrap();
    let mut processor = inner.clone();
    processor["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    processor["StartAt"] = json!("N");
    let states = processor["States"].as_object_mut().unwrap();
    let mut map = states.remove("M").unwrap();
    map["ItemProcessor"]["States"] = json!({"T": {"Type": "Pass", "End": true}});
    map["ItemProcessor"]["StartAt"] = json!("T");
    states.insert("N".into(), map);
    let outer = json!({"StartAt": "M", "States": {
        "M": {"Type": "Map", "Label": "O", "ItemProcessor": processor, "End": true},
    }});
    let arn = start(&rig, &outer.to_string(), "[[1,2],[3]]").await;
    assert_eq!(output(&rig.engine.closed(&arn).await.unwrap()), json!([[1, 2], [3]]));
    let run = the_run(&rig, &arn).await;
    let (children, _) = rig.engine.list_children(&run.arn, ChildFilter::default(), &ALL).await.unwrap();
    let mut labels = BTreeSet::new();
    for child in children {
        let runs = runs(&rig, &child.arn).await;
        assert_eq!(runs.len(), 1);
        let history = rig.history(&child.arn).await;
        assert_eq!(history[3]["mapRunStartedEventDetails"]["mapRunArn"], json!(runs[0]));
        labels.insert(runs[0].rsplit_once(':').unwrap().0.to_owned());
    }
    assert_eq!(labels, BTreeSet::from(["arn:aws:states:us-east-1:000000000000:mapRun:m/O/I".to_owned()]));
}
