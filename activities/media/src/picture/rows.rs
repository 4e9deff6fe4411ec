//! A picture as a stream of rows from top to bottom, and one that is whole in memory.

use crate::Problem;

use super::blocks::SIDE;

/// A decoder's side of the stream. A channel is one byte; there are 1 (grey), 3 (RGB) or 4 (RGB with alpha, or CMYK).
pub(super) trait Rows {
    fn shape(&self) -> Shape;

    /// How many of its columns and rows the picture covers: a decoder that makes it smaller fills up the last ones.
    fn extent(&self) -> Extent {
        let Shape { width, height, .. } = self.shape();
        Extent { width: width.into(), height: height.into() }
    }

    /// Appends the next rows, as many as come easily; false when there are no more. A picture that ends too soon, or
    /// cannot be decoded, is a problem.
    fn next(&mut self, out: &mut Vec<u8>) -> Result<bool, Problem>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) channels: u8,
}

impl Shape {
    pub(super) fn row_bytes(self) -> usize {
        self.width as usize * usize::from(self.channels)
    }

    pub(super) fn bytes(self) -> usize {
        self.row_bytes() * self.height as usize
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A whole picture in memory.
pub(super) struct Raster {
    pub(super) shape: Shape,
    pub(super) bytes: Vec<u8>,
}

impl Raster {
    pub(super) fn rows(&self) -> std::slice::ChunksExact<'_, u8> {
        self.bytes.chunks_exact(self.shape.row_bytes())
    }
}

/// What a plane is made of: a byte's step in [`PARTS`], so that what was resampled is rounded only once, when it is
/// encoded.
pub(super) type Sample = u16;

pub(super) const PARTS: u16 = 256;

pub(super) fn sample_of(byte: u8) -> Sample {
    Sample::from(byte) * PARTS
}

/// The nearest.
pub(super) fn byte_of(sample: Sample) -> u8 {
    ((sample + PARTS / 2) / PARTS) as u8
}

/// A picture's channel, in memory, of whole blocks as a JPEG has them: behind its last column and row lies room, which
/// [`Plane::fill_up`] fills with what these hold.
pub(super) struct Plane {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) samples: Vec<Sample>,
}

impl Plane {
    pub(super) fn blank(width: u32, height: u32) -> Self {
        let high = (height as usize).next_multiple_of(SIDE);
        Self { width, height, samples: vec![0; Self::stride_of(width) * high] }
    }

    /// Of rows that lie as far apart as a plane's of this width.
    pub(super) fn of_rows(width: u32, height: u32, mut samples: Vec<Sample>) -> Self {
        samples.resize((height as usize).next_multiple_of(SIDE) * Self::stride_of(width), 0);
        let mut plane = Self { width, height, samples };
        plane.fill_up();
        plane
    }

    pub(super) fn stride_of(width: u32) -> usize {
        (width as usize).next_multiple_of(SIDE)
    }

    /// From one row to the next.
    pub(super) fn stride(&self) -> usize {
        Self::stride_of(self.width)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &[Sample]> {
        let rows = self.samples.chunks_exact(self.stride()).take(self.height as usize);
        rows.map(|row| &row[..self.width as usize])
    }

    pub(super) fn fill_up(&mut self) {
        let (width, stride) = (self.width as usize, self.stride());
        for row in self.samples.chunks_exact_mut(stride) {
            let last = row[width - 1];
            row[width..].fill(last);
        }
        let end = self.height as usize * stride;
        for row in (end..self.samples.len()).step_by(stride) {
            self.samples.copy_within(end - stride..end, row);
        }
    }

    /// As a picture of one channel, without what lies behind.
    #[cfg(test)]
    pub(super) fn to_raster(&self) -> Raster {
        let shape = Shape { width: self.width, height: self.height, channels: 1 };
        Raster { shape, bytes: self.rows().flatten().copied().map(byte_of).collect() }
    }

    pub(super) fn of_raster(raster: &Raster) -> Self {
        let mut plane = Self::blank(raster.shape.width, raster.shape.height);
        let stride = plane.stride();
        for (to, row) in plane.samples.chunks_exact_mut(stride).zip(raster.rows()) {
            to.iter_mut().zip(row).for_each(|(sample, &byte)| *sample = sample_of(byte));
        }
        plane.fill_up();
        plane
    }
}
