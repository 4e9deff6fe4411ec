//! What a service task must be given. AWS looks when a machine is made, and in the document alone: a field that a path or a
//! query will find counts as given, and so does everything where the whole object is found by one.
//!
//! Only what AWS is known to refuse is refused here; the rest fails when the call is made.

use super::Resource;
use super::fields::Fields;
use crate::data::expression::Language;

/// What actions of optimised integrations cannot do without.
const NEEDED: [(&str, &str, &[&str]); 11] = [
    ("dynamodb", "deleteItem", &["TableName", "Key"]),
    ("dynamodb", "getItem", &["TableName", "Key"]),
    ("dynamodb", "putItem", &["TableName", "Item"]),
    ("dynamodb", "updateItem", &["TableName", "Key"]),
    ("ecs", "runTask", &["TaskDefinition"]),
    ("events", "putEvents", &["Entries"]),
    ("glue", "startJobRun", &["JobName"]),
    ("lambda", "invoke", &["FunctionName"]),
    ("sns", "publish", &["Message"]),
    ("sqs", "sendMessage", &["QueueUrl", "MessageBody"]),
    ("states", "startExecution", &["StateMachineArn"]),
];

/// Notes what the task lacks to call this resource.
pub(crate) fn check(fields: &Fields<'_>, resource: &Resource) {
    let Resource::Service { arn, service, action, .. } = resource else { return };
    let name = match fields.language {
        Language::JsonPath => "Parameters",
        Language::Jsonata => "Arguments",
    };
    let Some(given) = fields.get_any(name) else {
        return fields.problem("", format!("{name} field is required for resource ARN: {arn}"));
    };
    let Some(given) = given.as_object() else { return };
    let action = NEEDED.iter().find(|(of, does, _)| *of == service && *does == action);
    for needed in action.into_iter().flat_map(|(.., needed)| *needed) {
        if !given.contains_key(*needed) && !given.contains_key(&format!("{needed}.$")) {
            fields.problem(name, format!("The field '{needed}' is required but was missing"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::Definition;

    fn problems(resource: &str, more: &Value) -> Vec<String> {
        let mut task =
            json!({ "Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "End": true });
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let document = json!({ "StartAt": "T", "States": { "T": task } }).to_string();
        let found = Definition::parse(&document).err().unwrap_or_default();
        found.iter().map(ToString::to_string).collect()
    }

    fn missing(field: &str, of: &str) -> String {
        format!("SCHEMA_VALIDATION_FAILED: The field '{field}' is required but was missing at /States/T/{of}")
    }

    #[test]
    fn what_an_action_needs_must_be_given_in_either_language() {
        for (resource, given, lacks) in [
            ("lambda:invoke", json!({}), vec!["FunctionName"]),
            ("lambda:invoke.waitForTaskToken", json!({ "Payload.$": "$$.Task.Token" }), vec!["FunctionName"]),
            ("sqs:sendMessage", json!({}), vec!["QueueUrl", "MessageBody"]),
            ("sns:publish", json!({ "TopicArn": "t" }), vec!["Message"]),
            ("dynamodb:putItem", json!({ "TableName": "t", "Key": {} }), vec!["Item"]),
            ("states:startExecution.sync:2", json!({ "stateMachineArn": "m" }), vec!["StateMachineArn"]),
            ("sqs:sendMessage", json!({ "QueueUrl.$": "$.q", "MessageBody.$": "$" }), vec![]),
            ("sns:publish", json!({ "Message": null }), vec![]),
            ("aws-sdk:sqs:sendMessage", json!({}), vec![]),
            ("http:invoke", json!({}), vec![]),
        ] {
            let of = |field: &str| lacks.iter().map(|lacks| missing(lacks, field)).collect::<Vec<_>>();
            let paths = json!({ "Parameters": given });
            assert_eq!(problems(resource, &paths), of("Parameters"), "{resource} {given}");
            if !given.to_string().contains(".$") {
                let queries = json!({ "QueryLanguage": "JSONata", "Arguments": given });
                assert_eq!(problems(resource, &queries), of("Arguments"), "{resource} {given}");
            }
        }
    }

    #[test]
    fn a_service_is_never_called_with_the_bare_input() {
        for (resource, more, field) in [
            ("lambda:invoke", json!({}), "Parameters"),
            ("lambda:invoke", json!({ "InputPath": "$.a" }), "Parameters"),
            ("aws-sdk:s3:listBuckets", json!({}), "Parameters"),
            ("sqs:sendMessage", json!({ "QueryLanguage": "JSONata" }), "Arguments"),
        ] {
            let message = format!(
                "SCHEMA_VALIDATION_FAILED: {field} field is required for resource ARN: arn:aws:states:::{resource} at /States/T"
            );
            assert_eq!(problems(resource, &more), [message], "{resource}");
        }
        let found = json!({ "QueryLanguage": "JSONata", "Arguments": "{% $states.input %}" });
        assert_eq!(problems("sqs:sendMessage", &found), [] as [String; 0]);
    }

    #[test]
    fn nothing_is_asked_of_functions_and_activities() {
        for resource in [
            "arn:aws:lambda:us-east-1:123456789012:function:f",
            "arn:aws:states:us-east-1:123456789012:activity:a",
        ] {
            let document = json!({ "StartAt": "T", "States": {
                "T": { "Type": "Task", "Resource": resource, "End": true } } });
            assert!(Definition::parse(&document.to_string()).is_ok(), "{resource}");
        }
    }
}
