//! Frames back into samples, and these into the bytes that the MD5 counts. Of the encoder, `frame`, nothing is used
//! here but the checksum: what one gets wrong the other must not undo.
//!
//! The tests hold it against symphonia's decoder, and against what `flac` and ffmpeg encode.

mod bits;
mod head;
mod lanes;
mod subframe;
mod weave;

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use self::bits::Bits;
use self::head::Head;
use self::lanes::{LANES, Lanes};
use self::weave::{Channels, unblend};
use super::frame::crc16;
use crate::Format;

/// What is wrong with a frame.
pub(super) type Flaw = &'static str;

/// The checksum at a frame's end.
const CHECKSUM: usize = 2;

/// Decodes frames of one format.
pub(super) struct FrameDecoder {
    arch: Arch,
    format: Format,
    /// For as many channels as the frames have that are decoded together.
    lanes: Vec<Lanes>,
}

impl FrameDecoder {
    pub(super) fn new(format: Format) -> Self {
        let mut decoder = Self { arch: Arch::new(), format, lanes: Vec::new() };
        let channels = decoder.together() * format.channels();
        decoder.lanes.resize_with(channels.div_ceil(LANES), Lanes::new);
        decoder
    }

    /// How many frames are decoded together: as many as fill the lanes.
    fn together(&self) -> usize {
        (LANES / self.format.channels()).max(1)
    }

    /// Replaces `packed` by the samples of the frames that lie there in `bytes`, as the MD5 counts them. Answers how many
    /// each channel has.
    pub(super) fn frames(
        &mut self,
        bytes: &[u8],
        frames: &[Range<usize>],
        packed: &mut Vec<u8>,
    ) -> Result<u64, Flaw> {
        let (arch, mut samples) = (self.arch, 0);
        let frame_bytes = self.format.channels() * self.format.bytes_per_sample();
        for frames in frames.chunks(self.together()) {
            if frames.iter().any(|frame| !has_its_checksum(&bytes[frame.clone()])) {
                return Err("a frame does not have the checksum that it states");
            }
            let filled = samples as usize * frame_bytes;
            samples += arch.dispatch(Decoding { decoder: self, bytes, frames, packed, filled })?;
        }
        packed.truncate(samples as usize * frame_bytes);
        Ok(samples)
    }

    /// Leaves the samples in `packed` behind what is filled; what else stands there is room.
    #[inline(always)]
    fn decode<S: Simd>(
        &mut self,
        simd: S,
        bytes: &[u8],
        frames: &[Range<usize>],
        packed: &mut Vec<u8>,
        mut filled: usize,
    ) -> Result<u64, Flaw> {
        let mut heads = [None; LANES];
        for (number, frame) in frames.iter().enumerate() {
            heads[number] = Some(self.read(&bytes[frame.clone()], number * self.format.channels())?);
        }
        for lanes in &mut self.lanes {
            lanes.restore(simd);
        }
        let mut samples = 0;
        for (number, head) in heads.into_iter().flatten().enumerate() {
            let (first, count) = (number * self.format.channels(), self.format.channels());
            if count == 2 {
                unblend(head.layout, &mut self.lanes[0].rows[..head.length], number);
            }
            let channels = Channels { lanes: &self.lanes, first, count };
            let (width, start) = (self.format.bytes_per_sample(), filled);
            filled += head.length * count * width;
            // Zeros are written where there was no room yet, and not at every frame.
            if packed.len() < filled {
                packed.resize(filled, 0);
            }
            channels.weave(width, &mut packed[start..filled]);
            samples += head.length as u64;
        }
        Ok(samples)
    }

    /// Reads a frame into the lanes from `first` on.
    #[inline(always)]
    fn read(&mut self, frame: &[u8], first: usize) -> Result<Head, Flaw> {
        let mut bits = Bits::new(frame);
        let head = head::read(&mut bits, self.format)?;
        let depth = u32::from(self.format.bits_per_sample);
        for channel in 0..self.format.channels() {
            let (lanes, lane) = (&mut self.lanes[(first + channel) / LANES], (first + channel) % LANES);
            // Frames that are decoded together may differ in length: what stands behind a shorter one is not looked at.
            if lanes.rows.len() < head.length {
                lanes.rows.resize(head.length, [0; LANES]);
            }
            let depth = depth + head.layout.more_bits(channel);
            lanes.predictors[lane] = subframe::read(&mut bits, &mut lanes.rows[..head.length], lane, depth)?;
        }
        if bits.ends_before(CHECKSUM) { Ok(head) } else { Err("a frame does not end where its samples do") }
    }
}

fn has_its_checksum(frame: &[u8]) -> bool {
    frame.len() > CHECKSUM && crc16(frame) == 0
}

/// The work on a few frames, compiled for what this processor has.
struct Decoding<'d> {
    decoder: &'d mut FrameDecoder,
    bytes: &'d [u8],
    frames: &'d [Range<usize>],
    packed: &'d mut Vec<u8>,
    filled: usize,
}

impl WithSimd for Decoding<'_> {
    type Output = Result<u64, Flaw>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        self.decoder.decode(simd, self.bytes, self.frames, self.packed, self.filled)
    }
}

#[cfg(test)]
mod tests;
