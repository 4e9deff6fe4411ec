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

/// Data may nest this deep; the parser ends a little below.
pub(crate) const MAX_NESTING: usize = 100;

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
