//! What a JPEG is made of, whether it is read or written: squares of pixels, each the sum of waves.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::__m256;
use std::array::from_fn;
use std::f64::consts::PI;

use pulp::Simd;
#[cfg(target_arch = "x86_64")]
use pulp::x86::V3;

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

/// The same, where a block lies column by column.
pub(super) const ORDER_BY_COLUMNS: [u8; BLOCK] = {
    let mut order = ORDER;
    let mut at = 0;
    while at < BLOCK {
        order[at] = ORDER[at] % SIDE as u8 * SIDE as u8 + ORDER[at] / SIDE as u8;
        at += 1;
    }
    order
};

/// A row of a block, or a column.
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

/// Columns out of rows, and rows out of columns.
#[inline(always)]
pub(super) fn turned<S: Simd>(simd: S, of: [Lanes; SIDE]) -> [Lanes; SIDE] {
    #[cfg(target_arch = "x86_64")]
    if let Some(&simd) = <dyn std::any::Any>::downcast_ref::<V3>(&simd) {
        let [above, below] = [four(simd, &of[..SIDE / 2]), four(simd, &of[SIDE / 2..])];
        let mut columns = [[0.0; SIDE]; SIDE];
        for at in 0..SIDE / 2 {
            let (above, below) = (above[at], below[at]);
            columns[at] = pulp::cast(simd.avx._mm256_permute2f128_ps::<0x20>(above, below));
            columns[at + SIDE / 2] = pulp::cast(simd.avx._mm256_permute2f128_ps::<0x31>(above, below));
        }
        return columns;
    }
    let _any = simd;
    from_fn(|row| from_fn(|column| of[column][row]))
}

/// Of four rows, four columns in either half of a register.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn four(simd: V3, rows: &[Lanes]) -> [__m256; SIDE / 2] {
    let avx = simd.avx;
    let (a, b) = (pulp::cast(rows[0]), pulp::cast(rows[1]));
    let (c, d) = (pulp::cast(rows[2]), pulp::cast(rows[3]));
    let (low, high) = (avx._mm256_unpacklo_ps(a, b), avx._mm256_unpackhi_ps(a, b));
    let (next_low, next_high) = (avx._mm256_unpacklo_ps(c, d), avx._mm256_unpackhi_ps(c, d));
    [
        avx._mm256_shuffle_ps::<0x44>(low, next_low),
        avx._mm256_shuffle_ps::<0xEE>(low, next_low),
        avx._mm256_shuffle_ps::<0x44>(high, next_high),
        avx._mm256_shuffle_ps::<0xEE>(high, next_high),
    ]
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, WithSimd};

    use super::*;

    #[test]
    fn a_block_is_turned_alike_on_every_processor() {
        struct Turned([Lanes; SIDE]);
        impl WithSimd for Turned {
            type Output = [Lanes; SIDE];

            fn with_simd<S: Simd>(self, simd: S) -> [Lanes; SIDE] {
                turned(simd, self.0)
            }
        }
        let rows: [Lanes; SIDE] = from_fn(|row| from_fn(|column| (row * SIDE + column) as f32));
        let columns = Arch::new().dispatch(Turned(rows));
        assert_eq!(columns, from_fn(|row| from_fn(|column| (column * SIDE + row) as f32)));
        assert_eq!(Arch::Scalar.dispatch(Turned(rows)), columns);
    }

    #[test]
    fn both_orders_are_of_the_same_coefficients() {
        for (by_rows, by_columns) in ORDER.into_iter().zip(ORDER_BY_COLUMNS) {
            assert_eq!((by_rows / 8, by_rows % 8), (by_columns % 8, by_columns / 8));
        }
    }
}
