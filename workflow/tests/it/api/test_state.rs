//! TestState: one state tried alone.

use serde_json::{Value, json};

use super::Client;
use crate::rig::lambda;

fn task(function: &str, more: Value) -> Value {
    let mut task = json!({ "Type": "Task", "Resource": lambda(function), "End": true });
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    task
}

fn request(definition: &Value, more: Value) -> Value {
    let mut params = json!({ "definition": definition.to_string() });
    params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    params
}

/// A text member of the answer as the JSON that it is.
fn parsed(answer: &Value, name: &str) -> Value {
    serde_json::from_str(answer[name].as_str().unwrap_or_else(|| panic!("no {name}: {answer}"))).unwrap()
}

fn distributed() -> Value {
    json!({ "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
        "StartAt": "I", "States": { "I": { "Type": "Pass", "End": true } } })
}

fn reader() -> Value {
    json!({ "Resource": "arn:aws:states:::s3:getObject", "Parameters": { "Bucket": "b", "Key": "k" },
        "ReaderConfig": { "InputType": "JSON", "ItemsPointer": "/a" } })
}

#[tokio::test]
async fn a_state_alone_or_one_of_a_machine_is_tried() {
    let client = Client::new().await;
    let pass = json!({ "Type": "Pass", "Result": { "a": 1 }, "ResultPath": "$.r", "Next": "Somewhere" });
    let tried = client.call("TestState", request(&pass, json!({ "input": "{\"x\":2}" }))).await;
    assert_eq!((&tried["status"], &tried["nextState"]), (&json!("SUCCEEDED"), &json!("Somewhere")));
    assert_eq!(parsed(&tried, "output"), json!({ "x": 2, "r": { "a": 1 } }));
    assert!(tried.get("inspectionData").is_none(), "{tried}");

    let machine = json!({ "StartAt": "A", "States": {
        "A": { "Type": "Pass", "Next": "B" },
        "B": { "Type": "Fail", "Error": "E", "Cause": "because" },
    } });
    let named = |name: &str| request(&machine, json!({ "stateName": name, "inspectionLevel": "DEBUG" }));
    let tried = client.call("TestState", named("B")).await;
    assert_eq!(
        (&tried["status"], &tried["error"], &tried["cause"]),
        (&json!("FAILED"), &json!("E"), &json!("because"))
    );
    assert_eq!(parsed(&tried["inspectionData"], "input"), json!({}));
    let missing = client.refused("TestState", named("C")).await;
    assert_eq!(missing, ("ValidationException".into(), "State not found in definition".into()));
    assert_eq!(client.call("ListStateMachines", json!({})).await, json!({ "stateMachines": [] }));
}

#[tokio::test]
async fn a_task_without_a_mock_really_calls() {
    let client = Client::new().await;
    let echo = task("echo", json!({ "ResultSelector": { "got.$": "$" } }));
    let tried = client.call("TestState", request(&echo, json!({ "input": "[1]" }))).await;
    assert_eq!((&tried["status"], parsed(&tried, "output")), (&json!("SUCCEEDED"), json!({ "got": [1] })));
    assert_eq!(client.rig.script.called("echo"), 1);
    let caught = task("fail", json!({ "Catch": [{ "ErrorEquals": ["Oops"], "Next": "Mend" }] }));
    let tried = client.call("TestState", request(&caught, json!({ "inspectionLevel": "TRACE" }))).await;
    assert_eq!(
        (&tried["status"], &tried["nextState"], &tried["error"]),
        (&json!("CAUGHT_ERROR"), &json!("Mend"), &json!("Oops"))
    );
    assert_eq!(tried["inspectionData"]["errorDetails"], json!({ "catchIndex": 0 }));
    for resource in
        ["arn:aws:states:::states:startExecution.sync", "arn:aws:states:us-east-1:000000000000:activity:a"]
    {
        let waits = json!({ "Type": "Task", "Resource": resource, "End": true,
            "Parameters": { "StateMachineArn": "m" } });
        assert_eq!(
            client.refused("TestState", request(&waits, json!({}))).await.0,
            "ValidationException",
            "{resource}"
        );
    }
}

#[tokio::test]
async fn a_mock_answers_in_place_of_the_call_and_errors_meet_their_rules() {
    let client = Client::new().await;
    let retried = task(
        "hang",
        json!({ "Retry": [{ "ErrorEquals": ["Oops"], "IntervalSeconds": 2, "MaxAttempts": 3 }] }),
    );
    let with = |count: u32| {
        let error = json!({ "errorOutput": { "error": "Oops", "cause": "it had to be" } });
        let more = json!({ "mock": error, "inspectionLevel": "DEBUG", "stateConfiguration": { "retrierRetryCount": count } });
        request(&retried, more)
    };
    let tried = client.call("TestState", with(1)).await;
    assert_eq!((&tried["status"], &tried["cause"]), (&json!("RETRIABLE"), &json!("it had to be")));
    let details = json!({ "retryIndex": 0, "retryBackoffIntervalSeconds": 4 });
    assert_eq!(tried["inspectionData"]["errorDetails"], details);
    assert_eq!(client.call("TestState", with(3)).await["status"], "FAILED");

    let context = json!({ "Execution": { "Name": "mine" } }).to_string();
    let selected =
        task("hang", json!({ "ResultSelector": { "r.$": "$", "n.$": "$$.Execution.Name", "v.$": "$v" } }));
    let more = json!({ "mock": { "result": "7" }, "context": context, "variables": "{\"v\":[1]}" });
    let tried = client.call("TestState", request(&selected, more)).await;
    assert_eq!(parsed(&tried, "output"), json!({ "r": 7, "n": "mine", "v": [1] }));
    assert_eq!(client.rig.script.called("hang"), 0);
}

fn result(text: &str) -> Value {
    json!({ "mock": { "result": text } })
}

fn map(more: &Value) -> Value {
    let inner = json!({ "StartAt": "I", "States": { "I": { "Type": "Pass", "End": true } } });
    let mut map = json!({ "Type": "Map", "ItemProcessor": inner, "End": true });
    map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    map
}

fn of_items(items: &[u32], text: &str, failed: u32) -> Value {
    json!({ "input": json!(items).to_string(), "mock": { "result": text },
        "stateConfiguration": { "mapIterationFailureCount": failed } })
}

/// Each of these states is refused with its request, in these words.
async fn all_refused(client: &Client, cases: &[(&Value, Value, &str)]) {
    for (definition, more, message) in cases {
        let refused = client.refused("TestState", request(definition, more.clone())).await;
        assert_eq!(refused, ("ValidationException".to_owned(), (*message).to_owned()));
    }
}

#[tokio::test]
async fn a_mock_that_does_not_fit_a_task_is_refused_in_awss_words() {
    let client = Client::new().await;
    let plain = task("f", json!({}));
    let start = json!({ "Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": true,
        "Parameters": { "StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:m" } });
    let invoke = json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
        "Parameters": { "FunctionName": "f" } });
    let loosely = |text: &str, mode: &str| json!({ "mock": { "result": text, "fieldValidationMode": mode } });
    let cases = [
        (&plain, result("nonsense"), "Mocked result must be valid JSON"),
        (
            &plain,
            of_items(&[1], "1", 0),
            "MapIterationFailureCount is only supported when testing a Map state.",
        ),
        (&start, result("null"), "Mocked result must be a valid JSON object."),
        (
            &invoke,
            result(r#"{"Payload":{"a":1}}"#),
            "Mock result schema validation error: Field 'Payload' must be a string",
        ),
        (
            &plain,
            json!({ "mock": {} }),
            "One of the following fields is required for a test mock: [result, errorOutput].",
        ),
        (
            &plain,
            json!({ "mock": { "errorOutput": { "cause": "c" } } }),
            "An error was not specified in the mocked error output.",
        ),
        (
            &start,
            result("{}"),
            "Mock result schema validation error: Required field 'ExecutionArn' is missing",
        ),
        (
            &start,
            loosely(r#"{"ExecutionArn":7}"#, "PRESENT"),
            "Mock result schema validation error: Field 'ExecutionArn' must be a string",
        ),
        (
            &plain,
            json!({ "mock": { "result": "1", "errorOutput": { "error": "E" } } }),
            "A test mock should have only one of the following fields: [result, errorOutput].",
        ),
    ];
    all_refused(&client, &cases).await;
    for fine in [loosely("{}", "PRESENT"), loosely(r#"{"ExecutionArn":7}"#, "NONE")] {
        assert_eq!(client.call("TestState", request(&start, fine)).await["status"], "SUCCEEDED");
    }
}

#[tokio::test]
async fn a_mock_is_held_to_the_model_of_the_action_that_is_called() {
    let client = Client::new().await;
    for (resource, text, wrong) in [
        (
            "sqs:sendMessage",
            r#"{"MD5OfMessageSystemAttributes":1}"#,
            "Field 'MD5OfMessageSystemAttributes' must be a string",
        ),
        ("aws-sdk:sqs:deleteMessageBatch", r#"{"Successful":[]}"#, "Required field 'Failed' is missing"),
        ("sns:publish", r#"{"MessageId":["m"]}"#, "Field 'MessageId' must be a string"),
        ("dynamodb:updateItem", r#"{"Attributes":{"id":"a"}}"#, "Field 'Attributes' must be an object"),
        ("aws-sdk:dynamodb:scan", r#"{"Count":"2"}"#, "Field 'Count' must be a number"),
        ("aws-sdk:s3:listObjectsV2", r#"{"IsTruncated":"no"}"#, "Field 'IsTruncated' must be a boolean"),
        ("aws-sdk:s3:getObject", r#"{"Body":{"a":1}}"#, "Field 'Body' must be a string"),
        ("aws-sdk:lambda:invoke", r#"{"StatusCode":"200"}"#, "Field 'StatusCode' must be a number"),
        ("aws-sdk:sfn:listExecutions", r#"{"Executions":{}}"#, "Field 'Executions' must be an array"),
        ("aws-sdk:sfn:startExecution", r#"{"ExecutionArn":"e"}"#, "Required field 'StartDate' is missing"),
        (
            "states:startExecution.sync",
            r#"{"ExecutionArn":"e","StateMachineArn":"m","Status":"s"}"#,
            "Required field 'StartDate' is missing",
        ),
    ] {
        // One object is good for all of them: what an action does not need, nobody looks for here.
        let parameters = json!({ "QueueUrl": "q", "MessageBody": "b", "Message": "m", "TableName": "t", "Key": {}, "StateMachineArn": "m" });
        let task = json!({ "Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "Parameters": parameters, "End": true });
        let refused = client.refused("TestState", request(&task, result(text))).await;
        let message = format!("Mock result schema validation error: {wrong}");
        assert_eq!(refused, ("ValidationException".to_owned(), message), "{resource}");
        let unlooked = json!({ "mock": { "result": text, "fieldValidationMode": "NONE" } });
        assert_eq!(
            client.call("TestState", request(&task, unlooked)).await["status"],
            "SUCCEEDED",
            "{resource}"
        );
        let partly = json!({ "mock": { "result": text, "fieldValidationMode": "PRESENT" } });
        if wrong.starts_with("Required") {
            assert_eq!(
                client.call("TestState", request(&task, partly)).await["status"],
                "SUCCEEDED",
                "{resource}"
            );
        } else {
            assert_eq!(client.refused("TestState", request(&task, partly)).await.0, "ValidationException");
        }
    }
}

#[tokio::test]
async fn a_mock_that_does_not_fit_what_runs_inside_is_refused_in_awss_words() {
    let client = Client::new().await;
    let inline = map(&json!({}));
    let reading = map(&json!({ "ItemReader": reader(), "ItemProcessor": distributed() }));
    let branch = json!({ "StartAt": "I", "States": { "I": { "Type": "Pass", "End": true } } });
    let other = json!({ "StartAt": "J", "States": { "J": { "Type": "Pass", "End": true } } });
    let parallel = json!({ "Type": "Parallel", "Branches": [branch, other], "End": true });
    let cases = [
        (&inline, result("{}"), "Mocked result must be an array."),
        (&inline, of_items(&[1, 2], "[1]", 0), "Input array does not equal the mocked result array's size"),
        (
            &inline,
            of_items(&[1, 2], "[1,2]", 3),
            "Map iteration failure count must be less than or equal to the number of Map iterations",
        ),
        (
            &reading,
            result("[]"),
            "ItemReader data must be specified when testing a Map state with ItemReader specified.",
        ),
        (
            &parallel,
            result("[1]"),
            "Mocked result must contain the same number of items as number of Parallel branches.",
        ),
    ];
    all_refused(&client, &cases).await;
    let counted = of_items(&[1, 2], "[1,2]", 2);
    assert_eq!(client.call("TestState", request(&inline, counted)).await["status"], "SUCCEEDED");
    let no_mock = client.refused("TestState", request(&inline, json!({ "input": "[]" }))).await;
    assert_eq!(no_mock.0, "ValidationException");
}

#[tokio::test]
async fn what_does_not_fit_the_state_is_refused_in_awss_words() {
    let client = Client::new().await;
    let pass = json!({ "Type": "Pass", "End": true });
    let plain = task("f", json!({}));
    let cases = [
        (&pass, result("1"), "State type 'Pass' is not supported when a mock is specified"),
        (
            &plain,
            json!({ "mock": { "result": "1" }, "context": r#"{"Task":{"Token":"t"}}"# }),
            "Invalid Context object provided: Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service integration pattern",
        ),
        (&plain, json!({ "variables": "[]" }), "Variables must be a JSON object"),
        (
            &plain,
            json!({ "mock": { "result": "1" }, "revealSecrets": true }),
            "Secrets cannot be revealed when a mock is specified",
        ),
    ];
    all_refused(&client, &cases).await;
    let wrong = json!({ "Type": "Pas", "End": true });
    assert_eq!(client.refused("TestState", request(&wrong, json!({}))).await.0, "InvalidDefinition");
    assert_eq!(
        client.refused("TestState", request(&pass, json!({ "input": "{" }))).await.0,
        "InvalidExecutionInput"
    );
}

#[tokio::test]
async fn the_name_of_a_state_is_not_repeated_in_an_error() {
    let client = Client::new().await;
    let pass = json!({ "Type": "Pass", "End": true });
    let names = json!({ "stateName": "x".repeat(81), "stateConfiguration": { "errorCausedByState": "" } });
    assert_eq!(
        client.refused("TestState", request(&pass, names)).await.1,
        "2 validation errors detected: Value at 'stateName' failed to satisfy constraint: Member must have length less than or equal to 80; \
         Value at 'stateConfiguration.errorCausedByState' failed to satisfy constraint: Member must have length greater than or equal to 1"
    );
}

#[tokio::test]
async fn the_result_of_a_job_is_what_asking_for_it_answers() {
    let client = Client::new().await;
    let mut awaited = json!({ "Type": "Task", "Parameters": { "StateMachineArn": "m" }, "End": true });
    let answer = r#"{"ExecutionArn":"e","StateMachineArn":"m","Status":"SUCCEEDED","StartDate":"d"}"#;
    for (pattern, text, missing) in [
        (".sync:2", r#"{"ExecutionArn":"e","StartDate":"d"}"#, Some("StateMachineArn")),
        (".sync:2", answer, None),
        (".waitForTaskToken", "{}", None),
    ] {
        awaited["Resource"] = json!(format!("arn:aws:states:::states:startExecution{pattern}"));
        let request = request(&awaited, json!({ "mock": { "result": text } }));
        let Some(missing) = missing else {
            assert_eq!(client.call("TestState", request).await["status"], "SUCCEEDED", "{pattern}");
            continue;
        };
        let message = format!("Mock result schema validation error: Required field '{missing}' is missing");
        assert_eq!(client.refused("TestState", request).await.1, message);
    }
}

#[tokio::test]
async fn a_state_tried_alone_was_never_redriven() {
    let client = Client::new().await;
    let pass = json!({ "Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.context.Execution %}", "End": true });
    let tried = client.call("TestState", request(&pass, json!({}))).await;
    let seen = parsed(&tried, "output");
    assert!(seen.get("StartTime").is_some() && seen.get("RedriveCount").is_none(), "{seen}");
}

#[tokio::test]
async fn the_items_of_a_map_are_shown_behind_each_of_its_fields() {
    let client = Client::new().await;
    let map = json!({ "Type": "Map", "ItemReader": reader(), "ItemProcessor": distributed(), "End": true,
        "ItemSelector": { "v.$": "$$.Map.Item.Value" }, "ItemBatcher": { "MaxItemsPerBatch": 2 } });
    let more = json!({ "inspectionLevel": "DEBUG", "mock": { "result": "[1,2]" },
        "stateConfiguration": { "mapItemReaderData": r#"{"a":[1,2,3]}"# } });
    let tried = client.call("TestState", request(&map, more)).await;
    let seen = &tried["inspectionData"];
    assert_eq!(parsed(seen, "afterItemsPointer"), json!([1, 2, 3]));
    assert_eq!(parsed(seen, "afterItemSelector"), json!([{ "v": 1 }, { "v": 2 }, { "v": 3 }]));
    let batches = json!([{ "Items": [{ "v": 1 }, { "v": 2 }] }, { "Items": [{ "v": 3 }] }]);
    assert_eq!(parsed(seen, "afterItemBatcher"), batches);
}
