//! Reference paths: where `ResultPath` puts a result.

use super::path::Path;
use serde_json::{Map, Value};

/// A path of plain names and indices.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reference {
    text: Box<str>,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Name(Box<str>),
    Index(usize),
}

/// The result cannot be put there: a value in between is of another type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Unable to apply ReferencePath {path} to input {input}")]
pub(crate) struct Mismatch {
    pub(crate) path: String,
    pub(crate) input: String,
}

impl Reference {
    /// `None` when the path names more than one place or looks elsewhere than into the data.
    pub(crate) fn new(path: &Path) -> Option<Reference> {
        if !path.reads_data() {
            return None;
        }
        Some(Reference { text: path.text().into(), parts: path.children()? })
    }

    /// `$`: the result takes the place of the input.
    pub(crate) fn is_whole(&self) -> bool {
        self.parts.is_empty()
    }

    /// Puts `result` into `input`, making objects on the way where nothing stands yet.
    pub(crate) fn put(&self, mut input: Value, result: Value) -> Result<Value, Mismatch> {
        match place(&mut input, &self.parts) {
            Some(slot) => {
                *slot = result;
                Ok(input)
            }
            None => Err(Mismatch { path: self.text.to_string(), input: input.to_string() }),
        }
    }
}

fn place<'a>(value: &'a mut Value, parts: &[Part]) -> Option<&'a mut Value> {
    let Some((part, rest)) = parts.split_first() else { return Some(value) };
    let slot = match (part, value) {
        (Part::Name(name), Value::Object(fields)) => {
            fields.entry(name.as_ref()).or_insert_with(|| Value::Object(Map::new()))
        }
        (Part::Index(index), Value::Array(items)) => items.get_mut(*index)?,
        _ => return None,
    };
    place(slot, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_result_is_put_where_the_path_says() {
        for (path, input, expected) in [
            ("$", json!({"a": 1}), Some(json!("r"))),
            ("$.b", json!({"a": 1}), Some(json!({"a": 1, "b": "r"}))),
            ("$.a", json!({"a": {"x": 1}}), Some(json!({"a": "r"}))),
            ("$.x.y", json!({"a": 1}), Some(json!({"a": 1, "x": {"y": "r"}}))),
            ("$.l[1]", json!({"l": [1, 2]}), Some(json!({"l": [1, "r"]}))),
            ("$.l[2]", json!({"l": [1, 2]}), None),
            ("$.a.b", json!({"a": 1}), None),
            ("$.a", json!([1]), None),
        ] {
            let reference = Reference::new(&Path::parse(path).unwrap()).unwrap();
            assert_eq!(reference.put(input.clone(), json!("r")).ok(), expected, "{path} of {input}");
        }
        assert!(Reference::new(&Path::parse("$.a[*]").unwrap()).is_none());
    }
}
