//! The tables of one track: when each of its frames is shown, where it lies, and which are key frames (ISO/IEC 14496-12,
//! 8.6 and 8.7). Each is read as a whole, and only as long as its box is, whatever it claims to hold.

use crate::Problem;
use crate::numbers::{be32, be64};

use super::super::Range;
use super::boxes::{Boxes, Span};

pub(super) struct Tables {
    /// Runs of frames of the same duration: how many, how long.
    durations: Vec<(u32, u32)>,
    /// Runs of frames that are shown so much later than they are decoded.
    delays: Vec<(u32, i32)>,
    /// Numbers of key frames, from 1; none when every frame is one.
    keys: Option<Vec<u32>>,
    sizes: Sizes,
    /// From this chunk on (from 1), so many frames are in each.
    chunks: Vec<(u32, u32)>,
    offsets: Vec<u64>,
}

enum Sizes {
    All(u32, u32),
    Each(Vec<u32>),
}

impl Sizes {
    fn count(&self) -> usize {
        match self {
            Self::All(_, count) => *count as usize,
            Self::Each(sizes) => sizes.len(),
        }
    }

    fn of(&self, frame: usize) -> u32 {
        match self {
            Self::All(size, _) => *size,
            Self::Each(sizes) => sizes.get(frame).copied().unwrap_or(0),
        }
    }
}

impl Tables {
    pub(super) fn read(boxes: &mut Boxes<'_>, spans: &[Span]) -> Result<Self, Problem> {
        let find = |kind: &[u8; 4]| spans.iter().find(|span| &span.kind == kind).copied();
        let durations = pairs(&table(boxes, find(b"stts"), 8)?.unwrap_or_default());
        let delays = pairs(&table(boxes, find(b"ctts"), 8)?.unwrap_or_default());
        let keys = table(boxes, find(b"stss"), 4)?.map(|bytes| bytes.chunks_exact(4).map(be32).collect());
        let chunks = table(boxes, find(b"stsc"), 12)?.unwrap_or_default();
        let offsets = match find(b"co64") {
            Some(span) => {
                let bytes = table(boxes, Some(span), 8)?.unwrap_or_default();
                bytes.chunks_exact(8).map(be64).collect()
            }
            None => {
                let bytes = table(boxes, find(b"stco"), 4)?.unwrap_or_default();
                bytes.chunks_exact(4).map(|bytes| u64::from(be32(bytes))).collect()
            }
        };
        let sizes = match find(b"stsz") {
            Some(span) => sizes(boxes, span)?,
            None => Sizes::Each(Vec::new()),
        };
        let chunks = chunks.chunks_exact(12).map(|entry| (be32(entry), be32(&entry[4..]))).collect();
        let delays = delays.into_iter().map(|(count, delay)| (count, delay.cast_signed())).collect();
        let tables = Self { durations, delays, keys, sizes, chunks, offsets };
        let timed: u64 = tables.durations.iter().map(|&(count, _)| u64::from(count)).sum();
        if timed != tables.frames() && tables.frames() > 0 {
            return Err(Problem::corrupt(format!(
                "its index gives {timed} frames a time and {} a size",
                tables.frames()
            )));
        }
        Ok(tables)
    }

    pub(super) fn frames(&self) -> u64 {
        self.sizes.count() as u64
    }

    /// How long all frames are together.
    pub(super) fn ticks(&self) -> u64 {
        let each = self.durations.iter().map(|&(count, ticks)| u64::from(count).saturating_mul(ticks.into()));
        each.fold(0, u64::saturating_add)
    }

    /// Tells the time, in ticks, and the place of each key frame, in the order of the file's frames.
    pub(super) fn key_frames(
        &self,
        mut each: impl FnMut(i64, Range) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let mut keys = self.keys.as_deref().map(|keys| keys.iter().peekable());
        let mut durations = Runs::new(&self.durations);
        let mut delays = Runs::new(&self.delays);
        let mut decoded = 0_i64;
        let mut frame = 0;
        let (mut entry, mut in_chunk) = (0, 0);
        for (offset, chunk) in self.offsets.iter().zip(1_u32..) {
            while self.chunks.get(entry).is_some_and(|&(first, _)| first <= chunk) {
                in_chunk = self.chunks[entry].1;
                entry += 1;
            }
            let mut at = *offset;
            for _ in 0..in_chunk {
                if frame >= self.sizes.count() {
                    return Ok(());
                }
                let size = u64::from(self.sizes.of(frame));
                let number = u32::try_from(frame + 1).unwrap_or(u32::MAX);
                let is_key = match &mut keys {
                    None => true,
                    Some(keys) => {
                        while keys.next_if(|&&key| key < number).is_some() {}
                        keys.peek() == Some(&&number)
                    }
                };
                let shown = decoded.saturating_add(i64::from(delays.next().unwrap_or(0)));
                if is_key {
                    each(shown, Range { offset: at, length: size })?;
                }
                decoded = decoded.saturating_add(i64::from(durations.next().unwrap_or(0)));
                at = at.saturating_add(size);
                frame += 1;
            }
        }
        if frame < self.sizes.count() {
            return Err(Problem::corrupt("its index does not say where all frames lie"));
        }
        Ok(())
    }
}

/// Values of runs, one by one.
struct Runs<'t, T> {
    runs: std::slice::Iter<'t, (u32, T)>,
    left: u32,
    value: Option<T>,
}

impl<'t, T: Copy> Runs<'t, T> {
    fn new(runs: &'t [(u32, T)]) -> Self {
        Self { runs: runs.iter(), left: 0, value: None }
    }
}

impl<T: Copy> Iterator for Runs<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        while self.left == 0 {
            let &(count, value) = self.runs.next()?;
            (self.left, self.value) = (count, Some(value));
        }
        self.left -= 1;
        self.value
    }
}

/// The entries of a table, `width` bytes each. A table that claims more than its box holds is refused.
fn table(boxes: &mut Boxes<'_>, span: Option<Span>, width: u64) -> Result<Option<Vec<u8>>, Problem> {
    let Some(span) = span else { return Ok(None) };
    let mut bytes = boxes.bytes(span, u64::MAX)?;
    let count = bytes.get(4..8).map_or(0, be32);
    let claimed = u64::from(count) * width;
    if claimed > (bytes.len() as u64).saturating_sub(8) {
        return Err(overlong(span, count));
    }
    bytes.truncate(8 + claimed as usize);
    bytes.drain(..8.min(bytes.len()));
    Ok(Some(bytes))
}

fn sizes(boxes: &mut Boxes<'_>, span: Span) -> Result<Sizes, Problem> {
    let bytes = boxes.bytes(span, u64::MAX)?;
    let (Some(all), Some(count)) = (bytes.get(4..8).map(be32), bytes.get(8..12).map(be32)) else {
        return Err(Problem::corrupt("the table \"stsz\" of its index is cut off"));
    };
    /// As many as a film of the longest length has at 120 a second, and then some.
    const MOST_FRAMES: u32 = 4_000_000;
    if count > MOST_FRAMES {
        return Err(if all == 0 {
            overlong(span, count)
        } else {
            Problem::TooLarge { what: format!("{count} frames; the limit is {MOST_FRAMES}") }
        });
    }
    if all > 0 {
        return Ok(Sizes::All(all, count));
    }
    let entries = bytes.get(12..12 + count as usize * 4).ok_or_else(|| overlong(span, count))?;
    Ok(Sizes::Each(entries.chunks_exact(4).map(be32).collect()))
}

fn overlong(span: Span, count: u32) -> Problem {
    let kind = String::from_utf8_lossy(&span.kind).into_owned();
    Problem::corrupt(format!("the table {kind:?} of its index claims {count} entries, and holds fewer"))
}

fn pairs(bytes: &[u8]) -> Vec<(u32, u32)> {
    bytes.chunks_exact(8).map(|entry| (be32(entry), be32(&entry[4..]))).collect()
}
