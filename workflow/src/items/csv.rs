//! Text with delimiters: a row is an item, an object with the headers as its names. A field may be quoted; then it may
//! hold delimiters and line ends, and a quote is written twice. A backslash lets a quote, a delimiter or another backslash
//! stand for itself, and before anything else it is left out. What a row lacks is empty, what it has too much is left out,
//! and empty lines are no rows.

use super::{Item, LONGEST, Unreadable};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The headers may have this many bytes together, as on AWS.
const LONGEST_HEADER: usize = 10 * 1024;

pub(crate) struct Rows {
    headers: Option<Vec<String>>,
    delimiter: u8,
    row: Vec<Vec<u8>>,
    field: Vec<u8>,
    at: At,
    bytes: usize,
    begun: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    FieldStart,
    Plain,
    Quoted,
    /// After a quote in a quoted field: its end, or half of a quote.
    Quote,
    /// After a backslash, in a quoted field or not.
    Backslash {
        quoted: bool,
    },
}

impl At {
    fn is_quoted(self) -> bool {
        matches!(self, At::Quoted | At::Backslash { quoted: true })
    }
}

impl Rows {
    pub(super) fn new(headers: Option<&[Arc<str>]>, delimiter: u8) -> Rows {
        let headers = headers.map(|headers| headers.iter().map(|header| header.to_string()).collect());
        Rows {
            headers,
            delimiter,
            row: Vec::new(),
            field: Vec::new(),
            at: At::FieldStart,
            bytes: 0,
            begun: false,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8], items: &mut Vec<Item>) -> Result<(), Unreadable> {
        bytes.iter().try_for_each(|&byte| self.take(byte, items))
    }

    pub(super) fn end(&mut self, items: &mut Vec<Item>) -> Result<(), Unreadable> {
        if self.at.is_quoted() {
            return Err(Unreadable::new("A quoted field has no end."));
        }
        self.end_row(items)?;
        match &self.headers {
            Some(headers) => check(headers),
            None => Ok(()), // nothing was there at all
        }
    }

    fn take(&mut self, byte: u8, items: &mut Vec<Item>) -> Result<(), Unreadable> {
        self.bytes += 1;
        if self.bytes > LONGEST {
            return Err(Unreadable::too_long());
        }
        if let At::Backslash { quoted } = self.at {
            self.at = if quoted { At::Quoted } else { At::Plain };
            if matches!(byte, b'\\' | b'"') || byte == self.delimiter {
                self.field.push(byte);
                return Ok(());
            }
        }
        match (self.at, byte) {
            (at, b'\\') => self.at = At::Backslash { quoted: at.is_quoted() },
            (At::Quoted, b'"') => self.at = At::Quote,
            (At::Quoted, _) => self.field.push(byte),
            (At::Quote, b'"') => {
                self.field.push(byte);
                self.at = At::Quoted;
            }
            (At::FieldStart, b'"') => self.at = At::Quoted,
            (_, b'\n') => return self.end_row(items),
            (_, _) if byte == self.delimiter => {
                self.row.push(std::mem::take(&mut self.field));
                self.at = At::FieldStart;
            }
            _ => {
                self.field.push(byte);
                self.at = At::Plain;
            }
        }
        Ok(())
    }

    fn end_row(&mut self, items: &mut Vec<Item>) -> Result<(), Unreadable> {
        self.bytes = 0;
        let unquoted = self.at != At::Quote;
        self.at = At::FieldStart;
        if self.field.last() == Some(&b'\r') {
            self.field.pop();
        }
        if self.row.is_empty() && self.field.is_empty() && unquoted {
            return Ok(());
        }
        self.row.push(std::mem::take(&mut self.field));
        let mut fields = self
            .row
            .drain(..)
            .map(String::from_utf8)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| Unreadable::new("The content is not UTF-8."))?;
        if !std::mem::replace(&mut self.begun, true)
            && let Some(bare) = fields.first().and_then(|field| field.strip_prefix('\u{feff}'))
        {
            fields[0] = bare.to_owned();
        }
        let Some(headers) = &self.headers else {
            check(&fields)?;
            self.headers = Some(fields);
            return Ok(());
        };
        let mut fields = fields.into_iter();
        let named =
            headers.iter().map(|header| (header.clone(), Value::from(fields.next().unwrap_or_default())));
        items.push(Item::alone(Value::Object(named.collect::<Map<_, _>>()).to_string()));
        Ok(())
    }
}

fn check(headers: &[String]) -> Result<(), Unreadable> {
    let mut seen = std::collections::HashSet::new();
    if !headers.iter().all(|header| seen.insert(header)) {
        return Err(Unreadable::new("CSV headers cannot contain duplicates."));
    }
    if headers.iter().map(String::len).sum::<usize>() > LONGEST_HEADER {
        return Err(Unreadable::new(format!("CSV headers are longer than {LONGEST_HEADER} bytes.")));
    }
    Ok(())
}
