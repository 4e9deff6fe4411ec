//! How the events of one commit are written: a format number, then what the events share, then each event with what it
//! does not share. Numbers are varints, so that most fields take one byte.

use super::{Detail, Event};
use crate::Millis;
use serde::{Deserialize, Serialize};

/// The format of a row. An execution pins it, so that an old history keeps its meaning.
pub const FORMAT: u16 = 1;

/// A stored row that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    #[error("a history row has the unknown format {0}")]
    Format(u16),
    #[error("a history row cannot be read: {0}")]
    Row(#[from] postcard::Error),
    #[error("a history row has {0} bytes too many")]
    Tail(usize),
    #[error("a history row has an event number out of range")]
    Number,
}

/// Where a row begins: the instant of all its events, and the number of its first visible one.
#[derive(Serialize, Deserialize)]
struct Head {
    at: Millis,
    first: u32,
    count: u32,
}

/// An event without what its row says: how far back its predecessor lies, and whether it has a number.
#[derive(Serialize, Deserialize)]
struct Stored<D> {
    back: u32,
    frame: u32,
    detail: D,
}

/// Appends the events of one commit to `out` as one row. All events of a step have one instant and gapless numbers.
pub fn encode(events: &[Event], out: &mut Vec<u8>) {
    let at = events.first().map_or(0, |event| event.at);
    let first = events.iter().map(|event| event.id).find(|&id| id > 0).unwrap_or(0);
    let head = Head { at, first, count: u32::try_from(events.len()).expect("a step makes few events") };
    let mut row = std::mem::take(out);
    row.extend_from_slice(&FORMAT.to_le_bytes());
    row = postcard::to_extend(&head, row).expect("a vector takes everything");
    for event in events {
        debug_assert_eq!(event.at, at, "the events of a step have one instant");
        let stored =
            Stored { back: event.id.wrapping_sub(event.previous), frame: event.frame, detail: &event.detail };
        row = postcard::to_extend(&stored, row).expect("a vector takes everything");
    }
    *out = row;
}

/// The events of one row.
pub fn decode(row: &[u8]) -> Result<Vec<Event>, Damaged> {
    let (format, rest) = row.split_first_chunk::<2>().ok_or(postcard::Error::DeserializeUnexpectedEnd)?;
    let format = u16::from_le_bytes(*format);
    if format != FORMAT {
        return Err(Damaged::Format(format));
    }
    let (head, mut rest): (Head, &[u8]) = postcard::take_from_bytes(rest)?;
    let mut events = Vec::new();
    let mut next = head.first;
    for _ in 0..head.count {
        let (stored, after): (Stored<Detail>, &[u8]) = postcard::take_from_bytes(rest)?;
        rest = after;
        let id = if stored.detail.is_private() {
            0
        } else {
            let id = next;
            next = next.checked_add(1).ok_or(Damaged::Number)?;
            id
        };
        let previous = id.wrapping_sub(stored.back);
        events.push(Event { id, previous, at: head.at, frame: stored.frame, detail: stored.detail });
    }
    if rest.is_empty() { Ok(events) } else { Err(Damaged::Tail(rest.len())) }
}
