//! How the events of one commit are written: a format number, then what the events share, then each event with what it
//! does not share. Numbers are varints, so that most fields take one byte.

use super::{Detail, Event};
use crate::Millis;
use serde::{Deserialize, Serialize};

/// The format of a row. An execution pins it, so that an old history keeps its meaning. Format 2 has more kinds of events
/// than format 1; those of format 1 are written as they were.
pub const FORMAT: u16 = 2;
/// The oldest format that is read.
const OLDEST: u16 = 1;

/// A stored row that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    #[error("a history row has the unknown format {0}")]
    Format(u16),
    #[error("a history row cannot be read: {0}")]
    Row(#[from] postcard::Error),
    #[error("a history row has {0} bytes too many")]
    Tail(usize),
    #[error("a history row counts its events wrong")]
    Number,
}

/// Where a row begins: how many events it holds, and the number of its first visible one.
#[derive(Serialize, Deserialize)]
struct Head {
    count: u32,
    first: u32,
}

/// The events of one step have one instant; it stands once before them.
#[derive(Serialize, Deserialize)]
struct Segment {
    at: Millis,
    count: u32,
}

/// An event without what its row says: how far back its predecessor lies, and whether it has a number.
#[derive(Serialize, Deserialize)]
struct Stored<D> {
    back: u32,
    frame: u32,
    detail: D,
}

/// Appends the events of one commit to `out` as one row. Their numbers are gapless.
pub fn encode(events: &[Event], out: &mut Vec<u8>) {
    let first = events.iter().map(|event| event.id).find(|&id| id > 0).unwrap_or(0);
    let mut row = std::mem::take(out);
    row.extend_from_slice(&FORMAT.to_le_bytes());
    row = append(row, &Head { count: count(events), first });
    for segment in events.chunk_by(|a, b| a.at == b.at) {
        row = append(row, &Segment { at: segment[0].at, count: count(segment) });
        for event in segment {
            let back = event.id.wrapping_sub(event.previous);
            row = append(row, &Stored { back, frame: event.frame, detail: &event.detail });
        }
    }
    *out = row;
}

fn count(events: &[Event]) -> u32 {
    u32::try_from(events.len()).expect("a history has at most 25,000 visible events")
}

fn append(row: Vec<u8>, value: &impl Serialize) -> Vec<u8> {
    postcard::to_extend(value, row).expect("a vector takes everything")
}

/// The events of one row.
pub fn decode(row: &[u8]) -> Result<Vec<Event>, Damaged> {
    let (format, rest) = row.split_first_chunk::<2>().ok_or(postcard::Error::DeserializeUnexpectedEnd)?;
    let format = u16::from_le_bytes(*format);
    if !(OLDEST..=FORMAT).contains(&format) {
        return Err(Damaged::Format(format));
    }
    let (head, mut rest): (Head, &[u8]) = postcard::take_from_bytes(rest)?;
    let (mut events, mut next): (Vec<Event>, u32) = (Vec::new(), head.first);
    while (events.len() as u64) < u64::from(head.count) {
        let (segment, after): (Segment, &[u8]) = postcard::take_from_bytes(rest)?;
        rest = after;
        if segment.count == 0 {
            return Err(Damaged::Number);
        }
        for _ in 0..segment.count {
            let (stored, after): (Stored<Detail>, &[u8]) = postcard::take_from_bytes(rest)?;
            rest = after;
            let id = if stored.detail.is_private() { 0 } else { next };
            if id > 0 {
                next = next.checked_add(1).ok_or(Damaged::Number)?;
            }
            let previous = id.wrapping_sub(stored.back);
            events.push(Event { id, previous, at: segment.at, frame: stored.frame, detail: stored.detail });
        }
    }
    if rest.is_empty() { Ok(events) } else { Err(Damaged::Tail(rest.len())) }
}
