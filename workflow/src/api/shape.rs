//! The form of a request: what its members may be, and AWS's words for what they are not. Every violation is told at once.
//!
//! Which operation has which members is written in [`super::model`]; what a well-formed request asks for, nobody here knows.

use serde_json::{Map, Value};

use super::error::Failure;

pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) shape: Shape,
}

pub(super) enum Shape {
    Text(Text),
    OneOf(&'static [&'static str]),
    Integer { least: i64, most: i64 },
    Number { least: f64, most: f64 },
    Flag,
    List { of: &'static Shape, least: usize, most: usize },
    Record(Record),
}

/// The name is the one that AWS prints.
pub(super) struct Record {
    pub(super) name: &'static str,
    pub(super) members: &'static [Member],
}

/// Lengths are in UTF-16 units, as on AWS.
pub(super) struct Text {
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) pattern: Option<Pattern>,
    /// Whether a message leaves the value out.
    pub(super) secret: bool,
}

/// A regular expression as AWS prints it, and who decides.
pub(super) struct Pattern {
    pub(super) text: &'static str,
    pub(super) matches: fn(&str) -> bool,
}

pub(super) const fn need(name: &'static str, shape: Shape) -> Member {
    Member { name, required: true, shape }
}

pub(super) const fn may(name: &'static str, shape: Shape) -> Member {
    Member { name, required: false, shape }
}

pub(super) const fn text(least: usize, most: usize) -> Shape {
    Shape::Text(Text { least, most, pattern: None, secret: false })
}

pub(super) const fn secret(least: usize, most: usize) -> Shape {
    Shape::Text(Text { least, most, pattern: None, secret: true })
}

pub(super) const fn patterned(least: usize, most: usize, pattern: Pattern) -> Shape {
    Shape::Text(Text { least, most, pattern: Some(pattern), secret: false })
}

pub(super) const fn integer(least: i64, most: i64) -> Shape {
    Shape::Integer { least, most }
}

pub(super) const fn list(of: &'static Shape, least: usize, most: usize) -> Shape {
    Shape::List { of, least, most }
}

pub(super) const fn record(name: &'static str, members: &'static [Member]) -> Shape {
    Shape::Record(Record { name, members })
}

/// Checks a request of these members.
pub(super) fn check(members: &'static [Member], request: &Map<String, Value>) -> Result<(), Failure> {
    let mut check = Check { violations: Vec::new() };
    check.members("", members, request)?;
    if check.violations.is_empty() { Ok(()) } else { Err(Failure::violations(&check.violations)) }
}

struct Check {
    violations: Vec<String>,
}

impl Check {
    fn members(
        &mut self,
        path: &str,
        members: &'static [Member],
        fields: &Map<String, Value>,
    ) -> Result<(), Failure> {
        for member in members {
            let path =
                if path.is_empty() { member.name.to_owned() } else { format!("{path}.{}", member.name) };
            match fields.get(member.name).filter(|value| !value.is_null()) {
                Some(value) => self.value(&path, &member.shape, value)?,
                None if member.required => self.violated("Value null", &path, "Member must not be null"),
                None => {}
            }
        }
        Ok(())
    }

    fn value(&mut self, path: &str, shape: &'static Shape, value: &Value) -> Result<(), Failure> {
        match (shape, value) {
            (Shape::Text(shape), Value::String(text)) => self.text(path, shape, text),
            (Shape::OneOf(names), Value::String(text)) => {
                if !names.contains(&text.as_str()) {
                    let rule = format!("Member must satisfy enum value set: [{}]", names.join(", "));
                    self.violated(&format!("Value '{text}'"), path, &rule);
                }
            }
            (Shape::Integer { least, most }, Value::Number(number)) => {
                let Some(number) = number.as_i64() else {
                    return Err(Failure::serialization(
                        "class java.lang.Double can not be converted to an Integer",
                    ));
                };
                self.bounds(path, &number.to_string(), number < *least, number > *most, (least, most));
            }
            (Shape::Number { least, most }, Value::Number(number)) => {
                let value = number.as_f64().unwrap_or_default();
                self.bounds(path, &number.to_string(), value < *least, value > *most, (least, most));
            }
            (Shape::Flag, Value::Bool(_)) => {}
            (Shape::List { of, least, most }, Value::Array(values)) => {
                if let Some(rule) = length(values.len(), *least, *most) {
                    self.violated(&format!("Value '{}'", printed(shape, value)), path, &rule);
                }
                for (index, value) in values.iter().enumerate() {
                    self.value(&format!("{path}.{}.member", index + 1), of, value)?;
                }
            }
            (Shape::Record(record), Value::Object(fields)) => self.members(path, record.members, fields)?,
            (shape, value) => return Err(Failure::serialization(&mismatch(shape, value))),
        }
        Ok(())
    }

    fn text(&mut self, path: &str, shape: &Text, text: &str) {
        let value = if shape.secret { "Value".to_owned() } else { format!("Value '{text}'") };
        // A text has at most as many UTF-16 units as bytes.
        let units = if text.len() > shape.most { text.encode_utf16().count() } else { text.len() };
        if let Some(rule) = length(units, shape.least, shape.most) {
            self.violated(&value, path, &rule);
        }
        if let Some(pattern) = shape.pattern.as_ref().filter(|pattern| !(pattern.matches)(text)) {
            let rule = format!("Member must satisfy regular expression pattern: {}", pattern.text);
            self.violated(&value, path, &rule);
        }
    }

    fn bounds<T: std::fmt::Display>(
        &mut self,
        path: &str,
        number: &str,
        below: bool,
        above: bool,
        (least, most): (T, T),
    ) {
        let value = format!("Value '{number}'");
        if below {
            let rule = format!("Member must have value greater than or equal to {least}");
            self.violated(&value, path, &rule);
        }
        if above {
            self.violated(&value, path, &format!("Member must have value less than or equal to {most}"));
        }
    }

    fn violated(&mut self, value: &str, path: &str, rule: &str) {
        self.violations.push(format!("{value} at '{path}' failed to satisfy constraint: {rule}"));
    }
}

fn length(length: usize, least: usize, most: usize) -> Option<String> {
    if length < least {
        return Some(format!("Member must have length greater than or equal to {least}"));
    }
    (length > most).then(|| format!("Member must have length less than or equal to {most}"))
}

/// A value as AWS prints it in a message.
fn printed(shape: &Shape, value: &Value) -> String {
    match (shape, value) {
        (Shape::List { of, .. }, Value::Array(values)) => {
            let printed: Vec<_> = values.iter().map(|value| self::printed(of, value)).collect();
            format!("[{}]", printed.join(", "))
        }
        (Shape::Record(record), Value::Object(fields)) => {
            let given = record.members.iter().filter_map(|member| {
                let value = fields.get(member.name)?;
                Some(format!("{}={}", member.name, self::printed(&member.shape, value)))
            });
            format!("{}({})", record.name, given.collect::<Vec<_>>().join(", "))
        }
        (_, Value::String(text)) => text.clone(),
        (_, value) => value.to_string(),
    }
}

fn mismatch(shape: &Shape, value: &Value) -> String {
    let wanted = match shape {
        Shape::Text(_) | Shape::OneOf(_) => "a String",
        Shape::Integer { .. } => "an Integer",
        Shape::Number { .. } => "a Double",
        Shape::Flag => "a Boolean",
        Shape::List { .. } => "a List",
        Shape::Record(_) => "a Structure",
    };
    let found = match value {
        Value::Object(_) => return "Start of structure or map found where not expected.".to_owned(),
        Value::Array(_) => return "Start of list found where not expected".to_owned(),
        Value::String(_) => "STRING_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Null => "NULL_VALUE",
    };
    format!("{found} can not be converted to {wanted}")
}
