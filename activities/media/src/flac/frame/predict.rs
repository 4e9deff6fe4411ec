//! From samples to what a predictor leaves over of them, folded into unsigned numbers: 0, −1, 1, −2, … become 0, 1, 2, 3.
//!
//! These are the hottest loops there are. Each is a plain loop over slices that the compiler makes wide instructions of,
//! compiled once for every processor and once for those with AVX2 (see `Wide`); integers give the same everywhere.

use super::plane::LEAD;

#[inline(always)]
fn fold(residual: i32) -> u32 {
    ((residual << 1) ^ (residual >> 31)) as u32
}

/// The highest order of a linear predictor.
pub(super) const HIGHEST: usize = 15;

/// A linear predictor as a frame states it: the next sample is the sum of the ones before, each times its coefficient,
/// shifted down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Predictor {
    pub(super) order: usize,
    /// The nearest sample's first; zeros behind the last.
    pub(super) coefficients: [i32; HIGHEST],
    pub(super) shift: u32,
    /// Bits of each coefficient, with its sign.
    pub(super) precision: u32,
}

impl Predictor {
    /// How much larger than a sample the sum can get.
    fn gain(&self) -> u64 {
        self.coefficients.iter().map(|coefficient| u64::from(coefficient.unsigned_abs())).sum()
    }
}

/// What `predictor` leaves over of `samples`, whose first one stands behind [`LEAD`] zeros and none of which is further
/// from zero than `peak`. `left` is filled from the predictor's order on. False when something does not fit.
#[inline(always)]
pub(super) fn linear(samples: &[i32], peak: u32, predictor: &Predictor, left: &mut [u32]) -> bool {
    let largest = predictor.gain().saturating_mul(u64::from(peak));
    // Sums in 32 bits where they fit, and differences with them.
    if largest < 1 << 30 {
        match predictor.order {
            ..=4 => narrow::<4>(samples, predictor, left),
            5..=6 => narrow::<6>(samples, predictor, left),
            7..=8 => narrow::<8>(samples, predictor, left),
            9..=10 => narrow::<10>(samples, predictor, left),
            11..=12 => narrow::<12>(samples, predictor, left),
            _ => narrow::<LEAD>(samples, predictor, left),
        }
        true
    } else {
        match predictor.order {
            ..=4 => wide::<4>(samples, predictor, left),
            5..=8 => wide::<8>(samples, predictor, left),
            9..=12 => wide::<12>(samples, predictor, left),
            _ => wide::<LEAD>(samples, predictor, left),
        }
    }
}

/// The samples that the first prediction is made from and all behind them, and where what is left over goes.
#[inline(always)]
fn from_order<'s, 'l, const TAPS: usize>(
    samples: &'s [i32],
    order: usize,
    left: &'l mut [u32],
) -> (&'s [i32], &'l mut [u32]) {
    (&samples[LEAD + order - TAPS..], &mut left[order..samples.len() - LEAD])
}

#[inline(always)]
fn narrow<const TAPS: usize>(samples: &[i32], predictor: &Predictor, left: &mut [u32]) {
    let mut newest_last = [0; TAPS];
    for (place, coefficient) in newest_last.iter_mut().rev().zip(predictor.coefficients) {
        *place = coefficient;
    }
    let shift = predictor.shift & 31;
    let (samples, left) = from_order::<TAPS>(samples, predictor.order, left);
    for (near, left) in samples.windows(TAPS + 1).zip(left) {
        let mut sum = 0_i32;
        for tap in 0..TAPS {
            sum = sum.wrapping_add(newest_last[tap].wrapping_mul(near[tap]));
        }
        *left = fold(near[TAPS].wrapping_sub(sum >> shift));
    }
}

#[inline(always)]
fn wide<const TAPS: usize>(samples: &[i32], predictor: &Predictor, left: &mut [u32]) -> bool {
    let mut newest_last = [0_i64; TAPS];
    for (place, coefficient) in newest_last.iter_mut().rev().zip(predictor.coefficients) {
        *place = i64::from(coefficient);
    }
    let shift = predictor.shift & 31;
    let (samples, left) = from_order::<TAPS>(samples, predictor.order, left);
    let mut lost = 0_i64;
    for (near, left) in samples.windows(TAPS + 1).zip(left) {
        let mut sum = 0_i64;
        for tap in 0..TAPS {
            sum = sum.wrapping_add(newest_last[tap].wrapping_mul(i64::from(near[tap])));
        }
        let residual = i64::from(near[TAPS]).wrapping_sub(sum >> shift);
        // Half of what 32 bits hold, so that folding loses nothing either.
        lost |= residual ^ (residual << 33 >> 33);
        *left = fold(residual as i32);
    }
    lost == 0
}

/// How far the fixed predictors of each order are off, summed over all samples that every one of them predicts.
#[inline(always)]
pub(super) fn fixed_errors(samples: &[i32], peak: u32) -> [u64; 5] {
    const AT_ONCE: usize = 1024;
    let mut errors = [0; 5];
    if peak <= 1 << 17 {
        // Four bits more than a sample has, and ten for so many of them: sums of 32 bits will do.
        for start in (LEAD..samples.len() - 4).step_by(AT_ONCE) {
            let end = samples.len().min(start + AT_ONCE + 4);
            let mut sums = [0_u32; 5];
            for near in samples[start..end].windows(5) {
                let off = differences(near);
                (0..5).for_each(|order| sums[order] += off[order]);
            }
            (0..5).for_each(|order| errors[order] += u64::from(sums[order]));
        }
    } else {
        for near in samples[LEAD..].windows(5) {
            let off = differences(near);
            (0..5).for_each(|order| errors[order] += u64::from(off[order]));
        }
    }
    errors
}

#[inline(always)]
fn differences(near: &[i32]) -> [u32; 5] {
    let [e, d, c, b, a] = [near[0], near[1], near[2], near[3], near[4]];
    [a, a - b, a - 2 * b + c, a - 3 * (b - c) - d, a - 4 * (b + d) + 6 * c + e].map(i32::unsigned_abs)
}

/// What the fixed predictor of this order leaves over.
#[inline(always)]
pub(super) fn fixed(samples: &[i32], order: usize, left: &mut [u32]) {
    const SIGNED_BINOMIALS: [[i32; 4]; 5] =
        [[0; 4], [1, 0, 0, 0], [2, -1, 0, 0], [3, -3, 1, 0], [4, -6, 4, -1]];
    let mut coefficients = [0; HIGHEST];
    coefficients[..4].copy_from_slice(&SIGNED_BINOMIALS[order]);
    let predictor = Predictor { order, coefficients, shift: 0, precision: 0 };
    narrow::<4>(samples, &predictor, left);
}
