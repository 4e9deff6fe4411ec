//! Boxes of an MP4: where they lie, and what stands in them, within bounds. How deep they may lie in one another is as deep
//! as the places of an index are; nothing here follows a box into itself.

use crate::numbers::{be32, be64};
use crate::source::read_up_to;
use crate::{Problem, ReadAt};

/// More boxes than this in all are no index.
const MOST_BOXES: usize = 100_000;

/// A box: its head is from `start` to `body`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) kind: [u8; 4],
    pub(super) start: u64,
    pub(super) body: u64,
    pub(super) end: u64,
}

impl Span {
    pub(super) fn length(self) -> u64 {
        self.end.saturating_sub(self.body)
    }
}

pub(super) struct Boxes<'s> {
    source: &'s dyn ReadAt,
    seen: usize,
    /// How many bytes of boxes may still be read into memory.
    bytes_left: u64,
}

impl<'s> Boxes<'s> {
    pub(super) fn new(source: &'s dyn ReadAt, most_bytes: u64) -> Self {
        Self { source, seen: 0, bytes_left: most_bytes }
    }

    /// The file itself, as what holds the outermost ones.
    pub(super) fn whole(&self) -> Span {
        Span { kind: *b"file", start: 0, body: 0, end: self.source.len() }
    }

    /// Boxes side by side in `parent`, which lies `depth` deep. Of the outermost, the last may claim to end behind the file.
    pub(super) fn children(&mut self, parent: Span, depth: usize) -> Result<Vec<Span>, Problem> {
        let mut spans = Vec::new();
        let mut offset = parent.body;
        // Less than a head is left of some at their end.
        while offset.saturating_add(8) <= parent.end {
            self.seen += 1;
            if self.seen > MOST_BOXES {
                return Err(Problem::TooLarge { what: format!("more than {MOST_BOXES} boxes") });
            }
            let span = self.head(offset, parent.end)?;
            if depth > 0 && span.end > parent.end {
                return Err(Problem::corrupt("a box of its index is longer than the one around it"));
            }
            spans.push(span);
            offset = span.end;
        }
        Ok(spans)
    }

    fn head(&self, offset: u64, end_of_parent: u64) -> Result<Span, Problem> {
        let mut head = [0; 16];
        let got = read_up_to(self.source, offset, &mut head).map_err(|error| Problem::source(&error))?;
        let kind = [head[4], head[5], head[6], head[7]];
        let (body, end) = match be32(&head) {
            0 => (offset + 8, end_of_parent),
            1 if got == 16 => (offset + 16, offset.saturating_add(be64(&head[8..]))),
            size => (offset + 8, offset + u64::from(size)),
        };
        if end < body {
            return Err(Problem::corrupt("a box is shorter than its own head"));
        }
        Ok(Span { kind, start: offset, body, end })
    }

    /// The first bytes of what a box holds, as many as it has.
    pub(super) fn bytes(&mut self, span: Span, most: u64) -> Result<Vec<u8>, Problem> {
        let length = span.length().min(most);
        self.bytes_left = self.bytes_left.checked_sub(length).ok_or_else(|| Problem::TooLarge {
            what: "the index takes more memory than the film is worth".to_owned(),
        })?;
        // It lies in the file: a box that ends behind it is refused before.
        let length = length.min(self.source.len().saturating_sub(span.body));
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        let filled =
            read_up_to(self.source, span.body, &mut bytes).map_err(|error| Problem::source(&error))?;
        bytes.truncate(filled);
        Ok(bytes)
    }
}
