//! A FLAC that we made, cut into its frames: by their marks, numbers and checksums, without decoding them.

use std::io;
use std::ops::Range;

use crate::ReadAt;
use crate::source::read_up_to;

use super::frame::begins_frame;
use super::header::StreamInfo;

/// How much is read at once, at least.
const READ: usize = 256 * 1024;
/// The longest header of a frame.
const HEADER: usize = 16;

pub(super) struct Frames<'s> {
    source: &'s dyn ReadAt,
    /// The frames' sizes, as STREAMINFO states them.
    smallest: usize,
    largest: usize,
    /// What was read and not handed out, and where what follows it lies.
    buffer: Vec<u8>,
    start: usize,
    offset: u64,
    /// The next frame's number.
    number: u64,
}

impl<'s> Frames<'s> {
    /// From the first frame on, which lies at `offset`.
    pub(super) fn new(source: &'s dyn ReadAt, stated: &StreamInfo, offset: u64) -> Self {
        let (smallest, largest) = (stated.smallest_frame as usize, stated.largest_frame as usize);
        Self { source, smallest, largest, buffer: Vec::new(), start: 0, offset, number: 0 }
    }

    /// Appends the next frame to `bytes`. None at the end, and an empty range when what follows is no frame.
    pub(super) fn next(&mut self, bytes: &mut Vec<u8>) -> io::Result<Option<Range<usize>>> {
        if self.left() < self.largest + HEADER {
            self.refill()?;
        }
        let rest = &self.buffer[self.start..];
        if rest.is_empty() {
            return Ok(None);
        }
        let begin = bytes.len();
        if begins_frame(rest, self.number) {
            bytes.extend_from_slice(&rest[..self.length(rest)]);
        }
        self.start += bytes.len() - begin;
        self.number += 1;
        Ok(Some(begin..bytes.len()))
    }

    /// Where the next frame begins, or the file ends.
    fn length(&self, rest: &[u8]) -> usize {
        let most = self.largest.min(rest.len());
        let mut from = self.smallest.max(1);
        while let Some(length) = next_mark(&rest[..most], from) {
            if begins_frame(&rest[length..], self.number + 1) {
                return length;
            }
            from = length + 1;
        }
        most
    }

    fn left(&self) -> usize {
        self.buffer.len() - self.start
    }

    fn refill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let filled = self.buffer.len();
        self.buffer.resize(filled + READ.max(self.largest + HEADER), 0);
        let more = read_up_to(self.source, self.offset, &mut self.buffer[filled..])?;
        self.buffer.truncate(filled + more);
        self.offset += more as u64;
        Ok(())
    }
}

/// Where, from `from` on, the first byte stands that every frame begins with.
fn next_mark(bytes: &[u8], from: usize) -> Option<usize> {
    const MARK: u8 = 0xFF;
    /// A lane of bytes is compared at once; most hold no mark.
    const LANE: usize = 64;
    let mut start = from;
    for lane in bytes.get(from..)?.chunks(LANE) {
        if lane.iter().fold(false, |found, &byte| found | (byte == MARK)) {
            return lane.iter().position(|&byte| byte == MARK).map(|place| start + place);
        }
        start += lane.len();
    }
    None
}
