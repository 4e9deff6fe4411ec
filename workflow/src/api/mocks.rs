//! Whether a mock fits the state that it is for: only what runs or calls something can be mocked, and a result must look
//! like what the service answers.

use serde_json::Value;

use super::answers;
use super::error::Failure;
use crate::definition::{Pattern, Resource};
use crate::step::Mock;

/// The state's own document, if it can be found.
pub(super) fn state(definition: &str, name: Option<&str>) -> Option<Value> {
    let document: Value = serde_json::from_str(definition).ok()?;
    match name {
        None => Some(document),
        Some(name) => find(&document, name),
    }
}

/// The state of this name, on whatever level.
fn find(document: &Value, name: &str) -> Option<Value> {
    let states = document.get("States")?.as_object()?;
    if let Some(state) = states.get(name) {
        return Some(state.clone());
    }
    states.values().find_map(|state| {
        let branches = state.get("Branches").and_then(Value::as_array).into_iter().flatten();
        let processors = ["Iterator", "ItemProcessor"].into_iter().filter_map(|field| state.get(field));
        branches.chain(processors).find_map(|inner| find(inner, name))
    })
}

pub(super) fn check(mock: &Mock, state: &Value, mode: Option<&str>) -> Result<(), Failure> {
    let kind = state["Type"].as_str().unwrap_or_default();
    if ["Pass", "Wait", "Choice", "Succeed", "Fail"].contains(&kind) {
        return Err(Failure::validation(&format!(
            "State type '{kind}' is not supported when a mock is specified"
        )));
    }
    let Mock::Result(text) = mock else { return Ok(()) };
    let result: Value = serde_json::from_str(text).unwrap_or_default();
    let wrong = match kind {
        "Map" if state.get("ResultWriter").is_some() => {
            (!result.is_object()).then_some("Mocked result must be a JSON object.")
        }
        "Map" | "Parallel" if !result.is_array() => Some("Mocked result must be an array."),
        "Parallel" => (length(&result) != length(&state["Branches"]))
            .then_some("Mocked result must contain the same number of items as number of Parallel branches."),
        "Map" => None,
        _ if mode == Some("NONE") => None,
        _ => {
            let resource = state["Resource"].as_str().unwrap_or_default();
            return check_answer(&result, resource, mode != Some("PRESENT"));
        }
    };
    wrong.map_or(Ok(()), |wrong| Err(Failure::validation(wrong)))
}

fn length(array: &Value) -> Option<usize> {
    array.as_array().map(Vec::len)
}

/// Whether a Map is told what it needs on trial, and no other state what is for a Map.
pub(super) fn check_configuration(configuration: &Value, state: &Value) -> Result<(), Failure> {
    let is_given = |name: &str| !configuration[name].is_null();
    if state["Type"] != "Map" && is_given("mapIterationFailureCount") {
        return Err(Failure::validation(
            "MapIterationFailureCount is only supported when testing a Map state.",
        ));
    }
    if state.get("ItemReader").is_some() && !is_given("mapItemReaderData") {
        return Err(Failure::validation(
            "ItemReader data must be specified when testing a Map state with ItemReader specified.",
        ));
    }
    Ok(())
}

fn check_answer(result: &Value, resource: &str, strict: bool) -> Result<(), Failure> {
    let Some(Resource::Service { service, action, pattern, .. }) = Resource::parse(resource) else {
        return Ok(());
    };
    let action = match pattern {
        Pattern::RequestResponse => action,
        // A job's result is what asking for it answers, not what starting it did.
        Pattern::Sync | Pattern::Sync2 => format!("{action}.sync"),
        // Whoever calls back may say anything.
        Pattern::WaitForTaskToken => return Ok(()),
    };
    if !result.is_object() {
        return Err(Failure::validation("Mocked result must be a valid JSON object."));
    }
    match answers::mismatch(&service, &action, result, strict) {
        Some(wrong) => Err(Failure::validation(&format!("Mock result schema validation error: {wrong}"))),
        None => Ok(()),
    }
}
