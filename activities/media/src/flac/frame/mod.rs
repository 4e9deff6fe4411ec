//! One FLAC frame: a block of samples in, its bytes out. [`Coder`] holds what is kept from one to the next, and nothing
//! that decides how the next comes out: frames can be made in any order, on any thread, and are the same.
//!
//! flacenc, whose frames these replace, stays the peer that the tests hold them against.

mod bits;
mod crc;
mod effort;
mod head;
mod lpc;
mod plane;
mod predict;
mod rice;
mod subframe;
mod window;

use pulp::{Arch, Simd, WithSimd};

#[cfg(test)]
pub(super) use self::crc::crc8;
pub(super) use self::crc::crc16;
pub(super) use self::head::{begins_frame, holds_its_checksum, samples_of_frame};

use self::bits::Bits;
use self::effort::Effort;
use self::head::Layout;
use self::subframe::{Desk, Subframe};
use super::Level;
use crate::Format;

/// Makes frames of one format at one level.
pub(super) struct Coder {
    arch: Arch,
    format: Format,
    effort: Effort,
    /// One for each channel. Of a stereo sound also what its two have in common, and how they differ.
    subframes: Vec<Subframe>,
    desk: Desk,
    bits: Bits,
}

const MID: usize = 2;
const SIDE: usize = 3;

impl Coder {
    pub(super) fn new(format: Format, level: Level) -> Self {
        let candidates = if format.channels == 2 { SIDE + 1 } else { format.channels() };
        Self {
            arch: Arch::new(),
            format,
            effort: Effort::of(level),
            subframes: (0..candidates).map(|_| Subframe::default()).collect(),
            desk: Desk::default(),
            bits: Bits::default(),
        }
    }

    /// The frame of this number: interleaved samples, at least one of each channel.
    pub(super) fn frame(&mut self, samples: &[i32], number: u64) -> &[u8] {
        let arch = self.arch;
        arch.dispatch(Wide { coder: &mut *self, samples, number });
        self.bits.bytes()
    }

    #[inline(always)]
    fn make(&mut self, samples: &[i32], number: u64) {
        let length = samples.len() / self.format.channels();
        self.fill(samples, length);
        let Self { format, effort, subframes, desk, bits, .. } = self;
        let mut costs = [0.0; 8];
        for (subframe, cost) in subframes.iter_mut().zip(&mut costs) {
            *cost = subframe.estimate(effort, desk);
        }
        let mut within =
            Layout::cheapest(&costs, format.channels).cost(&costs, format.channels) * effort.layouts;
        let verbatim = samples.len() as f64 * f64::from(format.bits_per_sample);
        let mut settled = [f64::INFINITY; 8];
        let layout = loop {
            for (index, subframe) in subframes.iter_mut().enumerate() {
                if settled[index].is_infinite() && Layout::any_with(index, within, &costs, format.channels) {
                    settled[index] = subframe.settle(effort, desk) as f64;
                }
            }
            let layout = Layout::cheapest(&settled, format.channels);
            // Promises mislead where nothing can be predicted: there every way is tried.
            if layout.cost(&settled, format.channels) < verbatim || within.is_infinite() {
                break layout;
            }
            within = f64::INFINITY;
        };
        bits.clear();
        bits.reserve(256);
        head::write(bits, *format, layout, length, number);
        for &index in layout.order(format.channels) {
            subframes[index].write(bits);
        }
        bits.reserve(64);
        bits.seal();
    }

    /// Takes the samples of each channel, and blends them where there are two.
    #[inline(always)]
    fn fill(&mut self, samples: &[i32], length: usize) {
        self.desk.windows.prepare(self.effort.shapes, length);
        let (channels, bits) = (self.format.channels(), u32::from(self.format.bits_per_sample));
        for (index, subframe) in self.subframes.iter_mut().enumerate() {
            subframe.plane.prepare(length, bits + u32::from(channels == 2 && index == SIDE));
            if index < channels {
                plane::separate(samples, channels, index, &mut subframe.plane);
            }
        }
        if let [left, right, mid, side] = &mut self.subframes[..]
            && channels == 2
        {
            plane::blend(&left.plane, &right.plane, &mut mid.plane, &mut side.plane);
        }
        for subframe in &mut self.subframes {
            subframe.plane.survey();
        }
    }
}

/// The work on one frame, compiled for what this processor has.
struct Wide<'c> {
    coder: &'c mut Coder,
    samples: &'c [i32],
    number: u64,
}

impl WithSimd for Wide<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.coder.make(self.samples, self.number);
    }
}
