//! The cases in `tests/asl/cases` leave nothing of the language out: each type of state is run in both query languages, and
//! each predefined error is in a case. Both lists are the engine's own.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use strum::IntoEnumIterator as _;
use workflow::errors::PREDEFINED;
use workflow::history::StateKind;

fn cases() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("asl/cases");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.map(|file| serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()).collect()
}

/// Every state of a level and of the levels inside it: name, type and language.
fn states(level: &Value, language: &str, found: &mut Vec<(String, String, String)>) {
    let language = level["QueryLanguage"].as_str().unwrap_or(language);
    for (name, state) in level["States"].as_object().into_iter().flatten() {
        let own = state["QueryLanguage"].as_str().unwrap_or(language);
        let kind = state["Type"].as_str().unwrap_or_default();
        found.push((name.clone(), kind.to_owned(), own.to_owned()));
        for inner in ["ItemProcessor", "Iterator"] {
            states(&state[inner], language, found);
        }
        for branch in state["Branches"].as_array().into_iter().flatten() {
            states(branch, language, found);
        }
    }
}

/// The names of the states that a case has entered.
fn entered(case: &Value) -> BTreeSet<&str> {
    let events = case["history"].as_array().into_iter().flatten();
    let entered = events.filter(|event| event[3].as_str().is_some_and(|kind| kind.ends_with("StateEntered")));
    entered.filter_map(|event| event[4]["name"].as_str()).collect()
}

#[test]
fn every_type_of_state_is_run_in_both_languages() {
    let mut run = BTreeSet::new();
    for case in cases() {
        let entered = entered(&case);
        let mut found = Vec::new();
        states(&case["definition"], "JSONPath", &mut found);
        let entered = found.into_iter().filter(|(name, ..)| entered.contains(name.as_str()));
        run.extend(entered.map(|(_, kind, language)| (kind, language)));
    }
    for kind in StateKind::iter() {
        for language in ["JSONPath", "JSONata"] {
            let wanted = (format!("{kind:?}"), language.to_owned());
            assert!(run.contains(&wanted), "no case runs a {kind:?} in {language}");
        }
    }
}

/// All texts below a value.
fn texts<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) => {
            found.insert(text);
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        _ => {}
    }
}

#[test]
fn every_predefined_error_is_in_a_case() {
    let cases = cases();
    let mut found = BTreeSet::new();
    for case in &cases {
        // Where a rule names it, and where a history has it.
        texts(&case["definition"], &mut found);
        let events = case["history"].as_array().into_iter().flatten();
        events.for_each(|event| {
            found.extend(event[4]["error"].as_str());
        });
    }
    for error in PREDEFINED {
        assert!(found.contains(error), "no case has {error}");
    }
}
