//! Between the values of the crate and those of the engine, and its words and those of AWS.

use super::guard::{OUT_OF_MEMORY, OUT_OF_STEPS};
use super::parsed;
use crate::data::Scope;
use jsonata_core::value::{JValue, with_stack};
use serde_json::{Map, Number, Value};

/// What came of an evaluation.
pub(super) enum Kind {
    Data,
    Undefined,
    Function,
}

pub(super) fn kind(value: &JValue) -> Kind {
    match value {
        JValue::Undefined => Kind::Undefined,
        JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => Kind::Function,
        _ => Kind::Data,
    }
}

/// `$states` as it stands at this point of the state's work.
pub(super) fn states(scope: &Scope<'_>) -> JValue {
    let mut states = Map::new();
    let mut add = |name: &str, text: &str| {
        states.insert(name.to_owned(), serde_json::from_str(text).unwrap_or(Value::Null));
    };
    add("input", &scope.states.input.text());
    add("context", &scope.context.value().to_string());
    if let Some(result) = scope.states.result {
        add("result", &result.text());
    }
    if let Some(error) = scope.states.error {
        add("errorOutput", &error.text());
    }
    parsed(&Value::Object(states).to_string())
}

/// `None` when a function stands somewhere in it. A function in an array or object is left out by the language already.
pub(super) fn to_json(value: &JValue) -> Option<Value> {
    with_stack(|| match value {
        JValue::Null => Some(Value::Null),
        JValue::Bool(flag) => Some(Value::Bool(*flag)),
        JValue::Number(number) => Some(number_to_json(*number)),
        JValue::String(text) => Some(Value::String(text.to_string())),
        JValue::Array(items) => items.iter().map(to_json).collect::<Option<Vec<_>>>().map(Value::Array),
        JValue::Object(fields) => {
            let field = |(name, value): (&String, &JValue)| Some((name.clone(), to_json(value)?));
            fields.iter().map(field).collect::<Option<Map<_, _>>>().map(Value::Object)
        }
        _ => None,
    })
}

/// A whole number is written as one. JSON has no word for what is not finite; AWS writes JavaScript's.
fn number_to_json(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53 is exact")]
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or_else(|| Value::String(not_finite(number).to_owned()), Value::Number)
}

fn not_finite(number: f64) -> &'static str {
    match number {
        number if number.is_nan() => "NaN",
        number if number > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

/// What AWS says where the crate says otherwise.
pub(super) fn wording(message: &str) -> String {
    let code = message.split(':').next().unwrap_or_default();
    match code {
        // Ours, and no stack's: what ran too long need not be recursive.
        "U1001" if message.starts_with(OUT_OF_STEPS) => OUT_OF_STEPS.to_owned(),
        "T1006" => "T1006: Attempted to invoke a non-function".to_owned(),
        "D1011" | "U1001" => "U1001: Stack overflow error: Check for non-terminating recursive function.  Consider rewriting as tail-recursive. Depth=101 max=100".to_owned(),
        "D1012" => OUT_OF_STEPS.to_owned(),
        "D2014" | "D2015" => OUT_OF_MEMORY.to_owned(),
        _ => message.to_owned(),
    }
}

/// Tokens as the crate names them, and as they are written.
const TOKENS: [(&str, &str); 12] = [
    ("RightBracket", "]"),
    ("LeftBracket", "["),
    ("RightParen", ")"),
    ("LeftParen", "("),
    ("RightBrace", "}"),
    ("LeftBrace", "{"),
    ("Comma", ","),
    ("Colon", ":"),
    ("Semicolon", ";"),
    ("Dot", "."),
    ("Percent", "%"),
    ("Question", "?"),
];

/// What AWS says of a text that cannot be parsed: without its code, and with tokens as they are written.
pub(super) fn parse_wording(message: &str) -> String {
    let coded = message.len() > 7
        && message.as_bytes()[0] == b'S'
        && message[1..].starts_with(|c: char| c.is_ascii_digit());
    let mut words =
        if coded { message.split_once(": ").map_or(message, |(_, words)| words) } else { message }.to_owned();
    for (name, token) in TOKENS {
        words = words.replace(name, &format!("\"{token}\""));
    }
    words
}
