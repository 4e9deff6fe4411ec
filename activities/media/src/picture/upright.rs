//! Turning a picture as its EXIF says.

use super::Turn;
use super::rows::{Raster, Shape};

/// The picture as it is meant to be seen.
pub(super) fn upright(raster: Raster, turn: Turn) -> Raster {
    let Shape { width, height, channels } = raster.shape;
    let (columns, rows) = (width as usize, height as usize);
    // Where a pixel of the result comes from: column and row of the stored picture.
    let from = |x: usize, y: usize| match turn.0 {
        2 => (columns - 1 - x, y),
        3 => (columns - 1 - x, rows - 1 - y),
        4 => (x, rows - 1 - y),
        5 => (y, x),
        6 => (y, rows - 1 - x),
        7 => (columns - 1 - y, rows - 1 - x),
        8 => (columns - 1 - y, x),
        _ => (x, y),
    };
    if turn == Turn::NONE {
        return raster;
    }
    let (wide, high) = if turn.swaps_sides() { (height, width) } else { (width, height) };
    let shape = Shape { width: wide, height: high, channels };
    let size = usize::from(channels);
    let mut bytes = Vec::with_capacity(shape.bytes());
    for y in 0..high as usize {
        for x in 0..wide as usize {
            let (column, row) = from(x, y);
            let start = (row * columns + column) * size;
            bytes.extend_from_slice(&raster.bytes[start..start + size]);
        }
    }
    Raster { shape, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stored picture that looks like this when it is turned:
    ///
    /// ```text
    /// 1 2 3
    /// 4 5 6
    /// ```
    #[test]
    fn all_eight_are_seen_the_same() {
        let stored: [(u8, u32, &[u8]); 8] = [
            (1, 3, &[1, 2, 3, 4, 5, 6]),
            (2, 3, &[3, 2, 1, 6, 5, 4]),
            (3, 3, &[6, 5, 4, 3, 2, 1]),
            (4, 3, &[4, 5, 6, 1, 2, 3]),
            (5, 2, &[1, 4, 2, 5, 3, 6]),
            (6, 2, &[3, 6, 2, 5, 1, 4]),
            (7, 2, &[6, 3, 5, 2, 4, 1]),
            (8, 2, &[4, 1, 5, 2, 6, 3]),
        ];
        for (number, width, bytes) in stored {
            let shape = Shape { width, height: 6 / width, channels: 1 };
            let seen = upright(Raster { shape, bytes: bytes.to_vec() }, Turn::from_exif(number.into()));
            assert_eq!(seen.bytes, [1, 2, 3, 4, 5, 6], "{number}");
            assert_eq!(seen.shape, Shape { width: 3, height: 2, channels: 1 });
        }
    }
}
