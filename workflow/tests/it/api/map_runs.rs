//! The operations of map runs, by request.

use serde_json::{Value, json};

use super::{Client, ROLE};
use crate::map_runs::ended;
use crate::rig::{Hanging, lambda};

/// A machine with a distributed Map over what this function does.
fn machine(function: &str, more: Value) -> String {
    let task = json!({ "Type": "Task", "Resource": lambda(function), "End": true });
    let processor = json!({ "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" }, "StartAt": "S", "States": { "S": task } });
    let mut map = json!({ "Type": "Map", "Label": "L", "ItemProcessor": processor, "End": true });
    map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "StartAt": "M", "States": { "M": map } }).to_string()
}

async fn start(client: &Client, definition: &str, input: Value) -> String {
    let machine = client.machine("m", definition).await;
    let params = json!({ "stateMachineArn": machine, "name": "run", "input": input.to_string() });
    client.call("StartExecution", params).await["executionArn"].as_str().unwrap().to_owned()
}

async fn the_run(client: &Client, execution: &str) -> Value {
    let listed = client.call("ListMapRuns", json!({ "executionArn": execution })).await;
    assert_eq!(listed["mapRuns"].as_array().unwrap().len(), 1, "{listed}");
    listed["mapRuns"][0].clone()
}

#[tokio::test]
async fn a_run_is_listed_described_and_changed_while_it_works() {
    let client = Client::new().await;
    let more = json!({ "MaxConcurrency": 2, "ToleratedFailurePercentage": 12.5 });
    let execution = start(&client, &machine("gate", more), json!([1, 2, 3, 4])).await;
    client.rig.script.waiting(2).await;
    let listed = the_run(&client, &execution).await;
    let arn = &listed["mapRunArn"];
    assert!(arn.as_str().unwrap().starts_with("arn:aws:states:us-east-1:000000000000:mapRun:m/L:"), "{arn}");
    assert_eq!(
        (&listed["executionArn"], &listed["stateMachineArn"], listed.get("stopDate")),
        (&json!(execution), &json!("arn:aws:states:us-east-1:000000000000:stateMachine:m/L"), None)
    );

    let run = client.call("DescribeMapRun", json!({ "mapRunArn": arn })).await;
    let working = json!({ "pending": 2, "running": 2, "succeeded": 0, "failed": 0, "timedOut": 0, "aborted": 0, "total": 4,
        "resultsWritten": 0, "failuresNotRedrivable": 0, "pendingRedrive": 0 });
    assert_eq!((&run["itemCounts"], &run["executionCounts"]), (&working, &working));
    assert_eq!(
        (
            &run["status"],
            &run["maxConcurrency"],
            &run["toleratedFailurePercentage"],
            &run["toleratedFailureCount"]
        ),
        (&json!("RUNNING"), &json!(2), &json!(12.5), &json!(0))
    );

    let change = json!({ "mapRunArn": arn, "maxConcurrency": 3, "toleratedFailureCount": 1, "toleratedFailurePercentage": 50 });
    assert_eq!(client.call("UpdateMapRun", change).await, json!({}));
    client.rig.script.waiting(3).await;
    let run = client.call("DescribeMapRun", json!({ "mapRunArn": arn })).await;
    assert_eq!(
        (&run["maxConcurrency"], &run["toleratedFailureCount"], &run["toleratedFailurePercentage"]),
        (&json!(3), &json!(1), &json!(50.0))
    );
    let many = json!({ "mapRunArn": arn, "toleratedFailureCount": 5_000_000_000_u64 });
    client.call("UpdateMapRun", many).await;
    let run = client.call("DescribeMapRun", json!({ "mapRunArn": arn })).await;
    assert_eq!(run["toleratedFailureCount"], u32::MAX, "what is too large to count is not left out");

    client.rig.script.open();
    client.rig.engine.closed(&execution).await.unwrap();
    let run = client.call("DescribeMapRun", json!({ "mapRunArn": arn })).await;
    assert_eq!((&run["status"], &run["itemCounts"]["succeeded"]), (&json!("SUCCEEDED"), &json!(4)));
    assert!(run["stopDate"].is_number() && the_run(&client, &execution).await["stopDate"].is_number());
    let children = client.call("ListExecutions", json!({ "mapRunArn": arn })).await;
    let children = children["executions"].as_array().unwrap();
    assert!(
        children.len() == 4
            && children.iter().all(|child| child["mapRunArn"] == *arn && child["itemCount"] == 1)
    );
    let failed = client.call("ListExecutions", json!({ "mapRunArn": arn, "statusFilter": "FAILED" })).await;
    assert_eq!(failed, json!({ "executions": [] }));

    let describe = async |execution: &Value| {
        client.call("DescribeStateMachineForExecution", json!({ "executionArn": execution })).await
    };
    let machine = describe(&children[0]["executionArn"]).await;
    assert_eq!((&machine["mapRunArn"], &machine["label"]), (arn, &json!("L")));
    let machine = describe(&json!(execution)).await;
    assert!(machine.get("mapRunArn").is_none() && machine.get("label").is_none(), "{machine}");
}

#[tokio::test]
async fn a_map_in_a_machine_is_no_machine() {
    let client = Client::new().await;
    let machine = client.machine("m", &machine("echo", json!({}))).await;
    let map = format!("{machine}/L");
    for (operation, params) in [
        ("DescribeStateMachine", json!({ "stateMachineArn": map })),
        ("UpdateStateMachine", json!({ "stateMachineArn": map, "roleArn": ROLE })),
        ("DeleteStateMachine", json!({ "stateMachineArn": map })),
        ("StartExecution", json!({ "stateMachineArn": map })),
    ] {
        let refused = client.refused(operation, params).await;
        let message = format!("The ARN of a Distributed Map is not supported here: '{map}'");
        assert_eq!(refused, ("ValidationException".to_owned(), message), "{operation}");
    }
}

#[tokio::test]
async fn children_are_listed_by_whether_they_were_redriven_or_wait_for_it() {
    let client = Client::new().await;
    let rig = &client.rig;
    let execution = start(&client, &machine("hang", json!({ "MaxConcurrency": 2 })), json!([0, 1])).await;
    for _ in 0..2 {
        assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    }
    client.call("StopExecution", json!({ "executionArn": execution })).await;
    let run = the_run(&client, &execution).await["mapRunArn"].clone();
    ended(rig, run.as_str().unwrap()).await;
    let list = async |filter: Value| {
        let mut params = json!({ "mapRunArn": run });
        params.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
        let listed = client.call("ListExecutions", params).await["executions"].clone();
        let listed = listed.as_array().unwrap().iter();
        listed.map(|it| (it["status"].clone(), it["redriveCount"].clone())).collect::<Vec<_>>()
    };
    let child = |status: &str, redrives: u32| (json!(status), json!(redrives));
    let both_ended = [child("ABORTED", 0), child("ABORTED", 0)];
    assert_eq!(list(json!({ "redriveFilter": "NOT_REDRIVEN" })).await, both_ended);
    assert_eq!(list(json!({ "redriveFilter": "REDRIVEN" })).await, []);
    assert_eq!(list(json!({ "statusFilter": "PENDING_REDRIVE" })).await, [], "the run has ended, too");

    client.call("UpdateMapRun", json!({ "mapRunArn": run, "maxConcurrency": 1 })).await;
    client.call("RedriveExecution", json!({ "executionArn": execution })).await;
    for _ in 0..2 {
        assert_eq!(rig.script.next().await, Hanging::Dropped);
    }
    assert!(matches!(rig.script.next().await, Hanging::Began { .. }));
    rig.look().await;
    let (runs, waits) = (child("RUNNING", 1), child("PENDING_REDRIVE", 0));
    let all = list(json!({})).await;
    assert!(all.len() == 2 && all.contains(&runs) && all.contains(&waits), "{all:?}");
    for (filter, expected) in [
        (json!({ "redriveFilter": "REDRIVEN" }), vec![runs.clone()]),
        (json!({ "redriveFilter": "NOT_REDRIVEN" }), vec![waits.clone()]),
        (json!({ "statusFilter": "PENDING_REDRIVE" }), vec![waits]),
        (json!({ "statusFilter": "RUNNING" }), vec![runs]),
        (json!({ "statusFilter": "ABORTED" }), vec![]),
        (json!({ "statusFilter": "PENDING_REDRIVE", "redriveFilter": "REDRIVEN" }), vec![]),
    ] {
        assert_eq!(list(filter.clone()).await, expected, "{filter}");
    }

    let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:m";
    for (filter, named) in [
        (json!({ "redriveFilter": "REDRIVEN" }), "redriveFilter"),
        (json!({ "statusFilter": "PENDING_REDRIVE" }), "statusFilter PENDING_REDRIVE"),
    ] {
        let mut params = json!({ "stateMachineArn": machine });
        params.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
        let message = format!("{named} can only be used with a Map Run ARN");
        let refused = client.refused("ListExecutions", params).await;
        assert_eq!(refused, ("ValidationException".to_owned(), message));
    }
}

#[tokio::test]
async fn what_is_no_map_run_is_refused() {
    let client = Client::new().await;
    let execution = start(&client, &machine("echo", json!({})), json!([])).await;
    client.rig.engine.closed(&execution).await.unwrap();
    let unknown = "arn:aws:states:us-east-1:000000000000:mapRun:m/L:00000000-0000-0000-0000-000000000000";
    for (operation, params, kind) in [
        ("DescribeMapRun", json!({ "mapRunArn": "junk" }), "InvalidArn"),
        ("DescribeMapRun", json!({ "mapRunArn": execution }), "InvalidArn"),
        ("DescribeMapRun", json!({ "mapRunArn": unknown }), "ResourceNotFound"),
        ("UpdateMapRun", json!({ "mapRunArn": unknown, "maxConcurrency": 1 }), "ResourceNotFound"),
        (
            "UpdateMapRun",
            json!({ "mapRunArn": unknown, "toleratedFailurePercentage": 101 }),
            "ValidationException",
        ),
        ("UpdateMapRun", json!({ "mapRunArn": unknown, "maxConcurrency": -1 }), "ValidationException"),
        ("ListMapRuns", json!({ "executionArn": format!("{execution}x") }), "ExecutionDoesNotExist"),
        ("ListExecutions", json!({ "mapRunArn": unknown }), "ResourceNotFound"),
    ] {
        assert_eq!(client.refused(operation, params.clone()).await.0, kind, "{operation} {params}");
    }
}
