//! Cases recorded on AWS, when the variable `ASL_CASES` names their folder: those that need no task and no API but a start
//! and the history are run here, and their histories compared field by field.

use crate::engine::world::World;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use workflow::{Definition, Input};

/// Recordings that the core alone cannot meet, and why.
const ELSEWHERE: [(&str, &str); 2] = [
    (
        "test_timestamp_too_far_in_future_boundary_24855",
        "it lies at the limit of a wait as seen from one day, and its recording ends while it waits",
    ),
    (
        "test_max_concurrency_path_negative",
        "its recording ends after the first event, without one that says how the execution ended",
    ),
];

#[test]
fn recorded_histories_are_ours() {
    let Some(folder) = std::env::var_os("ASL_CASES") else {
        eprintln!("skipped: ASL_CASES is not set");
        return;
    };
    let mut paths: Vec<_> = std::fs::read_dir(Path::new(&folder).join("cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let (mut same, mut different) = (0, Vec::new());
    for path in paths {
        match compare(&path) {
            Ok(None) => {}
            Ok(Some(None)) => same += 1,
            Ok(Some(Some(difference))) => different.push(format!("{}\n  {difference}", path.display())),
            Err(error) => different.push(format!("{}\n  {error:#}", path.display())),
        }
    }
    println!("{same} recorded histories are the same");
    assert!(different.is_empty() && same > 0, "{} differ:\n{}", different.len(), different.join("\n"));
}

/// `None` when the case is not for the core alone.
fn compare(path: &Path) -> Result<Option<Option<String>>> {
    let case: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    if !is_for_the_core(path, &case) {
        return Ok(None);
    }
    let steps = case["steps"].as_array().context("steps")?;
    let param = |op: &str, name: &str| {
        let found: Vec<&str> = steps
            .iter()
            .filter(|step| step["op"] == op)
            .filter_map(|step| step["params"][name].as_str())
            .collect();
        if found.len() == 1 { Some(found[0].to_owned()) } else { None }
    };
    let expected = case["expects"]
        .as_array()
        .context("expects")?
        .iter()
        .find_map(|expect| expect["expected"]["events"].as_array());
    let (Some(definition), Some(input), Some(expected)) =
        (param("CreateStateMachine", "definition"), param("StartExecution", "input"), expected)
    else {
        return Ok(None);
    };
    let definition = match Definition::parse(&definition) {
        Ok(definition) => definition,
        Err(problems) => return Ok(Some(Some(format!("{problems:?}")))),
    };
    let mut world = World::new(Arc::new(definition), 1);
    let _ = world.give(Input::Start { input: input.into() })?;
    while world.execution.must_continue() {
        let _ = world.give(Input::Continue)?;
    }
    let history = world.history()?;
    Ok(Some(unlike(&history, expected)))
}

/// Whether nothing but the core has a part in its histories, and they can be met.
pub(crate) fn is_for_the_core(path: &Path, case: &Value) -> bool {
    let is_empty = |name: &str| case[name].as_array().is_some_and(Vec::is_empty);
    let is_elsewhere = ELSEWHERE.iter().any(|(name, _)| path.to_string_lossy().contains(name));
    is_empty("resources") && is_empty("lambdas") && !is_elsewhere && !case.to_string().contains("DISTRIBUTED")
}

/// Where a history is not the recorded one.
pub(crate) fn unlike(history: &[Value], recorded: &[Value]) -> Option<String> {
    // Branches that run at the same time have no order: their numbers were left out of the recording.
    let numbered = recorded.iter().filter(|event| event["id"].is_number());
    for wanted in numbered {
        let got = history.iter().find(|event| event["id"] == wanted["id"]).unwrap_or(&Value::Null);
        if let Some(difference) = difference(got, wanted) {
            return Some(format!("{difference}\n  got {got}\n  aws {wanted}"));
        }
    }
    let last = recorded.iter().filter_map(|event| event["id"].as_u64()).max();
    (last != Some(history.len() as u64)).then(|| format!("{} events, AWS has {last:?}", history.len()))
}

/// Where ours differs; what the recording masked cannot.
fn difference(got: &Value, wanted: &Value) -> Option<String> {
    let masked = wanted.as_str().is_some_and(|text| text.starts_with('<') || text == "RandomNumberGenerated");
    match (got, wanted) {
        _ if masked || got == wanted => None,
        (Value::Object(ours), Value::Object(theirs)) => {
            let names = |fields: &serde_json::Map<String, Value>| {
                fields.keys().cloned().collect::<std::collections::BTreeSet<_>>()
            };
            if names(ours) != names(theirs) {
                return Some(format!("fields {:?}, AWS has {:?}", names(ours), names(theirs)));
            }
            let compared = ours.iter().filter(|(name, _)| !matches!(name.as_str(), "timestamp" | "roleArn"));
            compared.into_iter().find_map(|(name, value)| {
                difference(value, &theirs[name]).map(|what| format!("{name}: {what}"))
            })
        }
        // A payload is text with us, and was read by the recorder unless it is no object.
        (Value::String(text), wanted) => {
            let theirs = wanted.as_str().and_then(|text| serde_json::from_str(text).ok());
            match serde_json::from_str::<Value>(text) {
                Ok(ours) => difference(&ours, theirs.as_ref().unwrap_or(wanted)),
                Err(_) => Some(format!("{text} is not {wanted}")),
            }
        }
        (got, wanted) => Some(format!("{got} is not {wanted}")),
    }
}
