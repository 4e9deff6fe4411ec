//! What each level tries.

use super::predict::HIGHEST;
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
    /// Whether the fixed predictors are looked at.
    pub(super) fixed: bool,
    /// A way to store two channels that promises less than this much of the best promise is tried.
    pub(super) layouts: f64,
    /// The same of a predictor.
    pub(super) predictors: f64,
}

/// Above this rate players are told to expect orders of more than twelve.
const ORDINARY_RATE: u32 = 48_000;

impl Effort {
    pub(super) fn of(level: Level, format: Format) -> Self {
        const SHAPES: [Shape; 4] = [
            Shape::whole(0.5),
            Shape { from: 0.0, to: 0.5, slopes: 0.5 },
            Shape { from: 0.5, to: 1.0, slopes: 0.5 },
            Shape { from: 0.25, to: 0.75, slopes: 0.5 },
        ];
        let high = format.sample_rate > ORDINARY_RATE;
        match level {
            Level::Fast => Self {
                shapes: &SHAPES[..1],
                order: 8,
                finest: 5,
                fixed: false,
                layouts: 1.0,
                predictors: 1.0,
            },
            Level::Default => Self {
                shapes: &SHAPES[..3],
                order: 12,
                finest: 6,
                fixed: true,
                layouts: 1.002,
                predictors: 1.0,
            },
            Level::Best => Self {
                shapes: &SHAPES,
                order: if high { HIGHEST } else { 12 },
                finest: 8,
                fixed: true,
                layouts: 1.02,
                predictors: f64::INFINITY,
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
