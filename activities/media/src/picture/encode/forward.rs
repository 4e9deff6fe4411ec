//! From pixels to a block's coefficients, as multiples of the steps of a quantiser.

use std::array::from_fn;

use pulp::Simd;

use super::super::blocks::{BLOCK, Lanes, MIDDLE, ORDER, ORDER_BY_COLUMNS, SIDE, add, height, turned};
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
    /// How many steps a part is, by columns.
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
            per_part: from_fn(|column| from_fn(|row| 1.0 / (PARTS * f32::from(steps[row * SIDE + column])))),
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
    pub(super) fn block<S: Simd>(&self, simd: S, pixels: &[Sample], stride: usize) -> Coefficients {
        // Of each wave down, its height in each column of pixels.
        let mut down = [[0.0; SIDE]; SIDE];
        for (number, heights) in self.heights.iter().enumerate() {
            let Some(row) = pixels.get(number * stride..).and_then(<[Sample]>::first_chunk::<SIDE>) else {
                break;
            };
            let mut parts = [0.0; SIDE];
            for lane in 0..SIDE {
                parts[lane] = f32::from(row[lane]) - MIDDLE * PARTS;
            }
            for wave in 0..SIDE {
                add(&mut down[wave], &parts, heights[wave]);
            }
        }
        let mut waves = [[0.0; SIDE]; SIDE];
        for (heights, column) in self.heights.iter().zip(&turned(simd, down)) {
            for wave in 0..SIDE {
                add(&mut waves[wave], column, heights[wave]);
            }
        }
        let mut by_columns = [[0; SIDE]; SIDE];
        for ((column, waves), per_part) in by_columns.iter_mut().zip(&waves).zip(&self.per_part) {
            for lane in 0..SIDE {
                let height = waves[lane] + FAVOUR.copysign(waves[lane]);
                column[lane] = rounded(height * per_part[lane]);
            }
        }
        self.in_order(&by_columns)
    }

    #[inline(always)]
    fn in_order(&self, by_columns: &[[i16; SIDE]; SIDE]) -> Coefficients {
        let (mut all, mut columns) = ([0; SIDE], 0);
        for (number, column) in by_columns.iter().enumerate() {
            let mut any = 0;
            for lane in 0..SIDE {
                all[lane] |= column[lane];
                any |= column[lane];
            }
            columns = if any == 0 { columns } else { number + 1 };
        }
        let rows = all.iter().rposition(|&any| any != 0).map_or(0, |last| last + 1);
        let end = usize::from(self.ends[rows][columns]);
        let mut values = [0; BLOCK];
        for (value, &place) in values.iter_mut().zip(&ORDER_BY_COLUMNS).take(end) {
            *value = by_columns.as_flattened()[usize::from(place)];
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
            let Coefficients { values, end } = quantiser.block(pulp::Scalar, &flat, SIDE);
            assert_eq!((values[0], end), (wave, 1), "{pixel}");
        }
    }

    #[test]
    fn a_wave_across_is_the_first_that_is_written_and_one_down_the_second() {
        let stripes = |lies: fn(usize) -> usize| {
            from_fn::<Sample, BLOCK, _>(|at| {
                ((128.0 + 800.0 * height(1, lies(at), SIDE) / 8.0) * PARTS) as Sample
            })
        };
        let values =
            |pixels: [Sample; BLOCK]| Quantiser::light(100).block(pulp::Scalar, &pixels, SIDE).values;
        let (across, down) = (values(stripes(|at| at % SIDE)), values(stripes(|at| at / SIDE)));
        assert!(across[1] > 100 && across[2] == 0, "{across:?}");
        assert!(down[2] > 100 && down[1] == 0, "{down:?}");
    }
}
