//! What an express machine may not have: whatever outlives five minutes, or waits for somebody.

use super::{Pattern, Problem, Resource};
use serde_json::{Map, Value};

/// The problems of a document that is sound otherwise.
pub(super) fn problems(document: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    machine(document, "", &mut problems);
    problems
}

fn machine(document: &Value, pointer: &str, problems: &mut Vec<Problem>) {
    let states = document.get("States").and_then(Value::as_object);
    for (name, state) in states.into_iter().flatten() {
        let pointer = format!("{pointer}/States/{}", name.replace('~', "~0").replace('/', "~1"));
        if let Some(state) = state.as_object() {
            self::state(state, &pointer, problems);
        }
    }
}

fn state(state: &Map<String, Value>, pointer: &str, problems: &mut Vec<Problem>) {
    let resource = state.get("Resource").and_then(Value::as_str).and_then(Resource::parse);
    if let Some(what) = resource.as_ref().and_then(refused) {
        let message = format!("Express state machine does not support {what}");
        problems.push(Problem::new(format!("{pointer}/Resource"), message));
    }
    for field in ["Iterator", "ItemProcessor"] {
        if let Some(inner) = state.get(field) {
            machine(inner, &format!("{pointer}/{field}"), problems);
        }
    }
    let branches = state.get("Branches").and_then(Value::as_array);
    for (index, branch) in branches.into_iter().flatten().enumerate() {
        machine(branch, &format!("{pointer}/Branches[{index}]"), problems);
    }
}

fn refused(resource: &Resource) -> Option<&'static str> {
    match resource {
        Resource::Activity { .. } => Some("Activity ARN"),
        Resource::Service { pattern: Pattern::Sync | Pattern::Sync2, .. } => {
            Some("'.sync' service integration")
        }
        Resource::Service { pattern: Pattern::WaitForTaskToken, .. } => {
            Some("'.waitForTaskToken' service integration")
        }
        Resource::Service { pattern: Pattern::RequestResponse, .. } | Resource::Lambda { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_waits_is_refused_at_every_level_with_its_place() {
        let task = |resource: &str| json!({ "Type": "Task", "Resource": resource, "End": true });
        let inner = |state: Value| json!({ "StartAt": "I", "States": { "I": state } });
        let document = json!({ "StartAt": "A", "States": {
            "A": task("arn:aws:states:::sqs:sendMessage"),
            "B": task("arn:aws:states:::sqs:sendMessage.waitForTaskToken"),
            "C": { "Type": "Parallel", "Branches": [
                inner(task("arn:aws:lambda:us-east-1:000000000000:function:f")),
                inner(task("arn:aws:states:us-east-1:000000000000:activity:a")),
            ] },
            "D": { "Type": "Map", "ItemProcessor": inner(task("arn:aws:states:::states:startExecution.sync:2")) },
        } });
        let found = problems(&document);
        let found: Vec<_> = found.iter().map(|it| (it.pointer.as_str(), it.message.as_str())).collect();
        let refused = |what: &str| format!("Express state machine does not support {what}");
        assert_eq!(
            found,
            [
                ("/States/B/Resource", refused("'.waitForTaskToken' service integration").as_str()),
                ("/States/C/Branches[1]/States/I/Resource", refused("Activity ARN").as_str()),
                (
                    "/States/D/ItemProcessor/States/I/Resource",
                    refused("'.sync' service integration").as_str()
                ),
            ]
        );
    }
}
