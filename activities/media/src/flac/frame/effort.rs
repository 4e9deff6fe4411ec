//! What each level tries.

use super::window::Shape;
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
}

impl Effort {
    pub(super) fn of(level: Level) -> Self {
        const SHAPES: [Shape; 3] = [
            Shape::whole(0.5),
            Shape { from: 0.0, to: 0.5, slopes: 0.5 },
            Shape { from: 0.5, to: 1.0, slopes: 0.5 },
        ];
        let shapes = match level {
            Level::Fast | Level::Default => &SHAPES[..1],
            Level::Best => &SHAPES,
        };
        match level {
            Level::Fast => Self { shapes, order: 5, finest: 4, fixed: false, layouts: 1.0 },
            Level::Default => Self { shapes, order: 8, finest: 6, fixed: false, layouts: 1.0 },
            Level::Best => Self { shapes, order: 12, finest: 6, fixed: true, layouts: 1.002 },
        }
    }

    /// Bits of each coefficient for samples of `bits` bits: of more, they cost more than they save.
    pub(super) fn precision(&self, bits: u32) -> u32 {
        match bits {
            ..=12 => (4 + bits / 2).min(15),
            13..=17 => 11,
            _ => 15,
        }
    }
}
