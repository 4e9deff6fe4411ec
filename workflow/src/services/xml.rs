//! XML answers, read into a tree and from there into the JSON that a state machine sees.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value};

/// An answer nests less deep than this.
const MAX_DEPTH: usize = 64;

/// How the documents of a service become JSON.
pub(super) struct Forms {
    /// Elements that are lists even when they occur once.
    pub(super) lists: &'static [&'static str],
    /// Elements that stand inside a list.
    pub(super) members: &'static [&'static str],
    /// What a field is named after its element.
    pub(super) rename: fn(&str) -> String,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// The root of a document, `None` when it is not well formed.
    pub(super) fn parse(document: &[u8]) -> Option<Element> {
        let mut reader = Reader::from_reader(document);
        let mut open = vec![Element::default()];
        let mut buffer = Vec::new();
        loop {
            let event = reader.read_event_into(&mut buffer).ok()?;
            match event {
                Event::Start(tag) => {
                    if open.len() > MAX_DEPTH {
                        return None;
                    }
                    open.push(Element::named(tag.local_name().as_ref()));
                }
                Event::Empty(tag) => {
                    open.last_mut()?.children.push(Element::named(tag.local_name().as_ref()))
                }
                Event::End(_) => {
                    let done = open.pop()?;
                    open.last_mut()?.children.push(done);
                }
                Event::Text(text) => open.last_mut()?.text.push_str(&text.decode().ok()?),
                Event::CData(text) => open.last_mut()?.text.push_str(&text.decode().ok()?),
                Event::GeneralRef(reference) => {
                    let letter = match reference.resolve_char_ref().ok()? {
                        Some(letter) => letter,
                        None => predefined(&reference)?,
                    };
                    open.last_mut()?.text.push(letter);
                }
                Event::Eof => break,
                _ => {}
            }
            buffer.clear();
        }
        let document = open.pop().filter(|_| open.is_empty())?;
        document.children.into_iter().next()
    }

    fn named(name: &[u8]) -> Self {
        Self { name: String::from_utf8_lossy(name).into_owned(), ..Self::default() }
    }

    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }

    /// As JSON: members are a list, `entry`s a map, what occurs again and again is a list as well.
    pub(super) fn to_value(&self, forms: &Forms) -> Value {
        if self.children.is_empty() {
            return Value::from(self.text.as_str());
        }
        if self.children.iter().all(|child| forms.members.contains(&child.name.as_str())) {
            return self.children.iter().map(|member| member.to_value(forms)).collect();
        }
        if self.children.iter().all(|child| child.name == "entry") {
            let entry = |entry: &Element| {
                let key = entry.text_of("key").unwrap_or_default().to_owned();
                (key, entry.child("value").map_or(Value::Null, |value| value.to_value(forms)))
            };
            return Value::Object(self.children.iter().map(entry).collect());
        }
        let mut fields = Map::new();
        for child in &self.children {
            let value = child.to_value(forms);
            match fields.get_mut(&(forms.rename)(&child.name)) {
                Some(Value::Array(list)) => list.push(value),
                Some(first) => *first = Value::Array(vec![first.take(), value]),
                None => {
                    let value = if forms.lists.contains(&child.name.as_str()) {
                        Value::Array(vec![value])
                    } else {
                        value
                    };
                    fields.insert((forms.rename)(&child.name), value);
                }
            }
        }
        fields.into()
    }
}

fn predefined(name: &[u8]) -> Option<char> {
    Some(match name {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::naming;

    #[test]
    fn an_answer_becomes_the_document_a_state_machine_sees() {
        let text = br#"<?xml version="1.0"?><R xmlns="x"><A>1 &lt; 2&#33;</A><C><K>a</K></C><L><member>x</member></L>
            <M><entry><key>k</key><value>v</value></entry></M><E/><D>1</D><D>2</D></R>"#;
        let value = Element::parse(text).unwrap().to_value(&Forms {
            lists: &["C"],
            members: &["member"],
            rename: naming::shown,
        });
        assert_eq!(
            value,
            serde_json::json!({"A": "1 < 2!", "C": [{"K": "a"}], "L": ["x"], "M": {"k": "v"}, "E": "", "D": ["1", "2"]})
        );
    }

    #[test]
    fn nonsense_and_bottomless_documents_are_no_answers() {
        for text in ["", "no", "<a>", "<a></b>", "<a>&nope;</a>", &"<a>".repeat(100)] {
            assert_eq!(Element::parse(text.as_bytes()), None, "{text}");
        }
    }
}
