//! The events of an execution as they are printed: a line each, for people or as JSON.

use serde_json::Value;

use super::super::Failure;
use super::super::screen::{line, printable};

/// A value longer than this is cut on the screen; `--json` shows all of it.
const WIDE: usize = 160;

pub(super) fn event(event: &Value, json: bool) -> Result<(), Failure> {
    if json {
        return line(event);
    }
    let at = event["timestamp"].as_f64().unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of our age fit")]
    let at = jiff::Timestamp::from_millisecond((at * 1000.0).round() as i64).unwrap_or_default();
    let kind = event["type"].as_str().unwrap_or_default();
    let id = event["id"].as_u64().unwrap_or_default();
    let told = format!("{id:>5}  {}  {kind}{}", at.strftime("%H:%M:%S%.3f"), details(event));
    line(printable(&told))
}

/// The fields of the event's own object that say something to a reader, each as `name=value`.
fn details(event: &Value) -> String {
    let own =
        event.as_object().and_then(|fields| fields.iter().find(|(name, _)| name.ends_with("EventDetails")));
    let fields = own.and_then(|(_, details)| details.as_object()).into_iter().flatten();
    let shown =
        fields.filter(|(name, _)| !name.ends_with("Details") && *name != "roleArn" && *name != "region");
    shown.map(|(name, value)| format!("  {name}={}", cut(value))).collect()
}

fn cut(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    if text.len() <= WIDE { text } else { format!("{}…", &text[..text.floor_char_boundary(WIDE)]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_long_value_is_cut_and_noise_is_left_out() {
        let event =
            json!({"taskFailedEventDetails": {"error": "E", "cause": "ü".repeat(200), "region": "r"}});
        let told = details(&event);
        assert!(
            told.starts_with("  error=E  cause=üü") && told.ends_with('…') && !told.contains("region"),
            "{told}"
        );
        assert_eq!(details(&json!({"type": "LambdaFunctionStarted"})), "");
    }
}
