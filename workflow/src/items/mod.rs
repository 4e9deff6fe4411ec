//! The items of a map run, as text: taken out of the bytes of an object as these come ([`csv`], [`json`], [`lines`]), or
//! named by a [`manifest`]; put together for a child ([`batch`]); and what came of them written down ([`results`]).
//!
//! All of it is pure, and holds an item or a batch at a time. Who reads and writes is the driver of the run.

pub(crate) mod batch;
mod csv;
mod json;
mod lines;
pub(crate) mod manifest;
pub(crate) mod results;

use crate::data::context::MapItem;
use crate::history::Form;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// An item may have this many bytes as it is read, as on AWS; what a child gets is bounded more narrowly.
const LONGEST: usize = 8 << 20;

/// An item as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// JSON text.
    text: String,
    /// Its name, when it is a property of an object.
    key: Option<String>,
}

impl Item {
    pub(crate) fn alone(text: String) -> Item {
        Item { text, key: None }
    }

    /// As a Map sees it. `source` is the URI of what it was read from.
    pub(crate) fn seen<'a>(&'a self, index: u32, source: &'a str) -> MapItem<'a> {
        MapItem { index, text: &self.text, key: self.key.as_deref(), source }
    }
}

/// The URI of an object, or of a bucket.
pub(crate) fn uri(bucket: &str, key: Option<&str>) -> String {
    key.map_or_else(|| format!("s3://{bucket}"), |key| format!("s3://{bucket}/{key}"))
}

/// Why the items cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreadable(String);

impl Unreadable {
    pub(crate) fn new(why: impl Into<String>) -> Unreadable {
        Unreadable(why.into())
    }

    fn too_long() -> Unreadable {
        Unreadable::new(format!("An item is longer than {LONGEST} bytes."))
    }
}

/// Takes the items out of the bytes of an object, in whatever pieces they come.
pub(crate) enum Splitter {
    Json(json::Collection),
    Lines(lines::Lines),
    Csv(csv::Rows),
}

impl Splitter {
    /// `None` for a manifest, which names other objects.
    pub(crate) fn of(form: &Form) -> Option<Splitter> {
        Some(match form {
            Form::Json { pointer } => Splitter::Json(json::Collection::at(pointer.as_deref())),
            Form::Lines => Splitter::Lines(lines::Lines::default()),
            Form::Csv { headers, delimiter } => Splitter::Csv(csv::Rows::new(headers.as_deref(), *delimiter)),
            Form::Manifest { .. } => return None,
        })
    }

    pub(crate) fn push(&mut self, bytes: &[u8], items: &mut Vec<Item>) -> Result<(), Unreadable> {
        match self {
            Splitter::Json(collection) => collection.push(bytes, items),
            Splitter::Lines(lines) => lines.push(bytes, items),
            Splitter::Csv(rows) => rows.push(bytes, items),
        }
    }

    /// There are no more bytes.
    pub(crate) fn end(&mut self, items: &mut Vec<Item>) -> Result<(), Unreadable> {
        match self {
            Splitter::Json(collection) => collection.end(),
            Splitter::Lines(lines) => lines.end(items),
            Splitter::Csv(rows) => rows.end(items),
        }
    }
}

/// One JSON value, in whole.
fn value(bytes: &[u8]) -> Result<String, Unreadable> {
    let text = shallow(bytes)?;
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(no_json)?;
    Ok(text.to_owned())
}

/// A name and a JSON value.
fn property(bytes: &[u8]) -> Result<Item, Unreadable> {
    let text = shallow(bytes)?;
    let object = format!("{{{text}}}");
    let properties: BTreeMap<String, &RawValue> = serde_json::from_str(&object).map_err(no_json)?;
    let (key, value) = properties
        .into_iter()
        .next()
        .ok_or_else(|| Unreadable::new("An item is not JSON: a property is missing"))?;
    Ok(Item { text: value.get().to_owned(), key: Some(key) })
}

fn shallow(bytes: &[u8]) -> Result<&str, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::new("The content is not UTF-8."))?.trim();
    if crate::data::nesting(text) > crate::data::MAX_NESTING {
        return Err(Unreadable::new("An item nests too deep."));
    }
    Ok(text)
}

fn no_json(error: serde_json::Error) -> Unreadable {
    Unreadable::new(format!("An item is not JSON: {error}"))
}

#[cfg(test)]
mod any_text;
#[cfg(test)]
mod tests;
