//! Requests and answers in general, and the way of a workflow from its definition to its history.

use http::StatusCode;
use serde_json::{Value, json};
use workflow::driver::Config;

use super::{Client, ROLE};
use crate::rig::{Journal, NOON, Rig, chain};

const PASS: &str = r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#;

#[tokio::test]
async fn a_workflow_from_its_definition_to_its_history() {
    let client = Client::new().await;
    let machine = client.machine("m", &chain(&["echo"])).await;
    assert_eq!(machine, "arn:aws:states:us-east-1:000000000000:stateMachine:m");
    let described = client.call("DescribeStateMachine", json!({ "stateMachineArn": machine })).await;
    assert_eq!((&described["status"], &described["type"]), (&json!("ACTIVE"), &json!("STANDARD")));
    assert_eq!(described["definition"], chain(&["echo"]));
    assert_eq!(described["creationDate"], 1_700_000_000.0);

    let start = json!({ "stateMachineArn": machine, "name": "one", "input": "{\"a\": 1}" });
    let started = client.call("StartExecution", start).await;
    let arn = started["executionArn"].as_str().unwrap();
    assert_eq!(arn, "arn:aws:states:us-east-1:000000000000:execution:m:one");
    client.rig.engine.closed(arn).await.unwrap();
    let ended = client.call("DescribeExecution", json!({ "executionArn": arn })).await;
    assert_eq!((&ended["status"], &ended["redriveStatus"]), (&json!("SUCCEEDED"), &json!("NOT_REDRIVABLE")));
    assert_eq!(
        (&ended["input"], &ended["inputDetails"]),
        (&json!("{\"a\": 1}"), &json!({ "included": true }))
    );
    let output: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
    assert_eq!(output, json!({ "a": 1 }));
    assert!(ended.get("error").is_none());
    let listed = client
        .call("ListExecutions", json!({ "stateMachineArn": machine, "statusFilter": "SUCCEEDED" }))
        .await;
    assert_eq!(listed["executions"][0]["executionArn"], arn);
    let none =
        client.call("ListExecutions", json!({ "stateMachineArn": machine, "statusFilter": "RUNNING" })).await;
    assert_eq!(none, json!({ "executions": [] }));
}

#[tokio::test]
async fn a_history_comes_in_pages_from_either_end() {
    let client = Client::new().await;
    let machine = client.machine("m", &chain(&["echo", "echo"])).await;
    let started = client.call("StartExecution", json!({ "stateMachineArn": machine })).await;
    let arn = started["executionArn"].as_str().unwrap();
    client.rig.engine.closed(arn).await.unwrap();
    let whole = client.call("GetExecutionHistory", json!({ "executionArn": arn })).await;
    let whole = whole["events"].as_array().unwrap().clone();
    assert!(whole.len() > 8 && whole[0]["type"] == "ExecutionStarted");
    for reverse in [false, true] {
        let mut pages = Vec::new();
        let mut token = None::<String>;
        loop {
            let params =
                json!({ "executionArn": arn, "maxResults": 3, "reverseOrder": reverse, "nextToken": token });
            let page = client.call("GetExecutionHistory", params).await;
            let events = page["events"].as_array().unwrap();
            assert!((1..=3).contains(&events.len()));
            pages.extend(events.clone());
            let Some(next) = page["nextToken"].as_str() else { break };
            token = Some(next.into());
        }
        if reverse {
            pages.reverse();
        }
        assert_eq!(pages, whole);
    }
    let bare = client
        .call("GetExecutionHistory", json!({ "executionArn": arn, "includeExecutionData": false }))
        .await;
    assert!(!bare.to_string().contains("\"input\""), "{bare}");
    let assigns = r#"{"StartAt":"P","States":{"P":{"Type":"Pass","Assign":{"secret":"sesame"},"End":true}}}"#;
    let machine = client.machine("assigns", assigns).await;
    let started = client.call("StartExecution", json!({ "stateMachineArn": machine })).await;
    let arn = started["executionArn"].as_str().unwrap();
    client.rig.engine.closed(arn).await.unwrap();
    for included in [true, false] {
        let params = json!({ "executionArn": arn, "includeExecutionData": included });
        let history = client.call("GetExecutionHistory", params).await;
        assert_eq!(history.to_string().contains("sesame"), included, "{history}");
    }
    let wrong = json!({ "executionArn": arn, "nextToken": "not one" });
    assert_eq!(client.refused("GetExecutionHistory", wrong).await.0, "InvalidToken");
}

#[tokio::test]
async fn errors_have_awss_types_and_words() {
    let client = Client::new().await;
    let machine = client.machine("m", PASS).await;
    let execution = machine.replace("stateMachine", "execution") + ":nobody";
    let role = "arn:aws:iam::000000000000:role/r";
    for (operation, params, kind, message) in [
        ("DescribeExecution", json!({ "executionArn": "junk" }), "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: junk'".to_owned()),
        ("DescribeExecution", json!({ "executionArn": execution }), "ExecutionDoesNotExist", format!("Execution Does Not Exist: '{execution}'")),
        ("StopExecution", json!({ "executionArn": execution }), "ExecutionDoesNotExist", format!("Execution Does Not Exist: '{execution}'")),
        ("DescribeStateMachine", json!({ "stateMachineArn": format!("{machine}x") }), "StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{machine}x'")),
        ("CreateStateMachine", json!({ "name": "m", "definition": PASS.replace('P', "Q").replace("Qass", "Pass"), "roleArn": role }), "StateMachineAlreadyExists", format!("State Machine Already Exists: '{machine}'")),
        ("CreateStateMachine", json!({ "name": "a b", "definition": PASS, "roleArn": role }), "InvalidName", "Invalid Name: 'a b'".into()),
        ("StartExecution", json!({ "stateMachineArn": machine, "name": "a/b" }), "InvalidName", "Invalid Name: 'a/b'".into()),
        ("SendTaskSuccess", json!({ "taskToken": "junk", "output": "1" }), "InvalidToken", "Invalid Token: 'Invalid token'".into()),
        ("SendTaskHeartbeat", json!({ "taskToken": "0".repeat(32) }), "TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'".into()),
        ("DescribeStateMachine", json!({}), "ValidationException", "1 validation error detected: Value null at 'stateMachineArn' failed to satisfy constraint: Member must not be null".into()),
    ] {
        assert_eq!(client.refused(operation, params).await, (kind.to_owned(), message), "{operation}");
    }
    for (operation, params, kind) in [
        (
            "CreateStateMachine",
            json!({ "name": "bad", "definition": "{", "roleArn": role }),
            "InvalidDefinition",
        ),
        ("StartExecution", json!({ "stateMachineArn": machine, "input": "{" }), "InvalidExecutionInput"),
        ("SendTaskSuccess", json!({ "taskToken": "0".repeat(2049), "output": "1" }), "ValidationException"),
        (
            "SendTaskSuccess",
            json!({ "taskToken": "0".repeat(32), "output": "\"".to_owned() + &"x".repeat(256 * 1024) + "\"" }),
            "ValidationException",
        ),
        (
            "SendTaskSuccess",
            json!({ "taskToken": "0".repeat(32), "output": "\"".to_owned() + &"ä".repeat(128 * 1024) + "\"" }),
            "InvalidOutput",
        ),
        (
            "ListExecutions",
            json!({ "stateMachineArn": machine, "statusFilter": "ASLEEP" }),
            "ValidationException",
        ),
        ("ListExecutions", json!({ "stateMachineArn": 7 }), "SerializationException"),
        ("DescribeNothing", json!({}), "UnknownOperationException"),
    ] {
        assert_eq!(client.refused(operation, params).await.0, kind, "{operation}");
    }
}

#[tokio::test]
async fn data_that_nests_too_deep_is_refused_as_what_it_was_to_be() {
    let client = Client::new().await;
    let machine = client.machine("m", PASS).await;
    let express = json!({ "name": "x", "definition": PASS, "roleArn": ROLE, "type": "EXPRESS" });
    let express = client.call("CreateStateMachine", express).await["stateMachineArn"].clone();
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    let token = "0".repeat(32);
    for (operation, params, kind, message) in [
        (
            "StartExecution",
            json!({ "stateMachineArn": machine, "input": nested(101) }),
            "InvalidExecutionInput",
            "Invalid State Machine Execution Input: 'it nests deeper than 100 levels'",
        ),
        (
            "StartSyncExecution",
            json!({ "stateMachineArn": express, "input": nested(101) }),
            "InvalidExecutionInput",
            "Invalid State Machine Execution Input: 'it nests deeper than 100 levels'",
        ),
        (
            "SendTaskSuccess",
            json!({ "taskToken": token, "output": nested(101) }),
            "InvalidOutput",
            "Invalid Output: 'it nests deeper than 100 levels'",
        ),
    ] {
        let refused = client.refused(operation, params).await;
        assert_eq!(refused, (kind.to_owned(), message.to_owned()), "{operation}");
    }
    let start = json!({ "stateMachineArn": express, "input": nested(100) });
    assert_eq!(client.call("StartSyncExecution", start).await["status"], "SUCCEEDED");
}

#[tokio::test]
async fn who_asks_for_more_than_the_queue_holds_is_throttled() {
    let config = Config { queue: 4, ..Config::default() };
    let client = Client::of(Rig::on(Journal::new(), NOON, config).await);
    let start = json!({ "stateMachineArn": client.machine("m", PASS).await }).to_string();
    let mut waiting = Vec::new();
    let refused = loop {
        let mut asked = Box::pin(client.send("AWSStepFunctions.StartExecution", start.clone()));
        tokio::select! {
            biased;
            answer = &mut asked => break answer,
            // The engine has no turn before this does, so that whatever is asked stays in its queue.
            () = std::future::ready(()) => waiting.push(asked),
        }
    };
    let throttled = json!({ "__type": "ThrottlingException", "message": "Rate exceeded" });
    assert_eq!((refused, waiting.len()), ((StatusCode::BAD_REQUEST, throttled), 4));
}

#[tokio::test]
async fn what_is_no_request_is_refused_in_kind() {
    let client = Client::new().await;
    for (target, body, status, kind) in [
        ("AWSStepFunctions.ListActivities", "{", 400, "SerializationException"),
        ("AWSStepFunctions.ListActivities", "[]", 400, "SerializationException"),
        ("AWSStepFunctions.ListActivities", "\u{0}", 400, "SerializationException"),
        ("DynamoDB_20120810.ListTables", "{}", 400, "UnknownOperationException"),
        ("", "{}", 400, "UnknownOperationException"),
    ] {
        let (got, answer) = client.send(target, body).await;
        assert_eq!((got.as_u16(), &answer["__type"]), (status, &json!(kind)), "{target} {body}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(
        client.send("AWSStepFunctions.ListActivities", deep).await.1["__type"],
        "SerializationException"
    );
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(1024 * 1024));
    let (status, _) = client.send("AWSStepFunctions.CreateActivity", long).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let empty = client.send("AWSStepFunctions.ListActivities", "").await;
    assert_eq!(empty, (StatusCode::OK, json!({ "activities": [] })));
}

#[tokio::test]
async fn the_products_own_executions_can_be_looked_at_and_not_touched() {
    let client = Client::new().await;
    let request = workflow::driver::MachineRequest {
        name: "ours".into(),
        definition: chain(&["hang"]),
        role: "r".into(),
        settings: "{}".into(),
        ..Default::default()
    };
    let machine = client.rig.engine.create_state_machine(request).await.unwrap().arn;
    let arn = client.rig.engine.start_execution(&machine, None, "{}").await.unwrap().arn;
    assert_eq!(client.call("DescribeExecution", json!({ "executionArn": arn })).await["status"], "RUNNING");
    client.call("GetExecutionHistory", json!({ "executionArn": arn })).await;
    for (operation, params) in [
        ("StartExecution", json!({ "stateMachineArn": machine })),
        ("StopExecution", json!({ "executionArn": arn })),
        ("DeleteStateMachine", json!({ "stateMachineArn": machine })),
    ] {
        assert_eq!(client.refused(operation, params).await.0, "AccessDeniedException", "{operation}");
    }
    assert_eq!(client.call("DescribeExecution", json!({ "executionArn": arn })).await["status"], "RUNNING");
}

#[tokio::test]
async fn activities_and_their_tokens_over_the_wire() {
    let client = Client::new().await;
    let created = client.call("CreateActivity", json!({ "name": "work" })).await;
    let activity = created["activityArn"].as_str().unwrap();
    let again = client.call("CreateActivity", json!({ "name": "work" })).await;
    assert_eq!(created, again);
    let definition =
        json!({ "StartAt": "A", "States": { "A": { "Type": "Task", "Resource": activity, "End": true } } });
    let machine = client.machine("m", &definition.to_string()).await;
    let started = client.call("StartExecution", json!({ "stateMachineArn": machine, "input": "[1]" })).await;
    let task = client.call("GetActivityTask", json!({ "activityArn": activity, "workerName": "w" })).await;
    assert_eq!(task["input"], "[1]");
    client.call("SendTaskHeartbeat", json!({ "taskToken": task["taskToken"] })).await;
    let result = json!({ "taskToken": task["taskToken"], "error": "Mine", "cause": "because" });
    client.call("SendTaskFailure", result.clone()).await;
    client.rig.engine.closed(started["executionArn"].as_str().unwrap()).await.unwrap();
    let ended = client.call("DescribeExecution", json!({ "executionArn": started["executionArn"] })).await;
    assert_eq!(
        (&ended["status"], &ended["error"], &ended["cause"]),
        (&json!("FAILED"), &json!("Mine"), &json!("because"))
    );
    assert_eq!(ended["redriveStatus"], "REDRIVABLE");
    assert_eq!(client.refused("SendTaskFailure", result).await.0, "TaskTimedOut");
    client.call("DeleteActivity", json!({ "activityArn": activity })).await;
    assert_eq!(
        client.refused("DescribeActivity", json!({ "activityArn": activity })).await.0,
        "ActivityDoesNotExist"
    );
}

#[tokio::test]
async fn every_violation_of_a_requests_form_is_told_at_once() {
    let client = Client::new().await;
    let params = json!({ "taskToken": "", "error": "e".repeat(257), "cause": null });
    assert_eq!(
        client.refused("SendTaskFailure", params).await.1,
        "2 validation errors detected: Value at 'taskToken' failed to satisfy constraint: Member must have length greater than or equal to 1; \
         Value at 'error' failed to satisfy constraint: Member must have length less than or equal to 256"
    );
    let params = json!({ "maxResults": 1001, "nextToken": "x".repeat(1025) });
    assert_eq!(
        client.refused("ListActivities", params).await.1,
        format!(
            "2 validation errors detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000; \
             Value '{}' at 'nextToken' failed to satisfy constraint: Member must have length less than or equal to 1024",
            "x".repeat(1025)
        )
    );
    let params = json!({ "executionArn": "a", "statusFilter": "ASLEEP", "maxResults": -1 });
    assert_eq!(
        client.refused("ListExecutions", params).await.1,
        "2 validation errors detected: Value 'ASLEEP' at 'statusFilter' failed to satisfy constraint: Member must satisfy enum value set: \
         [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]; \
         Value '-1' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 0"
    );
    for (operation, params, message) in [
        ("ListActivities", json!({ "maxResults": "7" }), "STRING_VALUE can not be converted to an Integer"),
        (
            "ListActivities",
            json!({ "maxResults": 7.5 }),
            "class java.lang.Double can not be converted to an Integer",
        ),
        ("ListActivities", json!({ "nextToken": {} }), "Start of structure or map found where not expected."),
        ("ListActivities", json!({ "nextToken": [] }), "Start of list found where not expected"),
        (
            "GetExecutionHistory",
            json!({ "executionArn": "a", "reverseOrder": "no" }),
            "STRING_VALUE can not be converted to a Boolean",
        ),
        (
            "TagResource",
            json!({ "resourceArn": "a", "tags": "t" }),
            "STRING_VALUE can not be converted to a List",
        ),
        (
            "TagResource",
            json!({ "resourceArn": "a", "tags": ["t"] }),
            "STRING_VALUE can not be converted to a Structure",
        ),
    ] {
        let refused = client.refused(operation, params).await;
        assert_eq!(refused, ("SerializationException".to_owned(), message.to_owned()));
    }
}

#[tokio::test]
async fn the_token_of_one_list_is_none_of_another() {
    let client = Client::new().await;
    let mut tokens = Vec::new();
    for name in ["one", "two"] {
        client.call("CreateActivity", json!({ "name": name })).await;
        let machine = client.machine(name, PASS).await;
        client.call("StartExecution", json!({ "stateMachineArn": machine, "name": "a" })).await;
        let started = client.call("StartExecution", json!({ "stateMachineArn": machine, "name": "b" })).await;
        client.rig.engine.closed(started["executionArn"].as_str().unwrap()).await.unwrap();
        let events = json!({ "executionArn": started["executionArn"] });
        for (operation, params) in [
            ("ListStateMachines", json!({})),
            ("ListActivities", json!({})),
            ("ListExecutions", json!({ "stateMachineArn": machine })),
            ("ListExecutions", json!({ "stateMachineArn": machine, "statusFilter": "SUCCEEDED" })),
            ("GetExecutionHistory", events.clone()),
            ("GetExecutionHistory", json!({ "executionArn": started["executionArn"], "reverseOrder": true })),
        ] {
            let mut first = params.clone();
            first["maxResults"] = json!(1);
            // The list has a second page once there are two of each.
            let page = client.call(operation, first).await;
            tokens.extend(page["nextToken"].as_str().map(|token| (operation, params, token.to_owned())));
        }
    }
    assert!(tokens.len() >= 10, "{tokens:?}");
    for (operation, params, _) in &tokens {
        for (from, its, token) in &tokens {
            let mut next = params.clone();
            next["nextToken"] = json!(token);
            if (operation, params) == (from, its) {
                client.call(operation, next).await;
            } else {
                assert_eq!(
                    client.refused(operation, next).await.0,
                    "InvalidToken",
                    "{from} {its} in {operation} {params}"
                );
            }
        }
    }
}
