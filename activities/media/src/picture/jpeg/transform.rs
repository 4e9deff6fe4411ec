//! From a block's coefficients to pixels: eight to a side, or fewer, by leaving the fastest waves out.

use std::array::from_fn;

use pulp::Simd;

use super::super::blocks::{BLOCK, Lanes, MIDDLE, ORDER, SIDE, add, height, turned};
use super::block::Block;

const LIGHTEST: f32 = 255.0;

/// How blocks become squares of so many pixels.
pub(super) struct Transform {
    /// A block's side in pixels.
    pub(super) side: usize,
    /// What coefficients are multiples of, by columns.
    steps: [Lanes; SIDE],
    /// Of each wave, what it adds at each pixel; nothing behind the last one.
    waves: [Lanes; SIDE],
    /// Of the coefficients up to each, in the order in which they are written: how many rows and columns they fill.
    filled: [(u8, u8); BLOCK],
    /// How many coefficients there are up to the last that counts.
    pub(super) kept: usize,
}

impl Transform {
    /// To `side` pixels, 1 to 8; `steps` stand by rows.
    pub(super) fn to(side: usize, steps: &[f32; BLOCK]) -> Self {
        let of = |wave: usize, pixel: usize| {
            if wave < side && pixel < side { height(wave, pixel, side) } else { 0.0 }
        };
        let place = |at: usize| (usize::from(ORDER[at]) / SIDE, usize::from(ORDER[at]) % SIDE);
        let kept = (0..BLOCK).rfind(|&at| place(at) == (side - 1, side - 1)).unwrap_or_default() + 1;
        let filled = from_fn(|last| {
            let up_to = || (0..=last).map(place).filter(|&(row, column)| row < side && column < side);
            let most =
                |of: fn((usize, usize)) -> usize| up_to().map(of).max().map_or(1, |most| most as u8 + 1);
            (most(|place| place.0), most(|place| place.1))
        });
        let steps = from_fn(|column| from_fn(|row| steps[row * SIDE + column]));
        Self { side, steps, waves: from_fn(|number| from_fn(|pixel| of(number, pixel))), filled, kept }
    }

    /// Writes the block's pixels to `rows`, which lie `stride` apart. Of each row all eight lanes are written: those behind
    /// the last pixel come to lie where the next block does.
    #[inline(always)]
    pub(super) fn write<S: Simd>(&self, simd: S, block: &Block, rows: &mut [f32], stride: usize) {
        match self.side {
            1 => self.write_side::<S, 1>(simd, block, rows, stride),
            2 => self.write_side::<S, 2>(simd, block, rows, stride),
            3 => self.write_side::<S, 3>(simd, block, rows, stride),
            4 => self.write_side::<S, 4>(simd, block, rows, stride),
            5 => self.write_side::<S, 5>(simd, block, rows, stride),
            6 => self.write_side::<S, 6>(simd, block, rows, stride),
            7 => self.write_side::<S, 7>(simd, block, rows, stride),
            _ => self.write_side::<S, 8>(simd, block, rows, stride),
        }
    }

    /// A number that is the same for all lanes comes from memory: to spread one that is in a register takes three steps.
    #[inline(always)]
    fn write_side<S: Simd, const N: usize>(&self, simd: S, block: &Block, rows: &mut [f32], stride: usize) {
        let (filled_rows, filled_columns) = self.filled[block.last & (BLOCK - 1)];
        let (coefficients, _) = block.coefficients.as_chunks::<SIDE>();
        // Of each column of pixels, the waves down.
        let mut columns = [[0.0; SIDE]; SIDE];
        let from = coefficients.iter().zip(&self.steps);
        for (wave, (coefficients, steps)) in self.waves.iter().zip(from).take(filled_columns.into()) {
            let mut column = [0.0; SIDE];
            for row in 0..SIDE {
                column[row] = f32::from(coefficients[row]) * steps[row];
            }
            for pixel in 0..N {
                add(&mut columns[pixel], &column, wave[pixel]);
            }
        }
        let mut pixels = [[MIDDLE; SIDE]; N];
        for (wave, row) in self.waves.iter().zip(&turned(simd, columns)).take(filled_rows.into()) {
            for pixel in 0..N {
                add(&mut pixels[pixel], row, wave[pixel]);
            }
        }
        for (number, row) in pixels.iter().enumerate() {
            if let Some(out) = rows.get_mut(number * stride..).and_then(<[f32]>::first_chunk_mut::<SIDE>) {
                for lane in 0..SIDE {
                    out[lane] = row[lane].clamp(0.0, LIGHTEST);
                }
            }
        }
    }
}
