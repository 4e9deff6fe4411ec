//! A message as a receiver has it: the three headers that matter, and the body. Saved, it is an HTTP request as text.

use std::fmt::Write as _;

use activities::webhook::Secret;
use activities::webhook::sign::Forged;
use states::Timestamp;

pub(super) struct Message {
    pub(super) id: String,
    pub(super) timestamp: String,
    pub(super) signature: String,
    pub(super) body: Vec<u8>,
}

const HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

impl Message {
    /// From headers as `get` finds them; an error names the one that is missing.
    pub(super) fn of<'a>(get: impl Fn(&str) -> Option<&'a str>, body: Vec<u8>) -> Result<Self, &'static str> {
        let [id, timestamp, signature] = HEADERS.map(|name| get(name).map(ToOwned::to_owned).ok_or(name));
        Ok(Self { id: id?, timestamp: timestamp?, signature: signature?, body })
    }

    /// Headers, an empty line, the body. A line before them that says what was asked is passed over.
    pub(super) fn parse(saved: &[u8]) -> Result<Self, &'static str> {
        let end =
            |mark: &[u8]| saved.windows(mark.len()).position(|at| at == mark).map(|at| (at, at + mark.len()));
        let ends = [end(b"\r\n\r\n"), end(b"\n\n")].into_iter().flatten().min();
        let (head, body) = ends.unwrap_or((saved.len(), saved.len()));
        let text = String::from_utf8_lossy(&saved[..head]).into_owned();
        let get = |wanted: &str| {
            let headers = text.lines().filter_map(|line| line.split_once(':'));
            let mut same = headers.filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
            same.next().map(|(_, value)| value.trim())
        };
        Self::of(get, saved[body..].to_vec())
    }

    /// As [`Message::parse`] reads it.
    pub(super) fn saved(&self) -> Vec<u8> {
        let values = [&self.id, &self.timestamp, &self.signature];
        let mut text = String::new();
        for (name, value) in HEADERS.iter().zip(values) {
            writeln!(text, "{name}: {value}").expect("a String takes all that is written");
        }
        [text.as_bytes(), b"\n", &self.body].concat()
    }

    pub(super) fn verify(&self, secret: &Secret, now: Timestamp) -> Result<(), Forged> {
        secret.verify(&self.id, &self.timestamp, &self.signature, &self.body, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_read_again_to_the_byte() {
        let body = b"{\"a\":1}\n\n\xff".to_vec();
        for saved in [
            [b"POST /hook HTTP/1.1\r\nWebhook-Id: m\r\nWEBHOOK-TIMESTAMP: 7\r\nwebhook-signature: v1,x v1,y\r\n\r\n"
                .as_slice(), &body]
            .concat(),
            Message { id: "m".into(), timestamp: "7".into(), signature: "v1,x v1,y".into(), body: body.clone() }
                .saved(),
        ] {
            let message = Message::parse(&saved).unwrap();
            assert_eq!((message.id.as_str(), message.timestamp.as_str()), ("m", "7"));
            assert_eq!((message.signature.as_str(), &message.body), ("v1,x v1,y", &body));
        }
        assert_eq!(Message::parse(b"webhook-id: m\n\n{}").err(), Some("webhook-timestamp"));
    }
}
