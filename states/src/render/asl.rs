//! The workflow of one attempt as an Amazon States Language document: `states/session.asl.json`.
//!
//! begin → probe → choose the recipe → do the work → finish, with `fail` as the catch-all. Made from the recipe list, so
//! that a new recipe is a row there. Resources are placeholders such as `${flac}`: the local engine and CDK put in the
//! functions' ARNs. JSONPath only, so that every stand-in for Step Functions can run it. Payloads carry references,
//! never media.

use serde_json::{Value, json};

use crate::limits::HEARTBEAT_SECONDS;
use crate::problem::Kind;
use crate::recipe::{By, DRAINING, RECIPES, Row};
use crate::table::Activity;

/// The document, pretty-printed.
pub fn document() -> String {
    let mut states = serde_json::Map::new();
    let mut add = |name: &str, state: Value| states.insert(name.to_owned(), state);
    add("Begin", bookkeeping(Activity::Begin, "$.begin", "HasBegun"));
    add("HasBegun", unless_superseded("$.begin.superseded", "Probe"));
    add("Probe", media_task(Activity::Probe, "$.probe", 300, "Recipe"));
    add("Recipe", choose_recipe());
    for row in RECIPES {
        let mut task = media_task(row.work, "$.work", row.timeout_seconds, "Finish");
        match row.by {
            By::Function => {}
            By::Worker => is_a_workers(&mut task),
            By::Either => {
                let mut worked = task.clone();
                worked["Resource"] = format!("${{{}{BY_WORKER}}}", row.work).into();
                is_a_workers(&mut worked);
                add(&state_name_by_worker(row), worked);
            }
            By::Callback => {
                calls_back(&mut task, row.work);
                is_missed_when_silent(&mut task, ("HeartbeatSecondsPath", "$.probe.silenceSeconds".into()));
            }
        }
        add(&state_name(row), task);
    }
    add("Finish", bookkeeping(Activity::Finish, "$.finish", "Done"));
    add("Fail", failing());
    add("Failed", json!({ "Type": "Fail", "ErrorPath": "$.error.Error", "CausePath": "$.error.Cause" }));
    add("Superseded", json!({ "Type": "Succeed" }));
    add("Done", json!({ "Type": "Succeed" }));
    let document = json!({
        "Comment": "One attempt of a Lockgate session. Generated from states/ by `make gen`; do not edit.",
        "StartAt": "Begin",
        "States": states,
    });
    let mut text = serde_json::to_string_pretty(&document).expect("a JSON value has a text");
    text.push('\n');
    text
}

fn state_name(row: &Row) -> String {
    row.recipe.to_string().split('-').map(capitalised).collect()
}

fn state_name_by_worker(row: &Row) -> String {
    format!("{}ByWorker", state_name(row))
}

fn capitalised(word: &str) -> String {
    let (head, tail) = word.split_at(word.len().min(1));
    head.to_uppercase() + tail
}

pub(super) fn placeholder(activity: Activity) -> String {
    format!("${{{activity}}}")
}

/// What stands behind the name of an activity that is a function, in the placeholder of the same as a worker's. Placeholders
/// are letters and digits only, or CloudFormation does not fill them.
pub const BY_WORKER: &str = "ByWorker";

/// What Step Functions calls a Lambda whose sandbox ended under the event, and one that was not reached at all. The work is
/// not to blame for the one, and was not begun in the other.
const LAMBDA_ERRORS: [&str; 8] = [
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
];

/// These errors of ours, those that ASL predefines, and Lambda's.
pub(super) fn passing(kinds: &[Kind], predefined: &[&'static str]) -> Vec<&'static str> {
    let own = kinds.iter().map(|kind| kind.error_name());
    own.chain(predefined.iter().copied()).chain(LAMBDA_ERRORS).collect()
}

/// A step that only reads and writes records.
fn bookkeeping(activity: Activity, result_path: &str, next: &str) -> Value {
    let kinds = [Kind::StorageUnavailable, Kind::StorageFull, Kind::WorkerLost];
    json!({
        "Type": "Task",
        "Resource": placeholder(activity),
        "TimeoutSeconds": 60,
        "ResultPath": result_path,
        "Retry": [{
            "ErrorEquals": passing(&kinds, &["States.Timeout"]),
            "IntervalSeconds": 1, "MaxAttempts": 6, "BackoffRate": 2, "MaxDelaySeconds": 30,
            "JitterStrategy": "FULL",
        }],
        "Catch": [catch_all()],
        "Next": next,
    })
}

/// A step that opens the file. A file that is at fault is not tried again; a worker or a store that is, is. So is a lost
/// worker, which the engine tells after three dispatches: it may have been the machine that went down, and the number of
/// tries is still bounded for a file that takes the server with it.
fn media_task(activity: Activity, result_path: &str, timeout_seconds: u32, next: &str) -> Value {
    let kinds = [
        Kind::WorkerCrashed,
        Kind::WorkerLost,
        Kind::StorageUnavailable,
        Kind::StorageDamaged,
        Kind::OutputUnverified,
    ];
    json!({
        "Type": "Task",
        "Resource": placeholder(activity),
        "TimeoutSeconds": timeout_seconds,
        "ResultPath": result_path,
        "Retry": [{
            "ErrorEquals": passing(&kinds, &["States.Timeout", "States.HeartbeatTimeout"]),
            "IntervalSeconds": 2, "MaxAttempts": 2, "BackoffRate": 2, "JitterStrategy": "FULL",
        }],
        "Catch": [catch_all()],
        "Next": next,
    })
}

/// The function is given the token of the task, and its answer is not the end.
fn calls_back(task: &mut Value, activity: Activity) {
    task["Resource"] = "arn:aws:states:::lambda:invoke.waitForTaskToken".into();
    task["Parameters"] = json!({
        "FunctionName": placeholder(activity),
        "Payload": { "token.$": "$$.Task.Token", "step.$": "$" },
    });
}

fn is_a_workers(task: &mut Value) {
    is_missed_when_silent(task, ("HeartbeatSeconds", HEARTBEAT_SECONDS.into()));
    may_be_given_back(task);
}

/// Whoever works and dies is missed by the heartbeat. That says nothing of the file: machines are restarted.
fn is_missed_when_silent(task: &mut Value, (field, patience): (&str, Value)) {
    task[field] = patience;
    retry_first(task, "States.HeartbeatTimeout", 5);
}

/// A worker that is told to end gives back what it has begun. That counts apart from the task's own tries: workers come
/// and go with the load, and each move of the machines under them is a round of this.
fn may_be_given_back(task: &mut Value) {
    retry_first(task, DRAINING, 1000);
}

fn retry_first(task: &mut Value, error: &str, most: u32) {
    let retrier = json!({
        "ErrorEquals": [error],
        "IntervalSeconds": 1, "MaxAttempts": most, "BackoffRate": 1,
    });
    if let Some(retriers) = task["Retry"].as_array_mut() {
        retriers.insert(0, retrier);
    }
}

fn catch_all() -> Value {
    json!({ "ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Fail" })
}

fn unless_superseded(variable: &str, next: &str) -> Value {
    json!({
        "Type": "Choice",
        "Choices": [{ "Variable": variable, "BooleanEquals": true, "Next": "Superseded" }],
        "Default": next,
    })
}

fn choose_recipe() -> Value {
    let choices: Vec<Value> = RECIPES
        .iter()
        .flat_map(|row| {
            let is_this = json!({ "Variable": "$.recipe", "StringEquals": row.recipe.to_string() });
            let mut usual = is_this.clone();
            usual["Next"] = state_name(row).into();
            [(row.by == By::Either).then(|| by_worker(row, is_this)), Some(usual)]
        })
        .flatten()
        .collect();
    json!({ "Type": "Choice", "Choices": choices })
}

fn by_worker(row: &Row, is_this: Value) -> Value {
    let says_so = "$.probe.byWorker";
    json!({
        "And": [
            is_this,
            { "Variable": says_so, "IsPresent": true },
            { "Variable": says_so, "BooleanEquals": true },
        ],
        "Next": state_name_by_worker(row),
    })
}

/// `fail` has nothing to fall back on but its own retries; the sweep stands in for it when they are used up.
fn failing() -> Value {
    json!({
        "Type": "Task",
        "Resource": placeholder(Activity::Fail),
        "TimeoutSeconds": 60,
        "ResultPath": "$.fail",
        "Retry": [{
            "ErrorEquals": ["States.ALL"],
            "IntervalSeconds": 1, "MaxAttempts": 8, "BackoffRate": 2, "MaxDelaySeconds": 30,
            "JitterStrategy": "FULL",
        }],
        "Next": "Failed",
    })
}
