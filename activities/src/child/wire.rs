//! What parent and child say to each other: frames of a small head, in postcard, and a body of raw bytes, so that media
//! bytes are never walked through a serialiser. Each side bounds what it accepts from the other before it allocates.
//!
//! The parent begins with [`Tell::Start`] and then only answers reads, with [`Tell::Data`]. The child asks; writes and
//! patches are not answered, they just queue in the socket, so that encoding and storing overlap. There is no word for
//! stopping: the parent kills the child.

use std::io;
use std::num::NonZeroUsize;

use media::{Answer, Job, Problem, Report};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Limits;

/// The largest head. Heads hold names and numbers.
const LARGEST_HEAD: usize = 64 * 1024;
/// The largest body: one read or one portion of the result.
pub(super) const LARGEST_BODY: usize = 1024 * 1024;

/// The length of a frame's prefix: two numbers, the head's length and the body's.
pub(super) const PREFIX: usize = 8;

/// What a child is started for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Work {
    Media(Job),
    /// For tests of what the parent makes of it; not in a release build.
    #[cfg(debug_assertions)]
    Misbehave(super::Misbehaviour),
}

impl Work {
    /// What it may take of what the worker may.
    pub(super) fn within(&self, limits: Limits) -> Limits {
        match self {
            Self::Media(job) => limits.of_job(job),
            #[cfg(debug_assertions)]
            Self::Misbehave(_) => limits,
        }
    }
}

impl From<Job> for Work {
    fn from(job: Job) -> Self {
        Self::Media(job)
    }
}

/// From parent to child.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Tell {
    Start {
        work: Work,
        source_length: u64,
        /// Whether the child has the source as a file, and does not ask for it.
        has_file: bool,
        /// How much more address space than at its start the child may take.
        memory_bytes: u64,
        cpu_seconds: u64,
        processors: NonZeroUsize,
    },
    /// The body is what was asked for; shorter only where the source ends.
    Data,
}

/// From child to parent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Ask {
    ReadAt {
        offset: u64,
        length: u32,
    },
    /// The body continues the result.
    Write,
    /// What follows is another result.
    Next,
    /// The body replaces what was written at this place.
    Patch {
        offset: u64,
    },
    Progress(Report),
    /// The last word.
    End(Result<Answer, Problem>),
}

/// How much of a source of this length is left from `offset` on.
pub(super) fn left_of(length: u64, offset: u64) -> usize {
    usize::try_from(length.saturating_sub(offset)).unwrap_or(usize::MAX)
}

/// A source that gives less than it should has changed.
pub(super) fn source_is_shorter() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the source is not as long as it was")
}

/// A frame, ready to be sent; the body follows it.
pub(super) fn frame(head: &impl Serialize, body_length: usize) -> io::Result<Vec<u8>> {
    let head = postcard::to_stdvec(head).map_err(io::Error::other)?;
    let mut bytes = Vec::with_capacity(PREFIX + head.len());
    bytes.extend((head.len() as u32).to_le_bytes());
    bytes.extend((body_length as u32).to_le_bytes());
    bytes.extend(head);
    Ok(bytes)
}

/// The lengths of head and body that a prefix announces.
pub(super) fn lengths(prefix: [u8; PREFIX]) -> io::Result<(usize, usize)> {
    let [a, b, c, d, e, f, g, h] = prefix;
    let (head, body) = (u32::from_le_bytes([a, b, c, d]) as usize, u32::from_le_bytes([e, f, g, h]) as usize);
    if head > LARGEST_HEAD || body > LARGEST_BODY {
        return Err(garbled("a frame larger than allowed"));
    }
    Ok((head, body))
}

pub(super) fn head<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((head, [])) => Ok(head),
        Ok(_) => Err(garbled("a frame with something behind its head")),
        Err(_) => Err(garbled("a frame that makes no sense")),
    }
}

pub(super) fn garbled(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_read_back_and_large_ones_are_refused() {
        let bytes = frame(&Ask::ReadAt { offset: u64::MAX, length: 7 }, 3).unwrap();
        let (prefix, rest) = bytes.split_first_chunk::<PREFIX>().unwrap();
        assert_eq!(lengths(*prefix).unwrap(), (rest.len(), 3));
        assert!(matches!(head(rest).unwrap(), Ask::ReadAt { offset: u64::MAX, length: 7 }));
        assert!(head::<Ask>(&[rest, &[0]].concat()).is_err());
        assert!(head::<Ask>(&[99]).is_err());
        assert!(lengths([255; PREFIX]).is_err());
        assert!(lengths([0, 0, 0, 0, 1, 0, 16, 0]).is_err());
    }
}
