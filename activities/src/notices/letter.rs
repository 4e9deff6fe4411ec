//! A notice as a letter to its owner: a subject, plain words, and the same words in HTML.

use serde_json::Value;
use states::Session;

use super::notice::{Notice, Topic};
use crate::printable::cut;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Of the message; the same at each try.
    pub id: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Longer names, and longer sentences, are cut.
const NAME_CHARS: usize = 80;
const LINE_CHARS: usize = 600;

impl Letter {
    /// `session` is the notice's, where it is still there: it knows the file's name.
    pub fn of(notice: &Notice, session: Option<&Session>) -> Self {
        let said = |key: &str| notice.data.get(key).and_then(Value::as_str).unwrap_or_default();
        let named = session.map(|session| cut(&session.source.file_name, NAME_CHARS));
        let name = named.unwrap_or_else(|| format!("session {}", said("sessionId")));
        let (subject, mut lines) = match notice.topic {
            Topic::SessionDone => (
                format!("Done: {name}"),
                vec![format!(
                    "{name} was converted ({}). The result is ready to be taken away.",
                    said("recipe")
                )],
            ),
            Topic::SessionFailed => {
                let problem = notice.data.get("problem").cloned().unwrap_or_default();
                let text = |key: &str| cut(problem[key].as_str().unwrap_or_default(), LINE_CHARS);
                let why = format!("{} {}", text("title"), text("detail"));
                (
                    format!("Failed: {name}"),
                    vec![format!("{name} could not be converted."), why.trim().to_owned()],
                )
            }
            Topic::EndpointDisabled => (
                "A webhook was switched off".to_owned(),
                vec![
                    format!("Nothing is sent to {} any more.", cut(said("endpointUrl"), LINE_CHARS)),
                    cut(said("reason"), LINE_CHARS),
                    "Once it works, switch it on again, and replay what it has missed.".to_owned(),
                ],
            ),
        };
        if notice.data.get("test") == Some(&Value::Bool(true)) {
            lines.push("This is a test; nothing has happened.".to_owned());
        }
        lines.retain(|line| !line.is_empty());
        let link = said("url");
        Self {
            id: notice.id.clone(),
            subject,
            text: format!("{}\n\n{link}\n", lines.join("\n\n")),
            html: html(&lines, link),
        }
    }
}

fn html(lines: &[String], link: &str) -> String {
    let paragraphs: String = lines.iter().map(|line| format!("<p>{}</p>\n", escaped(line))).collect();
    let link = escaped(link);
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><body>\n{paragraphs}\
         <p><a href=\"{link}\">{link}</a></p>\n</body></html>\n"
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use states::Timestamp;

    fn notice(topic: Topic) -> Notice {
        Notice::sample(topic, "x", Timestamp::UNIX_EPOCH, "http://127.0.0.1:8080/sessions/s")
    }

    #[test]
    fn what_came_from_elsewhere_is_neither_markup_nor_a_header() {
        let mut failed = notice(Topic::SessionFailed);
        failed.data["problem"]["detail"] = "<script>\r\nBcc: eve@example.org & \"more\"".into();
        let letter = Letter::of(&failed, None);
        assert_eq!(letter.subject, "Failed: session test");
        assert!(
            letter.html.contains("&lt;script&gt;") && letter.html.contains("&quot;more&quot;"),
            "{}",
            letter.html
        );
        assert!(!letter.html.contains("<script") && !letter.text.contains("\r\nBcc"), "{}", letter.text);
        assert!(letter.text.contains("http://127.0.0.1:8080/sessions/s"));
        assert!(letter.html.contains("<a href=\"http://127.0.0.1:8080/sessions/s\">"));
    }
}
