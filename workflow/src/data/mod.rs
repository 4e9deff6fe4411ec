//! How data moves through a state: JSONPath, payload templates, reference paths, instants.

pub(crate) mod context;
pub(crate) mod intrinsics;
pub(crate) mod path;
pub(crate) mod reference;
pub(crate) mod template;
pub(crate) mod time;

use serde_json::Value;

/// What an expression looks at: the data of the state, and the context object for `$$`.
pub(crate) struct Scope<'a> {
    pub(crate) data: &'a Value,
    pub(crate) context: &'a context::Context<'a>,
    /// The randomness of the step, for the functions that draw.
    pub(crate) random: &'a std::cell::Cell<u64>,
}
