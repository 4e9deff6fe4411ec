//! The FLAC around the frames: a header whose unknown parts stand empty until the end, the frames as they come, and the
//! truth about them, patched into the header.

use crate::{Format, Problem, Sink};

use super::header::{self, Facts, StreamInfo};
use super::metadata::{self, Metadata};
use super::seek::SeekTable;

/// Bytes are handed to the sink in portions of about this size.
const PORTION: usize = 128 * 1024;

pub(super) struct Stream<'s> {
    sink: &'s mut dyn Sink,
    info: StreamInfo,
    seek: SeekTable,
    /// The frames' bytes so far.
    frames: u64,
    portion: Vec<u8>,
    written: u64,
}

/// The bytes in front of a block's contents.
const BLOCK_HEADER: u64 = 4;

impl<'s> Stream<'s> {
    /// Begins a FLAC of unknown length, of about `total` samples.
    pub(super) fn start(
        format: Format,
        total: Option<u64>,
        metadata: &Metadata,
        sink: &'s mut dyn Sink,
    ) -> Self {
        let info = StreamInfo { format, samples: 0, smallest_frame: 0, largest_frame: 0, md5: [0; 16] };
        let seek = SeekTable::new(format.sample_rate, total);
        let mut portion = info.bytes();
        portion.extend_from_slice(&metadata::blocks(metadata, &seek));
        Self { sink, info, seek, frames: 0, portion, written: 0 }
    }

    /// Samples of each channel so far.
    pub(super) fn samples(&self) -> u64 {
        self.info.samples
    }

    /// The next frame, of `length` samples.
    pub(super) fn frame(&mut self, bytes: &[u8], length: u16) -> Result<(), Problem> {
        let info = &mut self.info;
        let size = bytes.len() as u32;
        info.smallest_frame = if info.samples == 0 { size } else { info.smallest_frame.min(size) };
        info.largest_frame = info.largest_frame.max(size);
        self.seek.frame(info.samples, length, self.frames);
        info.samples += u64::from(length);
        self.frames += u64::from(size);
        self.portion.extend_from_slice(bytes);
        if self.portion.len() >= PORTION { self.flush() } else { Ok(()) }
    }

    /// Writes what is left and the true header. Returns what the FLAC states, and its length.
    pub(super) fn finish(mut self, md5: [u8; 16]) -> Result<(Facts, u64), Problem> {
        self.flush()?;
        self.info.md5 = md5;
        let seek_table = header::LENGTH as u64 + BLOCK_HEADER;
        for (offset, bytes) in [(0, self.info.bytes()), (seek_table, self.seek.bytes())] {
            self.sink.patch(offset, &bytes).map_err(|error| Problem::sink(&error))?;
        }
        Ok((self.info.facts(), self.written))
    }

    fn flush(&mut self) -> Result<(), Problem> {
        self.sink.write(&self.portion).map_err(|error| Problem::sink(&error))?;
        self.written += self.portion.len() as u64;
        self.portion.clear();
        Ok(())
    }
}
