//! From a block's coefficients to pixels: eight to a side, or fewer, by leaving the fastest waves out.

use std::array::from_fn;

use super::super::blocks::{BLOCK, Lanes, MIDDLE, ORDER, SIDE, add, height};
use super::block::Block;

const LIGHTEST: f32 = 255.0;

/// How blocks become squares of so many pixels.
pub(super) struct Transform {
    /// A block's side in pixels.
    pub(super) side: usize,
    /// What coefficients are multiples of, by rows.
    steps: [Lanes; SIDE],
    /// Of each wave, what it adds at each pixel; nothing behind the last one.
    waves: [Lanes; SIDE],
    /// Of the coefficients up to each, in the order in which they are written: how many rows and columns they fill.
    filled: [(u8, u8); BLOCK],
    /// How many coefficients there are up to the last that counts.
    pub(super) kept: usize,
}

impl Transform {
    /// To `side` pixels, 1 to 8.
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
        let steps = from_fn(|row| from_fn(|column| steps[row * SIDE + column]));
        Self { side, steps, waves: from_fn(|number| from_fn(|pixel| of(number, pixel))), filled, kept }
    }

    /// Writes the block's pixels to `rows`, which lie `stride` apart. Of each row all eight lanes are written: those behind
    /// the last pixel come to lie where the next block does.
    #[inline(always)]
    pub(super) fn write(&self, block: &Block, rows: &mut [f32], stride: usize) {
        match self.side {
            1 => self.write_side::<1>(block, rows, stride),
            2 => self.write_side::<2>(block, rows, stride),
            3 => self.write_side::<3>(block, rows, stride),
            4 => self.write_side::<4>(block, rows, stride),
            5 => self.write_side::<5>(block, rows, stride),
            6 => self.write_side::<6>(block, rows, stride),
            7 => self.write_side::<7>(block, rows, stride),
            _ => self.write_side::<8>(block, rows, stride),
        }
    }

    #[inline(always)]
    fn write_side<const N: usize>(&self, block: &Block, rows: &mut [f32], stride: usize) {
        let (filled_rows, filled_columns) = self.filled[block.last & (BLOCK - 1)];
        let (coefficients, _) = block.coefficients.as_chunks::<SIDE>();
        let mut columns = [[0.0; SIDE]; N];
        let from = coefficients.iter().zip(&self.steps);
        for (wave, (row, steps)) in self.waves.iter().zip(from).take(filled_rows.into()) {
            let row = from_fn(|column| f32::from(row[column]) * steps[column]);
            for pixel in 0..N {
                add(&mut columns[pixel], &row, wave[pixel]);
            }
        }
        for (pixel, column) in columns.iter().enumerate() {
            let mut light = [MIDDLE; SIDE];
            for (wave, &height) in self.waves.iter().zip(column).take(filled_columns.into()) {
                add(&mut light, wave, height);
            }
            if let Some(out) = rows.get_mut(pixel * stride..).and_then(<[f32]>::first_chunk_mut::<SIDE>) {
                *out = light.map(|light| light.clamp(0.0, LIGHTEST));
            }
        }
    }
}
