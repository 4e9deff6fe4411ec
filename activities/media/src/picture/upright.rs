//! Turning a picture as its EXIF says.

use super::Turn;
use super::rows::{Plane, Raster, Shape};

/// The picture as it is meant to be seen.
pub(super) fn upright(raster: Raster, turn: Turn) -> Raster {
    if turn == Turn::NONE {
        return raster;
    }
    match raster.shape.channels {
        1 => upright_pixels::<1>(&raster, turn),
        3 => upright_pixels::<3>(&raster, turn),
        _ => upright_pixels::<4>(&raster, turn),
    }
}

fn upright_pixels<const CHANNELS: usize>(raster: &Raster, turn: Turn) -> Raster {
    let shape = turn.shape(raster.shape);
    let mut bytes = vec![0; shape.bytes()];
    let (from, _) = raster.bytes.as_chunks::<CHANNELS>();
    let (to, _) = bytes.as_chunks_mut::<CHANNELS>();
    turned((from, raster.shape.width as usize), (to, shape.width as usize), raster.shape, turn);
    Raster { shape, bytes }
}

/// A channel of it.
pub(super) fn upright_plane(plane: &Plane, turn: Turn) -> Plane {
    let Plane { width, height, .. } = *plane;
    let stored = Shape { width, height, channels: 1 };
    let shape = turn.shape(stored);
    let mut seen = Plane::blank(shape.width, shape.height);
    let stride = seen.stride();
    turned((&plane.samples, plane.stride()), (&mut seen.samples, stride), stored, turn);
    seen.fill_up();
    seen
}

impl Turn {
    /// Of what is seen of a stored picture of this shape.
    fn shape(self, stored: Shape) -> Shape {
        let Shape { width, height, .. } = stored;
        let (width, height) = if self.swaps_sides() { (height, width) } else { (width, height) };
        Shape { width, height, ..stored }
    }

    /// The column and the row of a stored picture that are seen at these.
    fn stored(self, (x, y): (usize, usize), (columns, rows): (usize, usize)) -> (usize, usize) {
        match self.0 {
            2 => (columns - 1 - x, y),
            3 => (columns - 1 - x, rows - 1 - y),
            4 => (x, rows - 1 - y),
            5 => (y, x),
            6 => (y, rows - 1 - x),
            7 => (columns - 1 - y, rows - 1 - x),
            8 => (columns - 1 - y, x),
            _ => (x, y),
        }
    }
}

/// From what is stored, in this shape, to what is seen; either comes with how far its rows lie apart. Columns that become
/// rows are turned a square at a time: each line of a cache holds pixels of several columns, which are all taken while it is
/// there.
fn turned<T: Copy>(
    (from, from_stride): (&[T], usize),
    (to, to_stride): (&mut [T], usize),
    stored: Shape,
    turn: Turn,
) {
    const SIDE: usize = 16;
    let sides = (stored.width as usize, stored.height as usize);
    let Shape { width, height, .. } = turn.shape(stored);
    let at_once = if turn.swaps_sides() { SIDE } else { width as usize };
    let place = |x, y| {
        let (column, row) = turn.stored((x, y), sides);
        row * from_stride + column
    };
    // From what is seen here to what is seen right of it.
    let step = if width > 1 { place(1, 0).wrapping_sub(place(0, 0)) } else { 0 };
    for (top, rows) in to.chunks_mut(SIDE * to_stride).enumerate() {
        for left in (0..width as usize).step_by(at_once) {
            let right = (left + at_once).min(width as usize);
            for (row, y) in rows.chunks_exact_mut(to_stride).zip(top * SIDE..height as usize) {
                let mut at = place(left, y);
                for pixel in &mut row[left..right] {
                    *pixel = from[at];
                    at = at.wrapping_add(step);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::{Sample, sample_of};
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

            let mut plane = Plane::of_raster(&Raster { shape, bytes: bytes.to_vec() });
            plane.samples.iter_mut().for_each(|sample| *sample += 7);
            let seen = upright_plane(&plane, Turn::from_exif(number.into()));
            let rows: Vec<_> = seen.rows().map(<[Sample]>::to_vec).collect();
            let expected = [[1, 2, 3], [4, 5, 6]].map(|row| row.map(|byte| sample_of(byte) + 7).to_vec());
            assert_eq!(rows, expected, "{number}: and nothing is rounded");
        }
    }
}
