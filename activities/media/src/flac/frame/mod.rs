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
    channels: Vec<Subframe>,
    /// What the two channels of a stereo sound have in common, and how they differ.
    mid: Subframe,
    side: Subframe,
    desk: Desk,
    bits: Bits,
}

impl Coder {
    pub(super) fn new(format: Format, level: Level) -> Self {
        Self {
            arch: Arch::new(),
            format,
            effort: Effort::of(level, format),
            channels: (0..format.channels).map(|_| Subframe::default()).collect(),
            mid: Subframe::default(),
            side: Subframe::default(),
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
        let count = self.channels.len();
        let length = samples.len() / count;
        self.desk.windows.prepare(self.effort.shapes, length);
        for (channel, subframe) in self.channels.iter_mut().enumerate() {
            subframe.plane.prepare(length, u32::from(self.format.bits_per_sample));
            plane::separate(samples, count, channel, &mut subframe.plane);
        }
        self.bits.clear();
        self.bits.reserve(256);
        let layout = if count == 2 { self.settle_two(length) } else { self.settle_each() };
        head::write(&mut self.bits, self.format, layout, length, number);
        let Self { channels, mid, side, bits, .. } = self;
        let write = match layout {
            Layout::Independent => [None, None],
            Layout::LeftSide => [Some(&channels[0]), Some(&*side)],
            Layout::SideRight => [Some(&*side), Some(&channels[1])],
            Layout::MidSide => [Some(&*mid), Some(&*side)],
        };
        let independent = channels.iter().filter(|_| layout == Layout::Independent);
        for subframe in write.into_iter().flatten().chain(independent) {
            subframe.write(bits);
        }
        bits.reserve(64);
        bits.seal();
    }

    #[inline(always)]
    fn settle_each(&mut self) -> Layout {
        for subframe in &mut self.channels {
            subframe.estimate(&self.effort, &mut self.desk);
            subframe.settle(&self.effort, &mut self.desk);
        }
        Layout::Independent
    }

    /// Chooses how two channels are stored, by what they promise or by trying, and settles the two that are written.
    #[inline(always)]
    fn settle_two(&mut self, length: usize) -> Layout {
        let Self { channels, mid, side, effort, desk, format, .. } = self;
        let [left, right] = &mut channels[..] else { unreachable!("there are two") };
        let bits = u32::from(format.bits_per_sample);
        mid.plane.prepare(length, bits);
        side.plane.prepare(length, bits + 1);
        plane::blend(&left.plane, &right.plane, &mut mid.plane, &mut side.plane);
        let mut four = [left, right, mid, side];
        let mut cost = [0.0; 4];
        for (subframe, cost) in four.iter_mut().zip(&mut cost) {
            *cost = subframe.estimate(effort, desk);
            if effort.trial {
                *cost = subframe.settle(effort, desk) as f64;
            }
        }
        let [l, r, m, s] = cost;
        let layouts = [
            (Layout::Independent, l + r, [0, 1]),
            (Layout::LeftSide, l + s, [0, 3]),
            (Layout::SideRight, r + s, [1, 3]),
            (Layout::MidSide, m + s, [2, 3]),
        ];
        let least = layouts.iter().min_by(|(_, a, _), (_, b, _)| a.total_cmp(b));
        let &(layout, _, written) = least.expect("there are four");
        if !effort.trial {
            for index in written {
                four[index].settle(effort, desk);
            }
        }
        layout
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
