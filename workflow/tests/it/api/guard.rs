//! The product's own machines can be looked at through the API and not touched, whatever the operation.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use workflow::driver::{MachineRequest, Route, VersionRequest};

use super::{Client, ROLE, pass};
use crate::rig::{Hanging, chain};

/// Operations that only look, or that are of nothing that belongs to a machine.
const HARMLESS: [&str; 20] = [
    "CreateActivity",
    "DeleteActivity",
    "DescribeActivity",
    "DescribeExecution",
    "DescribeMapRun",
    "DescribeStateMachine",
    "DescribeStateMachineAlias",
    "DescribeStateMachineForExecution",
    "GetActivityTask",
    "GetExecutionHistory",
    "ListActivities",
    "ListExecutions",
    "ListMapRuns",
    "ListStateMachineAliases",
    "ListStateMachineVersions",
    "ListStateMachines",
    "ListTagsForResource",
    // What it calls is refused where the call is made, as any task's is.
    "TestState",
    "ValidateStateMachineDefinition",
    // No map run is the product's: what it runs has none.
    "UpdateMapRun",
];

/// All that the API shows of the machine.
async fn look(client: &Client, machine: &str, alias: &str, execution: &str) -> Vec<Value> {
    let mut seen = Vec::new();
    for (operation, params) in [
        ("DescribeStateMachine", json!({ "stateMachineArn": machine })),
        ("ListStateMachineVersions", json!({ "stateMachineArn": machine })),
        ("ListStateMachineAliases", json!({ "stateMachineArn": machine })),
        ("DescribeStateMachineAlias", json!({ "stateMachineAliasArn": alias })),
        ("ListTagsForResource", json!({ "resourceArn": machine })),
        ("ListExecutions", json!({ "stateMachineArn": machine })),
        ("DescribeExecution", json!({ "executionArn": execution })),
        ("GetExecutionHistory", json!({ "executionArn": execution })),
    ] {
        seen.push(client.call(operation, params).await);
    }
    seen
}

#[tokio::test]
async fn every_operation_that_could_touch_the_products_machine_is_refused() {
    let client = Client::new().await;
    let engine = &client.rig.engine;
    let definition = json!({ "StartAt": "C", "States": { "C": { "Type": "Task", "End": true,
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": { "QueueUrl": "q", "MessageBody.$": "$$.Task.Token" } } } });
    let request =
        MachineRequest { name: "ours".into(), definition: definition.to_string(), ..Default::default() };
    let machine = engine.create_state_machine(request).await.unwrap().arn;
    let version =
        engine.publish_state_machine_version(&machine, None, VersionRequest::default()).await.unwrap().arn;
    let routes = [Route { version_arn: version.clone(), weight: 100 }];
    let alias = engine.create_state_machine_alias("live", None, &routes).await.unwrap().arn;
    let execution = engine.start_execution(&machine, Some("run"), "{}").await.unwrap().arn;
    let Hanging::Began { token: Some(token), .. } = client.rig.script.next().await else {
        panic!("a token is told")
    };
    let update = workflow::driver::MachineUpdate { role: Some("r".into()), ..Default::default() };
    engine.update_state_machine(&machine, update).await.unwrap();

    let routing = json!([{ "stateMachineVersionArn": version, "weight": 100 }]);
    let touching: Vec<(&str, Value)> = vec![
        ("CreateStateMachine", json!({ "name": "ours", "definition": pass("other"), "roleArn": ROLE })),
        ("CreateStateMachineAlias", json!({ "name": "mine", "routingConfiguration": routing })),
        ("DeleteStateMachine", json!({ "stateMachineArn": machine })),
        ("DeleteStateMachineAlias", json!({ "stateMachineAliasArn": alias })),
        ("DeleteStateMachineVersion", json!({ "stateMachineVersionArn": version })),
        ("PublishStateMachineVersion", json!({ "stateMachineArn": machine })),
        ("RedriveExecution", json!({ "executionArn": execution })),
        ("SendTaskFailure", json!({ "taskToken": token })),
        ("SendTaskHeartbeat", json!({ "taskToken": token })),
        ("SendTaskSuccess", json!({ "taskToken": token, "output": "1" })),
        ("StartExecution", json!({ "stateMachineArn": machine })),
        ("StartSyncExecution", json!({ "stateMachineArn": machine })),
        ("StopExecution", json!({ "executionArn": execution })),
        ("TagResource", json!({ "resourceArn": machine, "tags": [{ "key": "k", "value": "v" }] })),
        ("UntagResource", json!({ "resourceArn": machine, "tagKeys": ["k"] })),
        ("UpdateStateMachine", json!({ "stateMachineArn": machine, "definition": pass("other") })),
        ("UpdateStateMachineAlias", json!({ "stateMachineAliasArn": alias, "description": "d" })),
    ];
    let known: BTreeSet<_> = workflow::api::operations().collect();
    let covered: BTreeSet<_> = touching.iter().map(|(operation, _)| *operation).chain(HARMLESS).collect();
    assert_eq!(covered, known, "each operation is either tried here or harmless");
    assert_eq!(known.len(), 37);

    let before = look(&client, &machine, &alias, &execution).await;
    for (operation, params) in touching {
        let refused = client.refused(operation, params).await;
        let kind = if operation == "StartSyncExecution" {
            "StateMachineTypeNotSupported"
        } else {
            "AccessDeniedException"
        };
        assert_eq!(refused.0, kind, "{operation}: {}", refused.1);
    }
    assert_eq!(look(&client, &machine, &alias, &execution).await, before);

    let fast = MachineRequest {
        name: "ours".into(),
        definition: chain(&["echo"]),
        kind: workflow::journal::Kind::Express,
        ..Default::default()
    };
    engine.stop_execution(&execution, None, None).await.unwrap();
    engine.delete_state_machine(&machine).await.unwrap();
    let machine = engine.create_state_machine(fast).await.unwrap().arn;
    for operation in ["StartSyncExecution", "StartExecution"] {
        let refused = client.refused(operation, json!({ "stateMachineArn": machine })).await;
        assert_eq!(refused.0, "AccessDeniedException", "{operation}: {}", refused.1);
    }
}
