//! What is known of a result, or decides it, as the record has it.

use serde_json::{Map, Value};

/// The entries of an object, as `json!` writes one.
pub(crate) fn facts(json: Value) -> Map<String, Value> {
    match json {
        Value::Object(facts) => facts,
        other => unreachable!("facts are an object, and not {other}"),
    }
}
