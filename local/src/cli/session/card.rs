//! A session in words: one line, or a card that a person wants to read. All that came from elsewhere passes
//! [`printable`](super::super::screen::printable).

use std::fmt::Write;

use serde_json::Value;

use super::super::screen::{printable, size};

/// A string of the document, safe to print; nothing where there is none.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map(printable).unwrap_or_default()
}

pub(super) fn percent(session: &Value) -> String {
    format!("{:.1}%", session["progress"].as_f64().unwrap_or_default())
}

/// What it failed of: the sentence, and what was found in this very file.
pub(super) fn problem(session: &Value) -> Option<String> {
    let problem = session.get("problem")?;
    Some(format!("{} {}", text(&problem["title"]), text(&problem["detail"])).trim_end().to_owned())
}

/// Where it stands, in one line.
pub(super) fn stands(session: &Value) -> String {
    let mut line = format!("{} is {}", text(&session["sessionId"]), text(&session["state"]));
    if let Some(problem) = problem(session) {
        line = format!("{line}: {problem}");
    }
    line
}

pub(super) fn card(session: &Value) -> String {
    let mut card = Card::default();
    card.row("Session", &text(&session["sessionId"]));
    let source = &session["source"];
    let bytes = source["size"].as_u64().unwrap_or_default();
    let about = format!("{}, {}", size(bytes), text(&source["contentType"]));
    card.row("File", &format!("{} ({about})", text(&source["fileName"])));
    card.row("Recipe", &text(&session["recipe"]));
    card.row("State", &state(session));
    if let Some(problem) = session.get("problem") {
        card.row("Problem", &format!("{} ({})", text(&problem["title"]), text(&problem["type"])));
        card.row("", &text(&problem["detail"]));
        let redrivable = problem["redrivable"] == true;
        let again = "Another attempt can end otherwise: lockgate session redrive ID";
        card.row("", if redrivable { again } else { "Another attempt would end the same." });
    }
    for output in list(&session["outputs"]) {
        let bytes = output["bytes"].as_u64().unwrap_or_default();
        let about = format!("{}, {}", size(bytes), text(&output["contentType"]));
        card.row("Result", &format!("{} ({about})", text(&output["name"])));
        card.row("", &sound(&output["media"]));
        card.row("", &text(&output["verified"]));
        card.row("", &format!("sha256 {}", text(&output["sha256"])));
        card.row("", &text(&output["url"]));
    }
    for (index, (key, value)) in session["metadata"].as_object().into_iter().flatten().enumerate() {
        card.row(if index == 0 { "Metadata" } else { "" }, &format!("{} = {}", printable(key), text(value)));
    }
    card.row("Trail", &format!("{}  made", instant(&session["createdAt"])));
    for passage in list(&session["trail"]) {
        let (event, to) = (text(&passage["event"]), text(&passage["to"]));
        card.row("", &format!("{}  {event:18} → {to}", instant(&passage["at"])));
    }
    card.0.trim_end().to_owned()
}

/// Lines of a label and what it labels.
#[derive(Default)]
struct Card(String);

impl Card {
    fn row(&mut self, label: &str, says: &str) {
        if !says.is_empty() {
            writeln!(self.0, "{label:9} {says}").expect("a String takes all that is written");
        }
    }
}

fn state(session: &Value) -> String {
    let mut state = text(&session["state"]);
    if session["state"] == "Transcoding" {
        write!(state, ", {}, {}", text(&session["stage"]), percent(session))
            .expect("a String takes all that is written");
    }
    match session["attempt"].as_u64() {
        Some(attempt) if attempt > 1 => format!("{state}, attempt {attempt}"),
        _ => state,
    }
}

/// What a sound is, where the document says so.
fn sound(media: &Value) -> String {
    let number = |key: &str| media[key].as_f64();
    let parts = [
        number("sampleRate").map(|rate| format!("{rate} Hz")),
        number("bitsPerSample").map(|bits| format!("{bits} bit")),
        number("channels").map(|count| format!("{count} channel{}", if count == 1.0 { "" } else { "s" })),
        number("durationSeconds").map(duration),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn duration(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02} h")
    } else {
        format!("{minutes}:{seconds:02} min")
    }
}

/// `2026-11-21 08:46:54` in UTC, of what RFC 3339 writes with a `T`, a fraction and a `Z`.
fn instant(value: &Value) -> String {
    let instant = text(value);
    let seconds = instant.split(['.', 'Z']).next().unwrap_or_default();
    format!("{} UTC", seconds.replace('T', " "))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_hostile_name_does_not_steer_the_terminal() {
        let session = json!({
            "sessionId": "a", "state": "Failed", "source": { "fileName": "\u{1b}]0;x\u{7}.wav", "size": 5 },
            "problem": { "title": "No.", "detail": "found \u{1b}[2J" }, "metadata": { "k\n": "\u{202e}v" },
            "outputs": [{ "name": "\r.flac" }],
        });
        for said in [card(&session), stands(&session)] {
            assert!(said.chars().all(|letter| letter == '\n' || !letter.is_control()), "{said:?}");
            assert!(!said.contains('\u{202e}'), "{said:?}");
        }
    }

    #[test]
    fn times_are_short() {
        assert_eq!([5.0, 61.0, 7322.4].map(duration), ["5.0 s", "1:01 min", "2:02:02 h"]);
        assert_eq!(instant(&json!("2026-11-21T08:46:54.459Z")), "2026-11-21 08:46:54 UTC");
    }
}
