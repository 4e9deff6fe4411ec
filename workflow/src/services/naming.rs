//! Names as Step Functions shows them: those of version 2 of the Java SDK with a capital in front, whatever the wire says.

use serde_json::{Map, Value};

use crate::Millis;

/// A member's name on the wire as it stands in parameters and results: a run of capitals in front is one word.
pub(super) fn shown(wire: &str) -> String {
    let letters: Vec<char> = wire.chars().collect();
    let run = letters.iter().take_while(|letter| letter.is_ascii_uppercase()).count();
    let ends_in_next_word = letters.get(run).is_some_and(char::is_ascii_lowercase);
    let word = if ends_in_next_word { run.saturating_sub(1) } else { run };
    let cased = letters.iter().enumerate().map(|(at, letter)| match at {
        0 => letter.to_ascii_uppercase(),
        _ if at < word => letter.to_ascii_lowercase(),
        _ => *letter,
    });
    cased.collect()
}

/// A name with a small letter in front, as Step Functions' own API has it.
pub(super) fn small(name: &str) -> String {
    with_first(name, |letter| letter.to_ascii_lowercase())
}

/// A name with a capital in front: an action from how a resource names it.
pub(super) fn capital(name: &str) -> String {
    with_first(name, |letter| letter.to_ascii_uppercase())
}

fn with_first(name: &str, change: impl FnOnce(char) -> char) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| std::iter::once(change(first)).chain(letters).collect()).unwrap_or_default()
}

/// The same document with every field renamed.
pub(super) fn renamed(value: Value, rename: fn(&str) -> String) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields.into_iter().map(|(name, value)| (rename(&name), renamed(value, rename))).collect(),
        ),
        Value::Array(items) => items.into_iter().map(|item| renamed(item, rename)).collect(),
        other => other,
    }
}

/// In the order of the names, as the SDK's objects are written.
pub(super) fn sorted(mut fields: Map<String, Value>) -> Map<String, Value> {
    fields.sort_keys();
    fields
}

/// An instant as `aws-sdk:` shows it.
pub(super) fn instant(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |at| at.to_string())
}

/// A value for a field that is text: an object or a list is written as JSON.
pub(super) fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_capitals_is_one_word() {
        for (wire, name) in [
            ("MD5OfMessageBody", "Md5OfMessageBody"),
            ("ETag", "ETag"),
            ("SSEKMSKeyId", "SsekmsKeyId"),
            ("ACL", "Acl"),
            ("MessageId", "MessageId"),
            ("executionArn", "ExecutionArn"),
            ("ChecksumCRC32", "ChecksumCRC32"),
            ("ID", "Id"),
            ("", ""),
        ] {
            assert_eq!(shown(wire), name);
        }
        assert_eq!(
            (small("StateMachineArn"), capital("getItem")),
            ("stateMachineArn".into(), "GetItem".into())
        );
    }

    #[test]
    fn names_change_at_every_depth_and_values_at_none() {
        let document = serde_json::json!({"Tags": [{"Key": "A", "Value": "B"}], "N": 1});
        assert_eq!(renamed(document, small).to_string(), r#"{"tags":[{"key":"A","value":"B"}],"n":1}"#);
    }
}
