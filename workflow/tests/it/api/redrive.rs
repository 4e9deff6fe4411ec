//! RedriveExecution, and what the other operations say of it.

use serde_json::json;

use super::Client;
use crate::rig::{NOON, chain};

#[tokio::test]
async fn a_redrive_is_shown_wherever_the_execution_is() {
    let client = Client::new().await;
    let machine = client.machine("m", &chain(&["flaky"])).await;
    let started = client.call("StartExecution", json!({ "stateMachineArn": machine })).await;
    let arn = started["executionArn"].as_str().unwrap();
    client.rig.engine.closed(arn).await.unwrap();
    let failed = client.call("DescribeExecution", json!({ "executionArn": arn })).await;
    assert_eq!((&failed["redriveCount"], &failed["redriveStatus"]), (&json!(0), &json!("REDRIVABLE")));
    assert!(failed.get("redriveDate").is_none() && failed.get("redriveStatusReason").is_none(), "{failed}");

    client.rig.hand.set(NOON + 2000);
    let params = json!({ "executionArn": arn, "clientToken": "t" });
    let redriven = client.call("RedriveExecution", params.clone()).await;
    assert_eq!(redriven, json!({ "redriveDate": 1_700_000_002.0 }));
    client.rig.engine.closed(arn).await.unwrap();
    assert_eq!(client.call("RedriveExecution", params).await, redriven, "the same request again");
    let ended = client.call("DescribeExecution", json!({ "executionArn": arn })).await;
    assert_eq!(
        (&ended["status"], &ended["redriveCount"], &ended["redriveDate"]),
        (&json!("SUCCEEDED"), &json!(1), &json!(1_700_000_002.0))
    );
    assert_eq!(ended["redriveStatusReason"], "Execution is SUCCEEDED and cannot be redriven");
    let listed = client.call("ListExecutions", json!({ "stateMachineArn": machine })).await;
    assert_eq!(
        (&listed["executions"][0]["redriveCount"], &listed["executions"][0]["redriveDate"]),
        (&json!(1), &json!(1_700_000_002.0))
    );
}

#[tokio::test]
async fn a_redrive_that_may_not_be_is_refused_in_kind() {
    let client = Client::new().await;
    let machine = client.machine("m", &chain(&["echo"])).await;
    let started = client.call("StartExecution", json!({ "stateMachineArn": machine })).await;
    let arn = started["executionArn"].as_str().unwrap();
    client.rig.engine.closed(arn).await.unwrap();
    for (params, kind) in [
        (json!({ "executionArn": arn }), "ExecutionNotRedrivable"),
        (json!({ "executionArn": format!("{arn}x") }), "ExecutionDoesNotExist"),
        (json!({ "executionArn": machine }), "InvalidArn"),
        (json!({ "executionArn": arn, "clientToken": "two words" }), "ValidationException"),
        (json!({ "executionArn": arn, "clientToken": "x".repeat(65) }), "ValidationException"),
    ] {
        assert_eq!(client.refused("RedriveExecution", params.clone()).await.0, kind, "{params}");
    }
    let filter = json!({ "stateMachineArn": machine, "redriveFilter": "REDRIVEN" });
    assert_eq!(client.refused("ListExecutions", filter).await.0, "ValidationException");
}
