//! How data moves through a state: expressions in the languages of a document, templates made of them, what they can
//! see ([`Scope`]), reference paths, instants.

pub(crate) mod context;
pub(crate) mod document;
pub(crate) mod expression;
pub(crate) mod intrinsics;
pub(crate) mod jsonata;
pub(crate) mod path;
pub(crate) mod reference;
pub(crate) mod template;
pub(crate) mod time;

pub(crate) use document::Document;

use crate::{Execution, Millis};
use std::sync::Arc;

/// What an expression can see at one point of a state's work.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// What `$` is in JSONPath.
    pub(crate) data: &'a Document,
    pub(crate) states: States<'a>,
    /// For `$$` and `$states.context`.
    pub(crate) context: &'a context::Context<'a>,
    pub(crate) variables: Variables<'a>,
    /// The time and the randomness of the step, for the functions that ask for them.
    pub(crate) now: Millis,
    pub(crate) random: &'a std::cell::Cell<u64>,
}

/// What JSONata's `$states` holds besides the context object.
#[derive(Clone, Copy)]
pub(crate) struct States<'a> {
    pub(crate) input: &'a Document,
    /// The result of a task or of what ran inside the state, once there is one.
    pub(crate) result: Option<&'a Document>,
    /// Within a Catch: what was caught.
    pub(crate) error: Option<&'a Document>,
}

/// The variables that a branch can read: its own, and those of the branches around it.
#[derive(Clone, Copy)]
pub(crate) struct Variables<'a> {
    pub(crate) execution: &'a Execution,
    pub(crate) frame: u32,
}

impl<'a> Variables<'a> {
    /// The JSON text of a variable; `None` when nothing was assigned to it.
    pub(crate) fn get(self, name: &str) -> Option<&'a Arc<str>> {
        self.execution.variable(self.frame, name)
    }
}
/// Data may nest this deep; the parser ends a little below.
pub(crate) const MAX_NESTING: usize = 100;

/// Why a text may not flow through an execution, if it may not: it is not JSON, or nests too deep.
pub(crate) fn check(text: &str) -> Result<(), String> {
    if nesting(text) > MAX_NESTING {
        return Err(format!("it nests deeper than {MAX_NESTING} levels"));
    }
    serde_json::from_str::<serde::de::IgnoredAny>(text).map(|_| ()).map_err(|error| error.to_string())
}

/// How deep arrays and objects nest in a JSON text.
pub(crate) fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::nesting;

    #[test]
    fn brackets_in_strings_do_not_nest() {
        for (text, expected) in
            [("1", 0), ("[]", 1), (r#"{"a":[{}],"b":[]}"#, 3), (r#"["[[\"[["]"#, 1), (r#"["\\",[]]"#, 2)]
        {
            assert_eq!(nesting(text), expected, "{text}");
        }
    }
}
