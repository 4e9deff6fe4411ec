//! Definitions looked at without making a machine of them.

use serde_json::{Value, json};

use super::params::Params;
use super::state_machines::kind;
use crate::{Problem, definition};

/// Diagnostics of one answer, when nothing is said and at most.
const MOST: usize = 100;

/// Every problem at once. All of ours are errors: none is a mere warning.
pub(super) fn validate(params: &Params) -> Value {
    let found = definition::check(params.text("definition"), kind(params)).err().unwrap_or_default();
    let most = params.number("maxResults").and_then(|most| usize::try_from(most).ok());
    let most = most.filter(|most| *most > 0).unwrap_or(MOST);
    json!({
        "result": if found.is_empty() { "OK" } else { "FAIL" },
        "diagnostics": found.iter().take(most).map(diagnostic).collect::<Vec<_>>(),
        "truncated": found.len() > most,
    })
}

fn diagnostic(problem: &Problem) -> Value {
    json!({
        "severity": "ERROR",
        "code": problem.code.as_str(),
        "message": problem.message,
        "location": problem.pointer,
    })
}
