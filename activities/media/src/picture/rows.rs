//! A picture as a stream of rows from top to bottom, and one that is whole in memory.

use crate::Problem;

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
