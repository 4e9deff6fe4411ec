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

use crate::history::Form;

/// An item may have this many bytes as it is read; what a child gets is bounded more narrowly.
const LONGEST: usize = 1 << 20;

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
    Json(json::Array),
    Lines(lines::Lines),
    Csv(csv::Rows),
}

impl Splitter {
    /// `None` for a manifest, which names other objects.
    pub(crate) fn of(form: &Form) -> Option<Splitter> {
        Some(match form {
            Form::Json { pointer } => Splitter::Json(json::Array::at(pointer.as_deref())),
            Form::Lines => Splitter::Lines(lines::Lines::default()),
            Form::Csv { headers, delimiter } => Splitter::Csv(csv::Rows::new(headers.as_deref(), *delimiter)),
            Form::Manifest { .. } => return None,
        })
    }

    pub(crate) fn push(&mut self, bytes: &[u8], items: &mut Vec<String>) -> Result<(), Unreadable> {
        match self {
            Splitter::Json(array) => array.push(bytes, items),
            Splitter::Lines(lines) => lines.push(bytes, items),
            Splitter::Csv(rows) => rows.push(bytes, items),
        }
    }

    /// There are no more bytes.
    pub(crate) fn end(&mut self, items: &mut Vec<String>) -> Result<(), Unreadable> {
        match self {
            Splitter::Json(array) => array.end(),
            Splitter::Lines(lines) => lines.end(items),
            Splitter::Csv(rows) => rows.end(items),
        }
    }
}

/// One JSON value, in whole.
fn value(bytes: &[u8]) -> Result<String, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::new("The content is not UTF-8."))?.trim();
    if crate::data::nesting(text) > crate::data::MAX_NESTING {
        return Err(Unreadable::new("An item nests too deep."));
    }
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map_err(|error| Unreadable::new(format!("An item is not JSON: {error}")))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod any_text;
#[cfg(test)]
mod tests;
