//! From pixels to a block's coefficients, as multiples of the steps of a quantiser.

use std::array::from_fn;

use super::super::blocks::{BLOCK, Lanes, MIDDLE, ORDER, SIDE, add, height};
use super::super::rows::{self, Sample};

/// The steps that the standard gives as an example, and that everybody scales: of light and of colour, by rows.
const LIGHT: [u16; BLOCK] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17,
    22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78,
    87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
const COLOUR: [u16; BLOCK] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/// libjpeg has coefficients in eighths, and gives what is half a step the next one: so what is nearly half. As much is added
/// here, so that a quality is as good, and as large, as whoever asks for it is used to.
const FAVOUR: f32 = PARTS / 16.0;

/// What a pixel is counted in, and a wave until it is quantised.
const PARTS: f32 = rows::PARTS as f32;

/// A block's coefficients in the order in which they are written.
pub(super) struct Coefficients {
    pub(super) values: [i16; BLOCK],
    /// All from this number on are zero.
    pub(super) end: usize,
}

pub(super) struct Quantiser {
    /// By rows.
    steps: [u8; BLOCK],
    /// How many steps a part is.
    per_part: [Lanes; SIDE],
    /// Of each pixel, the height of each wave there.
    heights: [Lanes; SIDE],
    /// Where coefficients lie in so many rows and columns: the number after the last.
    ends: [[u8; SIDE + 1]; SIDE + 1],
}

impl Quantiser {
    /// `quality` is from 1 to 100.
    pub(super) fn light(quality: u8) -> Self {
        Self::new(&LIGHT, quality)
    }

    pub(super) fn colour(quality: u8) -> Self {
        Self::new(&COLOUR, quality)
    }

    fn new(steps: &[u16; BLOCK], quality: u8) -> Self {
        let quality = u16::from(quality.clamp(1, 100));
        let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
        let scaled = |step: u16| ((u32::from(step) * u32::from(percent) + 50) / 100).clamp(1, 255) as u8;
        let steps = steps.map(scaled);
        let end = |rows: usize, columns: usize| {
            let lies = |&place: &u8| usize::from(place) / SIDE < rows && usize::from(place) % SIDE < columns;
            ORDER.iter().rposition(lies).map_or(0, |last| last as u8 + 1)
        };
        Self {
            steps,
            per_part: from_fn(|row| from_fn(|column| 1.0 / (PARTS * f32::from(steps[row * SIDE + column])))),
            heights: from_fn(|pixel| from_fn(|wave| height(wave, pixel, SIDE))),
            ends: from_fn(|rows| from_fn(|columns| end(rows, columns))),
        }
    }

    /// In the order in which they are written.
    pub(super) fn steps(&self) -> impl Iterator<Item = u8> {
        ORDER.iter().map(|&place| self.steps[usize::from(place)])
    }

    /// The block at the begin of `pixels`, whose rows lie `stride` apart.
    #[inline(always)]
    pub(super) fn block(&self, pixels: &[Sample], stride: usize) -> Coefficients {
        let mut columns = [[0.0; SIDE]; SIDE];
        for (number, heights) in self.heights.iter().enumerate() {
            let Some(row) = pixels.get(number * stride..).and_then(<[Sample]>::first_chunk::<SIDE>) else {
                break;
            };
            let row: Lanes = from_fn(|at| f32::from(row[at]) - MIDDLE * PARTS);
            for wave in 0..SIDE {
                add(&mut columns[wave], &row, heights[wave]);
            }
        }
        let mut by_rows = [[0; SIDE]; SIDE];
        for ((row, column), per_part) in by_rows.iter_mut().zip(&columns).zip(&self.per_part) {
            let mut waves = [0.0; SIDE];
            for (heights, &height) in self.heights.iter().zip(column) {
                add(&mut waves, heights, height);
            }
            for lane in 0..SIDE {
                let height = waves[lane] + FAVOUR.copysign(waves[lane]);
                row[lane] = rounded(height * per_part[lane]);
            }
        }
        self.in_order(&by_rows)
    }

    #[inline(always)]
    fn in_order(&self, by_rows: &[[i16; SIDE]; SIDE]) -> Coefficients {
        let (mut all, mut rows) = ([0; SIDE], 0);
        for (number, row) in by_rows.iter().enumerate() {
            let mut any = 0;
            for lane in 0..SIDE {
                all[lane] |= row[lane];
                any |= row[lane];
            }
            rows = if any == 0 { rows } else { number + 1 };
        }
        let columns = all.iter().rposition(|&any| any != 0).map_or(0, |last| last + 1);
        let end = usize::from(self.ends[rows][columns]);
        let mut values = [0; BLOCK];
        for (value, &place) in values.iter_mut().zip(&ORDER).take(end) {
            *value = by_rows.as_flattened()[usize::from(place)];
        }
        Coefficients { values, end }
    }
}

#[inline(always)]
fn rounded(value: f32) -> i16 {
    /// Added to a small number, it leaves that number's whole part at the bottom, with its sign.
    const WHOLE: f32 = 12_582_912.0;
    (value + WHOLE).to_bits() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_between_two_bytes_counts_as_what_it_is() {
        let quantiser = Quantiser::light(100);
        for (pixel, wave) in [(100.0, -224), (100.5, -220), (100.125, -223), (101.0, -216)] {
            let flat = [(pixel * PARTS) as Sample; BLOCK];
            let Coefficients { values, end } = quantiser.block(&flat, SIDE);
            assert_eq!((values[0], end), (wave, 1), "{pixel}");
        }
    }
}
