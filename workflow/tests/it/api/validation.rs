//! ValidateStateMachineDefinition.

use serde_json::json;

use super::{Client, pass};

#[tokio::test]
async fn a_definition_is_looked_at_and_nothing_is_made_of_it() {
    let client = Client::new().await;
    let good = client.call("ValidateStateMachineDefinition", json!({ "definition": pass("it") })).await;
    assert_eq!(good, json!({ "result": "OK", "diagnostics": [], "truncated": false }));
    let bad = json!({ "StartAt": "A", "States": {
        "A": { "Type": "Pass", "Next": "B" },
        "B": { "Type": "Wait", "Seconds": 1, "End": true, "Odd": 1 },
    }, "Strange": 1 });
    let params = json!({ "definition": bad.to_string() });
    let answer = client.call("ValidateStateMachineDefinition", params).await;
    assert_eq!((&answer["result"], &answer["truncated"]), (&json!("FAIL"), &json!(false)));
    let found = answer["diagnostics"].as_array().unwrap();
    assert_eq!(found.len(), 2, "{answer}");
    for diagnostic in found {
        assert_eq!(
            (&diagnostic["severity"], &diagnostic["code"]),
            (&json!("ERROR"), &json!("SCHEMA_VALIDATION_FAILED"))
        );
        assert!(
            diagnostic["location"].as_str().unwrap().starts_with('/')
                && !diagnostic["message"].as_str().unwrap().is_empty()
        );
    }
    let first = json!({ "definition": bad.to_string(), "maxResults": 1 });
    let first = client.call("ValidateStateMachineDefinition", first).await;
    assert_eq!((first["diagnostics"].as_array().unwrap().len(), &first["truncated"]), (1, &json!(true)));
    let idle = json!({ "StartAt": "A", "States": { "A": { "Type": "Task", "End": true,
        "Resource": "arn:aws:states:::sns:publish", "Parameters": { "TopicArn": "t" } } } });
    let idle = client.call("ValidateStateMachineDefinition", json!({ "definition": idle.to_string() })).await;
    let lacks = json!({ "severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED",
        "message": "The field 'Message' is required but was missing", "location": "/States/A/Parameters" });
    assert_eq!(idle["diagnostics"], json!([lacks]));
    let activity = json!({ "StartAt": "A", "States": { "A": { "Type": "Task", "End": true,
        "Resource": "arn:aws:states:us-east-1:000000000000:activity:a" } } });
    for (kind, result) in [("STANDARD", "OK"), ("EXPRESS", "FAIL")] {
        let params = json!({ "definition": activity.to_string(), "type": kind });
        assert_eq!(client.call("ValidateStateMachineDefinition", params).await["result"], result, "{kind}");
    }
    for severity in ["ERROR", "WARNING"] {
        let params = json!({ "definition": bad.to_string(), "severity": severity });
        let answer = client.call("ValidateStateMachineDefinition", params).await;
        assert_eq!(
            answer["diagnostics"].as_array().unwrap().len(),
            2,
            "errors are shown by either: {severity}"
        );
    }
    let loud = json!({ "definition": pass("it"), "severity": "LOUD" });
    assert_eq!(client.refused("ValidateStateMachineDefinition", loud).await.0, "ValidationException");
    let many = json!({ "definition": pass("it"), "maxResults": 101 });
    assert_eq!(client.refused("ValidateStateMachineDefinition", many).await.0, "ValidationException");
    assert_eq!(client.call("ListStateMachines", json!({})).await, json!({ "stateMachines": [] }));
}
