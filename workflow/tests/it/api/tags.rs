//! Tags of machines and activities.

use serde_json::{Value, json};

use super::{Client, ROLE, pass};

fn tags(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

#[tokio::test]
async fn tags_come_with_what_is_made_and_are_set_and_removed_by_key() {
    let client = Client::new().await;
    let given = tags(&[("z", "1"), ("a", "2")]);
    let machine = json!({ "name": "m", "definition": pass("it"), "roleArn": ROLE, "tags": given });
    let machine = client.call("CreateStateMachine", machine).await["stateMachineArn"].clone();
    let activity =
        client.call("CreateActivity", json!({ "name": "m", "tags": given })).await["activityArn"].clone();
    for arn in [machine, activity] {
        let listed =
            async || client.call("ListTagsForResource", json!({ "resourceArn": arn })).await["tags"].clone();
        assert_eq!(listed().await, given, "in the order they were given");
        let more = json!({ "resourceArn": arn, "tags": tags(&[("z", "new"), ("b", "")]) });
        client.call("TagResource", more).await;
        assert_eq!(listed().await, tags(&[("z", "new"), ("a", "2"), ("b", "")]));
        client.call("UntagResource", json!({ "resourceArn": arn, "tagKeys": ["a", "nothing"] })).await;
        assert_eq!(listed().await, tags(&[("z", "new"), ("b", "")]));
    }
}

#[tokio::test]
async fn a_resource_has_fifty_tags_at_most() {
    let client = Client::new().await;
    let many = |count: usize| -> Value {
        (0..count).map(|n| json!({ "key": format!("k{n}"), "value": "v" })).collect()
    };
    let activity = json!({ "name": "a", "tags": many(51) });
    assert_eq!(client.refused("CreateActivity", activity).await.0, "TooManyTags");
    let machine = json!({ "name": "m", "definition": pass("it"), "roleArn": ROLE, "tags": many(51) });
    assert_eq!(client.refused("CreateStateMachine", machine).await.0, "TooManyTags");
    let machine = json!({ "name": "m", "definition": pass("it"), "roleArn": ROLE, "tags": many(49) });
    let machine = client.call("CreateStateMachine", machine).await["stateMachineArn"].clone();
    let more = |keys: &[&str]| {
        let tags = keys.iter().map(|key| json!({ "key": key, "value": "v" })).collect::<Vec<_>>();
        json!({ "resourceArn": machine, "tags": tags })
    };
    assert_eq!(client.refused("TagResource", more(&["x", "y"])).await.0, "TooManyTags");
    client.call("TagResource", more(&["x", "k0"])).await;
    assert_eq!(client.refused("TagResource", more(&["y"])).await.0, "TooManyTags");
    let listed = client.call("ListTagsForResource", json!({ "resourceArn": machine })).await;
    assert_eq!(listed["tags"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn what_has_no_tags_is_said() {
    let client = Client::new().await;
    let machine = client.machine("m", &pass("it")).await;
    client.call("PublishStateMachineVersion", json!({ "stateMachineArn": machine })).await;
    for (arn, kind) in [
        (format!("{machine}x"), "ResourceNotFound"),
        (format!("{machine}:1"), "ResourceNotFound"),
        (machine.replace("stateMachine", "activity"), "ResourceNotFound"),
        (machine.replace("stateMachine", "execution") + ":e", "InvalidArn"),
        ("junk".to_owned(), "InvalidArn"),
    ] {
        for (operation, params) in [
            ("TagResource", json!({ "resourceArn": arn, "tags": tags(&[("a", "b")]) })),
            ("UntagResource", json!({ "resourceArn": arn, "tagKeys": ["a"] })),
            ("ListTagsForResource", json!({ "resourceArn": arn })),
        ] {
            assert_eq!(client.refused(operation, params).await.0, kind, "{operation} {arn}");
        }
    }
    for wrong in [tags(&[("", "v")]), tags(&[(&"k".repeat(129), "v")]), tags(&[("k", &"v".repeat(257))])] {
        let params = json!({ "resourceArn": machine, "tags": wrong });
        assert_eq!(client.refused("TagResource", params).await.0, "ValidationException");
    }
    assert_eq!(
        client.refused("TagResource", json!({ "resourceArn": machine })).await.0,
        "ValidationException"
    );
}
