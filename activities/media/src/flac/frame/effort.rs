//! What each level tries.

use super::window::Shape;
use crate::Format;
use crate::flac::Level;

/// How hard a frame is worked on.
pub(super) struct Effort {
    /// Windows to analyse a block with; the first decides how the channels are stored.
    pub(super) shapes: &'static [Shape],
    /// The highest order of a linear predictor.
    pub(super) order: usize,
    /// At most 2^this partitions.
    pub(super) finest: u32,
    /// Whether all ways to store two channels are tried out, or chosen between by what they promise.
    pub(super) trial: bool,
    /// Whether the fixed predictors are looked at.
    pub(super) fixed: bool,
    /// A fixed predictor is tried when it promises less than this much of what the linear ones do.
    pub(super) fixed_if: f64,
}

/// Above this rate players are told to expect orders of more than twelve.
const ORDINARY_RATE: u32 = 48_000;

impl Effort {
    pub(super) fn of(level: Level, format: Format) -> Self {
        const ONE: &[Shape] = &[Shape::whole(0.5)];
        const FOUR: &[Shape] = &[
            Shape::whole(0.5),
            Shape { from: 0.0, to: 0.5, slopes: 0.5 },
            Shape { from: 0.25, to: 0.75, slopes: 0.5 },
            Shape { from: 0.5, to: 1.0, slopes: 0.5 },
        ];
        let high = format.sample_rate > ORDINARY_RATE;
        match level {
            Level::Fast => {
                Self { shapes: ONE, order: 8, finest: 5, trial: false, fixed: false, fixed_if: 1.0 }
            }
            Level::Default => {
                Self { shapes: ONE, order: 12, finest: 6, trial: false, fixed: true, fixed_if: 1.0 }
            }
            Level::Best => Self {
                shapes: FOUR,
                order: if high { 16 } else { 12 },
                finest: 8,
                trial: true,
                fixed: true,
                fixed_if: 1.02,
            },
        }
    }

    /// Bits of each coefficient for samples of `bits` bits.
    pub(super) fn precision(&self, bits: u32) -> u32 {
        match bits {
            ..=12 => (4 + bits / 2).min(15),
            13..=17 => 13,
            _ => 15,
        }
    }
}
