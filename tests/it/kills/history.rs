//! When two histories are the same: every event, number and field, but for what is drawn or read from the clock anew.

use serde_json::Value;

/// The first thing that differs.
///
/// Branches that run at the same time have no order among each other, so that where there are any, the events are
/// compared without their numbers and as a bag.
pub(super) fn difference(expected: &[Value], got: &[Value]) -> Option<String> {
    if expected.len() != got.len() {
        return Some(format!("{} events, expected {}", got.len(), expected.len()));
    }
    let gapless = got.iter().zip(1..).all(|(event, id)| event["id"] == id);
    if !gapless {
        return Some("its numbers have gaps".to_owned());
    }
    let (mut expected, mut got): (Vec<_>, Vec<_>) =
        (expected.iter().map(masked).collect(), got.iter().map(masked).collect());
    if expected.iter().any(|event| event.to_string().contains("MapState") || is_parallel(event)) {
        for events in [&mut expected, &mut got] {
            events.iter_mut().for_each(without_numbers);
            events.sort_by_key(ToString::to_string);
        }
    }
    let (expected, got) = expected.iter().zip(&got).find(|(expected, got)| expected != got)?;
    Some(format!("got {got}\nexpected {expected}"))
}

fn is_parallel(event: &Value) -> bool {
    event["type"].as_str().is_some_and(|kind| kind.starts_with("Parallel"))
}

fn without_numbers(event: &mut Value) {
    if let Some(fields) = event.as_object_mut() {
        fields.shift_remove("id");
        fields.shift_remove("previousEventId");
    }
}

fn masked(event: &Value) -> Value {
    match event {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| *name != "timestamp");
            Value::Object(kept.map(|(name, value)| (name.clone(), masked(value))).collect())
        }
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::String(text) => Value::String(blotted(text)),
        other => other.clone(),
    }
}

/// The text with every instant, token and id in it made one: they follow from the clock or are drawn.
fn blotted(text: &str) -> String {
    let is_drawn = |word: &str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let hex = word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        let instant = word.len() >= 16 && word.contains('T') && word.ends_with('Z') && digits >= 12;
        let number = word.len() >= 12 && digits == word.len(); // milliseconds
        (hex && word.len() >= 32) || instant || number
    };
    let mut out = String::with_capacity(text.len());
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let mut rest = text;
    while !rest.is_empty() {
        let word = &rest[..rest.find(|c| !inside(c) && c != ':').unwrap_or(rest.len())];
        // A colon joins the parts of an instant and parts those of an ARN.
        let word =
            if is_drawn(word) { word } else { &rest[..rest.find(|c| !inside(c)).unwrap_or(rest.len())] };
        if word.is_empty() {
            let first = rest.chars().next().map_or(0, char::len_utf8);
            out.push_str(&rest[..first]);
            rest = &rest[first..];
        } else {
            out.push_str(if is_drawn(word) { "…" } else { word });
            rest = &rest[word.len()..];
        }
    }
    out
}

#[test]
fn only_what_is_drawn_or_read_from_the_clock_is_blotted() {
    for (text, expected) in [
        ("plain", "plain"),
        ("2026-11-21T07:30:00.123Z", "…"),
        (r#"{"at":"2026-11-21T07:30:00.123Z"}"#, r#"{"at":"…"}"#),
        (
            "arn:aws:states:us-east-1:000000000000:execution:machine:one",
            "arn:aws:states:us-east-1:…:execution:machine:one",
        ),
        ("5f0c0b4c-8a45-4a56-9be6-b1d13f6f1a5a", "…"),
        ("12 of 34", "12 of 34"),
    ] {
        assert_eq!(blotted(text), expected);
    }
}

#[test]
fn a_lost_a_doubled_and_a_changed_event_are_seen() {
    let event = |id: u32, kind: &str, input: &str| serde_json::json!({"id": id, "previousEventId": id - 1, "timestamp": id, "type": kind, "d": {"input": input}});
    let whole = [event(1, "A", "{}"), event(2, "B", "{}"), event(3, "C", "1")];
    assert_eq!(difference(&whole, &whole), None);
    let lost = [event(1, "A", "{}"), event(2, "C", "1")];
    let changed = [event(1, "A", "{}"), event(2, "B", "{}"), event(3, "C", "2")];
    let gap = [event(1, "A", "{}"), event(2, "B", "{}"), event(4, "C", "1")];
    for other in [&lost[..], &changed, &gap] {
        assert!(difference(&whole, other).is_some(), "{other:?}");
    }
}
