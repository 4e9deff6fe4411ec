//! One state alone, as TestState runs it: what becomes of it, and what can be looked at on the way.

use serde_json::{Value, json};
use std::sync::Arc;
use workflow::Definition;
use workflow::history::Failure;
use workflow::step::{Mock, Report, Tick, Trial, TrialStatus, Tried, try_state};

const LAMBDA: &str = "arn:aws:states:::lambda:invoke";

fn tried(state: &Value, input: &Value, change: impl FnOnce(&mut Trial)) -> Tried {
    let definition = Definition::parse_state(&state.to_string()).unwrap();
    let mut trial = Trial { input: input.to_string().into(), ..Trial::default() };
    change(&mut trial);
    try_state(&definition, definition.start(), &trial, Tick { now: 0, seed: 1 })
}

fn report(state: &Value, input: &Value, change: impl FnOnce(&mut Trial)) -> Report {
    match tried(state, input, change) {
        Tried::Ended(report) => *report,
        other => panic!("{other:?}"),
    }
}

fn output(report: &Report) -> Value {
    report.output.as_ref().map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
}

fn mocked(result: &Value) -> impl FnOnce(&mut Trial) {
    let result: Arc<str> = result.to_string().into();
    move |trial| trial.mock = Some(Mock::Result(result))
}

fn failing(trial: &mut Trial) {
    let text = |text: &str| Some(text.into());
    trial.mock = Some(Mock::Error(Failure { error: text("Bad"), cause: text("because") }));
}

#[test]
fn a_pass_and_a_choice_go_on() {
    let pass = report(
        &json!({"Type": "Pass", "Result": 1, "ResultPath": "$.r", "Next": "B"}),
        &json!({"a": 0}),
        |_| {},
    );
    assert_eq!(
        (pass.status, output(&pass), pass.next.as_deref()),
        (TrialStatus::Succeeded, json!({"a": 0, "r": 1}), Some("B"))
    );
    assert_eq!(pass.inspection.after_result_path, Some(json!({"a": 0, "r": 1})));
    let choice = json!({"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericEquals": 0, "Next": "Zero"}], "Default": "Other"});
    assert_eq!(report(&choice, &json!({"a": 0}), |_| {}).next.as_deref(), Some("Zero"));
    assert_eq!(report(&choice, &json!({"a": 1}), |_| {}).next.as_deref(), Some("Other"));
    let wait = report(&json!({"Type": "Wait", "Seconds": 100, "End": true}), &json!(7), |_| {});
    assert_eq!((wait.status, output(&wait)), (TrialStatus::Succeeded, json!(7)));
    let fail = report(&json!({"Type": "Fail", "Error": "E", "Cause": "C"}), &json!(7), |_| {});
    assert_eq!((fail.status, fail.failure.unwrap().error.as_deref()), (TrialStatus::Failed, Some("E")));
}

#[test]
fn variables_and_the_context_are_given() {
    let state = json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% [$x, $states.context.Execution.Id] %}", "End": true});
    let given = report(&state, &json!({}), |trial| {
        trial.variables = vec![("x".into(), "[1,2]".into())];
        trial.context = Some(json!({"Execution": {"Id": "mine"}}));
    });
    assert_eq!(output(&given), json!([1, 2, "mine"]));
    let path = json!({"Type": "Pass", "Parameters": {"all.$": "$$"}, "End": true});
    let empty = report(&path, &json!({}), |trial| trial.context = Some(json!({})));
    assert_eq!(output(&empty), json!({"all": {}}));
}

#[test]
fn a_task_is_called_or_mocked() {
    let task = json!({"Type": "Task", "Resource": LAMBDA, "InputPath": "$.in",
        "Parameters": {"FunctionName": "f", "Payload.$": "$.x"},
        "ResultSelector": {"s.$": "$.v"}, "ResultPath": "$.out", "End": true});
    let input = json!({"in": {"x": 1}});
    let Tried::Calls { resource, input: called, .. } = tried(&task, &input, |_| {}) else {
        panic!("it must call")
    };
    assert_eq!((resource.arn(), &*called), (LAMBDA, r#"{"FunctionName":"f","Payload":1}"#));
    let done = report(&task, &input, mocked(&json!({"v": 2})));
    let seen = &done.inspection;
    assert_eq!(output(&done), json!({"in": {"x": 1}, "out": {"s": 2}}));
    assert_eq!(seen.after_input_path, Some(json!({"x": 1})));
    assert_eq!(seen.after_parameters, Some(json!({"FunctionName": "f", "Payload": 1})));
    assert_eq!(seen.result, Some(json!({"v": 2})));
    assert_eq!(seen.after_result_selector, Some(json!({"s": 2})));
    assert_eq!(seen.after_result_path, Some(json!({"in": {"x": 1}, "out": {"s": 2}})));
    assert_eq!(seen.after_arguments, None);
}

#[test]
fn an_error_meets_its_rules() {
    let mut task = json!({"Type": "Task", "QueryLanguage": "JSONata", "Resource": LAMBDA,
        "Arguments": {"FunctionName": "f", "Payload": "{% 1 + 1 %}"},
        "Retry": [{"ErrorEquals": ["X"]}, {"ErrorEquals": ["Bad"], "MaxAttempts": 5, "BackoffRate": 2}], "End": true});
    let retriable = report(&task, &json!({}), |trial| {
        failing(trial);
        trial.retries = 4;
    });
    assert_eq!(retriable.status, TrialStatus::Retriable);
    assert_eq!(retriable.inspection.after_arguments, Some(json!({"FunctionName": "f", "Payload": 2})));
    let details = retriable.inspection.error_details;
    assert_eq!((details.retry_index, details.retry_backoff_interval_seconds), (Some(1), Some(16)));
    let exhausted = report(&task, &json!({}), |trial| {
        failing(trial);
        trial.retries = 5;
    });
    let details = exhausted.inspection.error_details;
    assert_eq!(exhausted.status, TrialStatus::Failed);
    assert_eq!((details.retry_index, details.retry_backoff_interval_seconds), (Some(1), None));
    task["Catch"] =
        json!([{"ErrorEquals": ["Bad"], "Output": "{% $states.errorOutput.Cause %}", "Next": "Handle"}]);
    let caught = report(&task, &json!({}), |trial| {
        failing(trial);
        trial.retries = 5;
    });
    assert_eq!(
        (caught.status, output(&caught), caught.next.as_deref()),
        (TrialStatus::CaughtError, json!("because"), Some("Handle"))
    );
    assert_eq!(caught.failure.unwrap().error.as_deref(), Some("Bad"));
    assert_eq!(caught.inspection.error_details.catch_index, Some(0));
}

#[test]
fn what_runs_inside_is_mocked() {
    let parallel = json!({"Type": "Parallel", "QueryLanguage": "JSONata", "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}],
        "Output": "{% $states.result[0] %}", "End": true});
    assert_eq!(tried(&parallel, &json!({}), |_| {}), Tried::NeedsMock);
    assert_eq!(output(&report(&parallel, &json!({}), mocked(&json!([{"x": 1}])))), json!({"x": 1}));
    let map = json!({"Type": "Map", "ItemsPath": "$.list", "MaxConcurrency": 3,
        "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "ResultPath": "$.r", "Next": "B"});
    let done = report(&map, &json!({"list": [1, 2]}), mocked(&json!([10, 20])));
    assert_eq!((output(&done), done.next.as_deref()), (json!({"list": [1, 2], "r": [10, 20]}), Some("B")));
    assert_eq!(done.inspection.after_items_path, Some(json!([1, 2])));
    assert_eq!(done.inspection.max_concurrency, Some(3));
    let failed = report(&map, &json!({"list": [1, 2]}), failing);
    assert_eq!(
        (failed.status, failed.failure.unwrap().cause.as_deref()),
        (TrialStatus::Failed, Some("because"))
    );
    let unfit = report(&map, &json!({"list": 3}), mocked(&json!([])));
    assert_eq!(unfit.status, TrialStatus::Failed);
}

#[test]
fn the_items_of_a_map_are_seen_on_their_way() {
    let inner = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}});
    let selector =
        json!({"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "from.$": "$$.Map.Item.Source"});
    let inline = json!({"Type": "Map", "ItemSelector": selector, "ItemProcessor": inner, "End": true});
    let seen = report(&inline, &json!(["a"]), mocked(&json!([1]))).inspection;
    assert_eq!(seen.after_item_selector, Some(json!([{"i": 0, "v": "a", "from": "STATE_DATA"}])));
    assert_eq!(seen.after_item_batcher, None);
    let mocked_with = |context: Value| {
        report(&inline, &json!(["a"]), |trial| {
            mocked(&json!([1]))(trial);
            trial.context = Some(context);
        })
    };
    assert_eq!(mocked_with(json!({})).inspection.after_item_selector, seen.after_item_selector);
    let mut wrong = inline.clone();
    wrong["ItemSelector"] = json!({"n.$": "$.none"});
    assert_eq!(report(&wrong, &json!(["a"]), mocked(&json!([1]))).status, TrialStatus::Failed);

    let mut processor = inner;
    processor["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    let map = json!({"Type": "Map", "End": true, "ItemProcessor": processor, "ToleratedFailureCount": 1,
        "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"},
            "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/o", "MaxItems": 2}},
        "ItemSelector": {"k.$": "$$.Map.Item.Key", "from.$": "$$.Map.Item.Source"},
        "ItemBatcher": {"MaxItemsPerBatch": 1}});
    let read = |text: &str, failed_items: u32| {
        report(&map, &json!({}), |trial| {
            mocked(&json!([1, 2]))(trial);
            (trial.read, trial.failed_items) = (Some(text.into()), failed_items);
        })
    };
    let seen = read(r#"{"o":{"x":1,"y":2,"z":3}}"#, 1);
    assert_eq!((seen.status, output(&seen)), (TrialStatus::Succeeded, json!([1, 2])));
    let seen = seen.inspection;
    assert_eq!(seen.after_items_pointer, Some(json!({"x": 1, "y": 2, "z": 3})));
    let [x, y] = ["x", "y"].map(|key| json!({"k": key, "from": "s3://b/k"}));
    assert_eq!(seen.after_item_selector, Some(json!([x, y])));
    assert_eq!(seen.after_item_batcher, Some(json!([{"Items": [x]}, {"Items": [y]}])));
    assert_eq!(
        read(r#"{"o":{"x":1,"y":2}}"#, 2).failure.unwrap().error.as_deref(),
        Some("States.ExceedToleratedFailureThreshold")
    );
    assert_eq!(read("7", 0).failure.unwrap().error.as_deref(), Some("States.ItemReaderFailed"));
}
