//! What an express machine, and an express child of a distributed Map, may not have: whatever outlives five minutes, or
//! waits for somebody.

use super::{Pattern, Problem, Resource};
use crate::journal::Kind;
use serde_json::{Map, Value};

/// The problems of a document for a machine of this kind, whatever else is wrong with it.
pub(super) fn problems(document: &Value, kind: Kind) -> Vec<Problem> {
    let mut problems = Vec::new();
    machine(document, kind, "", &mut problems);
    problems
}

fn machine(document: &Value, kind: Kind, pointer: &str, problems: &mut Vec<Problem>) {
    let states = document.get("States").and_then(Value::as_object);
    for (name, state) in states.into_iter().flatten() {
        let pointer = format!("{pointer}/States/{}", name.replace('~', "~0").replace('/', "~1"));
        if let Some(state) = state.as_object() {
            self::state(state, kind, &pointer, problems);
        }
    }
}

fn state(state: &Map<String, Value>, kind: Kind, pointer: &str, problems: &mut Vec<Problem>) {
    let mut refuse = |place: &str, what: &str| {
        let message = format!("Express state machine does not support {what}");
        problems.push(Problem::new(format!("{pointer}/{place}"), message));
    };
    let resource = state.get("Resource").and_then(Value::as_str).and_then(Resource::parse);
    if let Some(what) = resource.as_ref().and_then(refused).filter(|_| kind == Kind::Express) {
        refuse("Resource", what);
    }
    let mut inner = Vec::new();
    for field in ["Iterator", "ItemProcessor"] {
        let Some(processor) = state.get(field) else { continue };
        let children = children(processor);
        if children.is_some() && kind == Kind::Express {
            refuse(&format!("{field}/ProcessorConfig/Mode"), "Distributed Map");
        }
        inner.push((processor, children.unwrap_or(kind), format!("{pointer}/{field}")));
    }
    let branches = state.get("Branches").and_then(Value::as_array);
    for (index, branch) in branches.into_iter().flatten().enumerate() {
        inner.push((branch, kind, format!("{pointer}/Branches[{index}]")));
    }
    for (document, kind, pointer) in inner {
        machine(document, kind, &pointer, problems);
    }
}

/// Of which kind the executions are that a distributed Map starts with this processor; no other Map starts any.
fn children(processor: &Value) -> Option<Kind> {
    let config = processor.get("ProcessorConfig")?;
    (config.get("Mode")? == "DISTRIBUTED").then(|| match config.get("ExecutionType") {
        Some(kind) if kind == "EXPRESS" => Kind::Express,
        _ => Kind::Standard,
    })
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
        let found = problems(&document, Kind::Express);
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
        assert_eq!(super::problems(&document, Kind::Standard), []);
    }

    #[test]
    fn children_of_a_distributed_map_are_of_the_kind_it_says() {
        let waits = "arn:aws:states:::sqs:sendMessage.waitForTaskToken";
        let map = |kind: &str| {
            let task = json!({ "Type": "Task", "Resource": waits, "End": true });
            json!({ "Type": "Map", "ItemProcessor": { "StartAt": "I", "States": { "I": task },
                "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": kind } } })
        };
        let document = json!({ "StartAt": "A", "States": { "A": map("EXPRESS"), "B": map("STANDARD") } });
        let places = |kind| -> Vec<String> {
            problems(&document, kind).into_iter().map(|problem| problem.pointer).collect()
        };
        let task = "/States/A/ItemProcessor/States/I/Resource";
        assert_eq!(places(Kind::Standard), [task]);
        let mode = |state: &str| format!("/States/{state}/ItemProcessor/ProcessorConfig/Mode");
        assert_eq!(places(Kind::Express), [mode("A"), task.to_owned(), mode("B")]);
    }
}
