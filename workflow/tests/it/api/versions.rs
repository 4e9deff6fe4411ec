//! Versions of state machines.

use serde_json::{Value, json};

use super::{Client, ROLE, pass};
use crate::rig::{NOON, chain};

fn numbers(listed: &Value) -> Vec<String> {
    let versions = listed["stateMachineVersions"].as_array().unwrap();
    let arn = |version: &Value| version["stateMachineVersionArn"].as_str().unwrap().to_owned();
    versions.iter().map(|version| arn(version).rsplit_once(':').unwrap().1.to_owned()).collect()
}

#[tokio::test]
async fn a_version_is_the_revision_it_was_published_of_for_ever() {
    let client = Client::new().await;
    let params = json!({
        "name": "m", "definition": pass("one"), "roleArn": ROLE, "publish": true, "versionDescription": "first",
    });
    let made = client.call("CreateStateMachine", params.clone()).await;
    let machine = made["stateMachineArn"].as_str().unwrap();
    assert_eq!(made["stateMachineVersionArn"], format!("{machine}:1"));
    assert_eq!(client.call("CreateStateMachine", params).await, made, "asked again");

    client.rig.hand.set(NOON + 1000);
    let update = json!({ "stateMachineArn": machine, "definition": pass("two"), "publish": true });
    let updated = client.call("UpdateStateMachine", update).await;
    assert_eq!(updated["stateMachineVersionArn"], format!("{machine}:2"));
    let one = client.call("DescribeStateMachine", json!({ "stateMachineArn": format!("{machine}:1") })).await;
    assert_eq!(
        (&one["definition"], &one["description"], &one["stateMachineArn"], one.get("revisionId")),
        (&json!(pass("one")), &json!("first"), &json!(format!("{machine}:1")), None)
    );
    let two = client.call("DescribeStateMachine", json!({ "stateMachineArn": format!("{machine}:2") })).await;
    assert_eq!((&two["definition"], &two["revisionId"]), (&json!(pass("two")), &updated["revisionId"]));
    assert_eq!((&two["creationDate"], two.get("description")), (&json!(1_700_000_001.0), None));
    let missing = json!({ "stateMachineArn": format!("{machine}:3") });
    assert_eq!(client.refused("DescribeStateMachine", missing).await.0, "StateMachineDoesNotExist");
    let listed = client.call("ListStateMachineVersions", json!({ "stateMachineArn": machine })).await;
    assert_eq!(numbers(&listed), ["2", "1"], "newest first");
}

#[tokio::test]
async fn publishing_again_is_the_same_version_until_the_machine_is_another() {
    let client = Client::new().await;
    let machine = client.machine("m", &pass("one")).await;
    let publish = async |more: Value| {
        let mut params = json!({ "stateMachineArn": machine });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        client.call("PublishStateMachineVersion", params).await["stateMachineVersionArn"].clone()
    };
    assert_eq!(publish(json!({ "description": "one" })).await, format!("{machine}:1"));
    assert_eq!(publish(json!({ "description": "other words" })).await, format!("{machine}:1"));
    assert_eq!(publish(json!({ "revisionId": "INITIAL" })).await, format!("{machine}:1"));
    let same = json!({ "stateMachineArn": machine, "definition": pass("one"), "publish": true });
    let updated = client.call("UpdateStateMachine", same).await;
    assert_eq!(updated["stateMachineVersionArn"], format!("{machine}:1"));
    assert!(updated.get("revisionId").is_none(), "{updated}");

    let update = json!({ "stateMachineArn": machine, "definition": pass("two") });
    let revision = client.call("UpdateStateMachine", update).await["revisionId"].as_str().unwrap().to_owned();
    let stale = json!({ "stateMachineArn": machine, "revisionId": "INITIAL" });
    assert_eq!(
        client.refused("PublishStateMachineVersion", stale).await,
        (
            "ConflictException".to_owned(),
            format!(
                "Failed to publish the State Machine version for revision INITIAL. The current State Machine revision is {revision}."
            )
        )
    );
    assert_eq!(publish(json!({ "revisionId": revision })).await, format!("{machine}:2"));
    let nowhere = json!({ "stateMachineArn": format!("{machine}x") });
    assert_eq!(client.refused("PublishStateMachineVersion", nowhere).await.0, "StateMachineDoesNotExist");
}

#[tokio::test]
async fn a_deleted_versions_number_is_not_given_again() {
    let client = Client::new().await;
    let machine = client.machine("m", &pass("one")).await;
    let publish =
        async || client.call("PublishStateMachineVersion", json!({ "stateMachineArn": machine })).await;
    publish().await;
    let first = json!({ "stateMachineVersionArn": format!("{machine}:1") });
    client.call("DeleteStateMachineVersion", first.clone()).await;
    client.call("DeleteStateMachineVersion", first).await;
    let listed = client.call("ListStateMachineVersions", json!({ "stateMachineArn": machine })).await;
    assert_eq!(listed, json!({ "stateMachineVersions": [] }));
    let gone = json!({ "stateMachineArn": format!("{machine}:1") });
    assert_eq!(client.refused("StartExecution", gone).await.0, "StateMachineDoesNotExist");
    assert_eq!(publish().await["stateMachineVersionArn"], format!("{machine}:2"), "of the same revision");
    let plain = json!({ "stateMachineVersionArn": machine });
    assert_eq!(client.refused("DeleteStateMachineVersion", plain).await.0, "ValidationException");
    client.call("DeleteStateMachine", json!({ "stateMachineArn": machine })).await;
    let gone = json!({ "stateMachineArn": format!("{machine}:2") });
    assert_eq!(client.refused("DescribeStateMachine", gone).await.0, "StateMachineDoesNotExist");
}

#[tokio::test]
async fn an_execution_of_a_version_says_so_and_is_listed_with_it() {
    let client = Client::new().await;
    let machine = client.machine("m", &chain(&["echo"])).await;
    let published = client.call("PublishStateMachineVersion", json!({ "stateMachineArn": machine })).await;
    let version = published["stateMachineVersionArn"].clone();
    client.call("UpdateStateMachine", json!({ "stateMachineArn": machine, "definition": pass("new") })).await;
    let start = async |arn: &Value| {
        let started = client.call("StartExecution", json!({ "stateMachineArn": arn })).await;
        client.rig.engine.closed(started["executionArn"].as_str().unwrap()).await.unwrap();
        started["executionArn"].clone()
    };
    let of_version = start(&version).await;
    let of_machine = start(&json!(machine)).await;
    assert_eq!(client.rig.script.called("echo"), 1, "the version calls it, the machine of today does not");
    let described = client.call("DescribeExecution", json!({ "executionArn": of_version })).await;
    assert_eq!(
        (&described["stateMachineArn"], &described["stateMachineVersionArn"]),
        (&json!(machine), &version)
    );
    let described = client.call("DescribeExecution", json!({ "executionArn": of_machine })).await;
    assert!(described.get("stateMachineVersionArn").is_none(), "{described}");
    let arns = async |arn: &Value| {
        let listed = client.call("ListExecutions", json!({ "stateMachineArn": arn })).await;
        let executions = listed["executions"].as_array().unwrap().clone();
        executions.iter().map(|execution| execution["executionArn"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(arns(&version).await.as_slice(), std::slice::from_ref(&of_version));
    assert_eq!(arns(&json!(machine)).await, [of_machine, of_version]);
}

#[tokio::test]
async fn a_machine_has_a_thousand_versions_at_most() {
    let client = Client::new().await;
    let machine = client.machine("m", &pass("0")).await;
    for number in 1..=1000 {
        let update =
            json!({ "stateMachineArn": machine, "definition": pass(&number.to_string()), "publish": true });
        client.call("UpdateStateMachine", update).await;
    }
    let update =
        |publish| json!({ "stateMachineArn": machine, "definition": pass("more"), "publish": publish });
    assert_eq!(client.refused("UpdateStateMachine", update(true)).await.0, "ServiceQuotaExceededException");
    let described = client.call("DescribeStateMachine", json!({ "stateMachineArn": machine })).await;
    assert_eq!(described["definition"], pass("1000"), "nothing of the refused update is stored");
    client.call("UpdateStateMachine", update(false)).await;
    let publish = json!({ "stateMachineArn": machine });
    assert_eq!(
        client.refused("PublishStateMachineVersion", publish.clone()).await.0,
        "ServiceQuotaExceededException"
    );
    client
        .call("DeleteStateMachineVersion", json!({ "stateMachineVersionArn": format!("{machine}:500") }))
        .await;
    client.call("PublishStateMachineVersion", publish).await;
    let page = client
        .call("ListStateMachineVersions", json!({ "stateMachineArn": machine, "maxResults": 600 }))
        .await;
    let rest = json!({ "stateMachineArn": machine, "maxResults": 600, "nextToken": page["nextToken"] });
    let rest = client.call("ListStateMachineVersions", rest).await;
    assert_eq!((numbers(&page).len(), numbers(&rest).len()), (600, 400));
    assert_eq!(numbers(&page)[0], "1001");
    assert!(!numbers(&rest).contains(&"500".to_owned()) && rest.get("nextToken").is_none());
}
