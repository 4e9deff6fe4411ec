//! An expression in a state of its own, tried on a document: the way that every expression of an execution goes.

use serde_json::Value;
use workflow::Definition;
use workflow::step::{Tick, Trial, Tried, try_state};

/// What the state gives for this input; `None` when the definition is refused, or the state fails.
pub(crate) fn output(state: &Value, input: &str) -> Option<String> {
    let definition = Definition::parse_state(&state.to_string()).ok()?;
    let trial = Trial {
        input: input.into(),
        variables: vec![("x".into(), r#"{"list":[1,"a",null],"n":-7}"#.into())],
        ..Trial::default()
    };
    match try_state(&definition, definition.start(), &trial, Tick { now: 1_700_000_000_000, seed: 7 }) {
        Tried::Ended(report) => {
            assert!(report.output.is_some() || report.failure.is_some(), "neither an output nor an error");
            report.output.map(|output| output.to_string())
        }
        other => panic!("a Pass state ends: {other:?}"),
    }
}

/// The document when it is JSON, otherwise one with something of each kind.
pub(crate) fn document(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(_) => text.to_owned(),
        Err(_) => {
            r#"{"a":[1,{"b":"x","c":[[2],3.5]}],"n":{"a":null,"b":true},"list":[3,1,2],"s":"text"}"#.into()
        }
    }
}
