//! What a JPEG is made of, whether it is read or written: squares of pixels, each the sum of waves.

use std::f64::consts::PI;

/// Pixels of a block's side, and waves along it.
pub(super) const SIDE: usize = 8;
/// Coefficients of a block: how high each wave is.
pub(super) const BLOCK: usize = SIDE * SIDE;

/// Where the coefficients stand that are written one after the other: row by row, from the slowest waves on.
pub(super) const ORDER: [u8; BLOCK] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// A row of a block.
pub(super) type Lanes = [f32; SIDE];

/// Half of the values that a pixel has: without any wave, a block is as light.
pub(super) const MIDDLE: f32 = 128.0;

/// How high a wave is at a pixel of so many.
pub(super) fn height(wave: usize, pixel: usize, pixels: usize) -> f32 {
    let most = if wave == 0 { 0.125_f64.sqrt() } else { 0.5 };
    (most * ((2 * pixel + 1) as f64 * wave as f64 * PI / (2 * pixels) as f64).cos()) as f32
}

#[inline(always)]
pub(super) fn add(sum: &mut Lanes, lanes: &Lanes, times: f32) {
    for (sum, lane) in sum.iter_mut().zip(lanes) {
        *sum += lane * times;
    }
}
