//! A picture as it is to be seen, in the form that a JPEG has it: light, and colour apart from it, which may be at half the
//! resolution.

use super::resample::{Line, resampled};
use super::rows::{Plane, Raster, Shape};
use super::upright::upright_plane;
use super::{Turn, ycc};

pub(super) struct Shown {
    /// Of light; or of light, of blue and of red.
    pub(super) planes: Vec<Plane>,
    /// Planes of colour are half as wide and high.
    pub(super) halve_colour: bool,
}

impl Shown {
    pub(super) fn of_raster(raster: &Raster, halve_colour: bool) -> Self {
        Self { planes: ycc::planes(raster, halve_colour), halve_colour }
    }

    pub(super) fn shape(&self) -> Shape {
        let Plane { width, height, .. } = self.planes[0];
        Shape { width, height, channels: self.planes.len() as u8 }
    }

    pub(super) fn upright(self, turn: Turn) -> Self {
        if turn == Turn::NONE {
            return self;
        }
        let planes = self.planes.into_iter().map(|plane| upright_plane(&plane, turn)).collect();
        Self { planes, ..self }
    }

    pub(super) fn shrunk(&self, width: u32, height: u32) -> Self {
        let Shape { width: wide, height: high, .. } = self.shape();
        let plane = |(number, plane)| {
            let line = if number > 0 && self.halve_colour { Line::half } else { Line::whole };
            resampled(plane, (line(wide), line(width)), (line(high), line(height)))
        };
        Self { planes: self.planes.iter().enumerate().map(plane).collect(), halve_colour: self.halve_colour }
    }
}
