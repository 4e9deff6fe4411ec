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

/// A picture's channel, in memory, of whole blocks as a JPEG has them: behind its last column and row lies room, which
/// [`Plane::fill_up`] fills with what these hold.
pub(super) struct Plane {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bytes: Vec<u8>,
}

impl Plane {
    pub(super) fn blank(width: u32, height: u32) -> Self {
        let high = (height as usize).next_multiple_of(SIDE);
        Self { width, height, bytes: vec![0; Self::stride_of(width) * high] }
    }

    fn stride_of(width: u32) -> usize {
        (width as usize).next_multiple_of(SIDE)
    }

    /// From one row to the next.
    pub(super) fn stride(&self) -> usize {
        Self::stride_of(self.width)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        let rows = self.bytes.chunks_exact(self.stride()).take(self.height as usize);
        rows.map(|row| &row[..self.width as usize])
    }

    pub(super) fn fill_up(&mut self) {
        let (width, stride) = (self.width as usize, self.stride());
        for row in self.bytes.chunks_exact_mut(stride) {
            let last = row[width - 1];
            row[width..].fill(last);
        }
        let end = self.height as usize * stride;
        for row in (end..self.bytes.len()).step_by(stride) {
            self.bytes.copy_within(end - stride..end, row);
        }
    }

    /// As a picture of one channel, without what lies behind.
    pub(super) fn to_raster(&self) -> Raster {
        let shape = Shape { width: self.width, height: self.height, channels: 1 };
        Raster { shape, bytes: self.rows().flatten().copied().collect() }
    }

    pub(super) fn of_raster(raster: &Raster) -> Self {
        let mut plane = Self::blank(raster.shape.width, raster.shape.height);
        let stride = plane.stride();
        for (to, row) in plane.bytes.chunks_exact_mut(stride).zip(raster.rows()) {
            to[..row.len()].copy_from_slice(row);
        }
        plane.fill_up();
        plane
    }
}
