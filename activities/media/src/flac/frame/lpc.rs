//! From a block's samples to a linear predictor: weighted autocorrelation, the Levinson–Durbin recursion, the order that
//! promises the fewest bits, and coefficients rounded to whole numbers.
//!
//! All in 64-bit floats with additions in a fixed order, so that every processor comes to the same predictor: no fused
//! multiply-add, and no logarithm of the platform.

use pulp::{Arch, Simd, WithSimd};

use super::plane::LEAD;
use super::predict::{HIGHEST, Predictor};

/// Sums that are added up side by side.
const LANES: usize = 8;
/// Lags that are worked on at once, and how far they lie apart: all there are, in four goes.
const LAGS: usize = 4;
const APART: usize = 4;

/// Autocorrelations of lags 0 to [`HIGHEST`], as many as were asked for.
pub(super) type Lags = [f64; HIGHEST + 1];

/// Weighted samples: room, kept from block to block.
#[derive(Default)]
pub(super) struct Weighted {
    /// [`LEAD`] zeros and more, the weighted samples, and zeros up to whole lanes.
    values: Vec<f64>,
}

/// The zeros before the weighted samples: as far back as any lag reaches.
const BEFORE: usize = LAGS * APART;

impl Weighted {
    /// The autocorrelation of weighted samples, whose first one stands behind [`LEAD`] zeros.
    pub(super) fn analyse(&mut self, samples: &[i32], weights: &[f64], order: usize) -> Lags {
        Arch::new().dispatch(Analysis { weighted: self, samples, weights, order })
    }

    #[inline(always)]
    fn weigh(&mut self, samples: &[i32], weights: &[f64]) {
        let sound = &samples[LEAD..];
        self.values.resize(BEFORE + sound.len().next_multiple_of(LANES), 0.0);
        let (values, rest) = self.values[BEFORE..].split_at_mut(sound.len());
        for ((value, &sample), &weight) in values.iter_mut().zip(sound).zip(weights) {
            *value = f64::from(sample) * weight;
        }
        rest.fill(0.0);
    }

    #[inline(always)]
    fn autocorrelation(&self, order: usize) -> Lags {
        let mut lags = [0.0; HIGHEST + 1];
        for first in 0..APART.min(order + 1) {
            for (place, sum) in self.every_fourth(first).into_iter().enumerate() {
                lags[first + place * APART] = sum;
            }
        }
        lags
    }

    /// The sums of the lags `first`, four more, and so on: what each is added up from lies whole vectors apart, so that
    /// nothing has to be shuffled.
    #[inline(always)]
    fn every_fourth(&self, first: usize) -> [f64; LAGS] {
        const NEAR: usize = LANES + (LAGS - 1) * APART;
        let now = self.values[BEFORE..].as_chunks::<LANES>().0;
        let nears = self.values[BEFORE - first - (LAGS - 1) * APART..].windows(NEAR).step_by(LANES);
        let mut sums = [[0.0; LANES]; LAGS];
        for (now, near) in now.iter().zip(nears) {
            for (lag, sums) in sums.iter_mut().enumerate() {
                let back = (LAGS - 1 - lag) * APART;
                for lane in 0..LANES {
                    sums[lane] += now[lane] * near[back + lane];
                }
            }
        }
        sums.map(|[a, b, c, d, e, f, g, h]| ((a + b) + (c + d)) + ((e + f) + (g + h)))
    }
}

/// The analysis of one block, compiled for what this processor has.
struct Analysis<'a> {
    weighted: &'a mut Weighted,
    samples: &'a [i32],
    weights: &'a [f64],
    order: usize,
}

impl WithSimd for Analysis<'_> {
    type Output = Lags;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Lags {
        self.weighted.weigh(self.samples, self.weights);
        self.weighted.autocorrelation(self.order)
    }
}

/// The most bits that a coefficient may have.
const MOST_PRECISION: u32 = 15;

/// What the recursion finds: for each order the predictor's coefficients and the energy it leaves over.
#[derive(Default)]
pub(super) struct Ladder {
    coefficients: [[f64; HIGHEST]; HIGHEST],
    errors: [f64; HIGHEST],
    /// The energy of what is predicted.
    energy: f64,
    /// How far it came: a signal that is predicted perfectly has no higher orders.
    orders: usize,
}

impl Ladder {
    /// Finds the predictors of up to this order.
    pub(super) fn climb(&mut self, lags: &Lags, order: usize) {
        self.orders = 0;
        self.energy = lags[0];
        let mut error = lags[0];
        let mut current = [0.0; HIGHEST];
        for step in 0..order {
            if error <= 0.0 {
                break;
            }
            let ahead = (0..step).fold(lags[step + 1], |sum, tap| sum - current[tap] * lags[step - tap]);
            let reflection = ahead / error;
            current[step] = reflection;
            for low in 0..step / 2 {
                let high = step - 1 - low;
                let (a, b) = (current[low], current[high]);
                current[low] = a - reflection * b;
                current[high] = b - reflection * a;
            }
            if step % 2 == 1 {
                let middle = step / 2;
                current[middle] -= reflection * current[middle];
            }
            error *= 1.0 - reflection * reflection;
            self.coefficients[step] = current;
            self.errors[step] = error;
            self.orders = step + 1;
        }
    }

    /// The order that promises the fewest bits for `length` samples, and how many; each order costs `per_order` bits.
    pub(super) fn best(&self, length: usize, energy_share: f64, per_order: u32) -> Option<(usize, f64)> {
        (1..=self.orders)
            .map(|order| {
                let rest = length.saturating_sub(order) as f64;
                let bits = rest * bits_per_sample(self.errors[order - 1] * energy_share);
                (order, bits + (order as u32 * per_order) as f64)
            })
            .min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// The predictor of this order in whole numbers of at most `precision` bits, or of as many as there may be where so few
    /// would spoil it. None when its coefficients cannot be written that way.
    pub(super) fn predictor(&self, order: usize, precision: u32) -> Option<Predictor> {
        let predictor = self.rounded_predictor(order, precision)?;
        if precision < MOST_PRECISION && self.is_spoilt(&predictor) {
            return self.rounded_predictor(order, MOST_PRECISION);
        }
        Some(predictor)
    }

    /// Whether what rounding the coefficients adds to the error is much of it: so it is where almost all of a signal is
    /// predicted, as of pure tones.
    fn is_spoilt(&self, predictor: &Predictor) -> bool {
        const MUCH: f64 = 0.03;
        let step = 1.0 / f64::from(1 << predictor.shift);
        let added = predictor.order as f64 * step * step / 12.0 * self.energy;
        added > MUCH * self.errors[predictor.order - 1]
    }

    fn rounded_predictor(&self, order: usize, precision: u32) -> Option<Predictor> {
        const MOST_SHIFT: i32 = 15;
        let exact = &self.coefficients[order - 1][..order];
        let largest = exact.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        if !(largest > 0.0 && largest.is_finite()) {
            return None;
        }
        let magnitude = exponent(largest) + 1;
        let shift = (precision as i32 - 1 - magnitude).min(MOST_SHIFT);
        if shift < 0 {
            return None;
        }
        let (scale, limit) = (f64::from(1 << shift), f64::from(1 << (precision - 1)));
        let mut coefficients = [0; HIGHEST];
        // What rounding took from one coefficient the next one is given.
        let mut carried = 0.0;
        for (whole, &value) in coefficients.iter_mut().zip(exact) {
            carried += value * scale;
            let rounded = rounded(carried).clamp(-limit, limit - 1.0);
            carried -= rounded;
            *whole = rounded as i32;
        }
        Some(Predictor { order, coefficients, shift: shift as u32, precision })
    }
}

/// How many bits a sample takes whose prediction leaves this much energy over: half the logarithm of it, less what a
/// Laplace distribution saves.
pub(super) fn bits_per_sample(energy: f64) -> f64 {
    // ln(2)² / 2, as libFLAC's documentation has it for the same purpose.
    const SCALE: f64 = 0.240_226_506_959_100_7;
    let scaled = energy * SCALE;
    if scaled > 1e-300 { (0.5 * log2(scaled)).max(0.0) } else { 0.0 }
}

/// The exponent of a positive number's highest bit.
fn exponent(value: f64) -> i32 {
    (value.to_bits() >> 52) as i32 - 1023
}

/// To the nearest whole number, ties to even, by adding and taking away 1.5 × 2^52.
fn rounded(value: f64) -> f64 {
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    (value + ROUNDER) - ROUNDER
}

/// The logarithm of a positive number, to six digits, the same on every processor.
pub(super) fn log2(value: f64) -> f64 {
    let bits = value.to_bits();
    let mantissa = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    // atanh of (m − 1) / (m + 1), by its series; at most 1/3.
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    let series =
        1.0 + square * (1.0 / 3.0 + square * (1.0 / 5.0 + square * (1.0 / 7.0 + square * (1.0 / 9.0))));
    f64::from(exponent(value)) + 2.0 * std::f64::consts::LOG2_E * ratio * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_the_platforms() {
        for value in [1e-300, 1e-9, 0.1, 0.999, 1.0, 1.5, 1.999, 2.0, 3.0, 1234.5, 1e18] {
            assert!((log2(value) - value.log2()).abs() < 1e-4, "{value}");
        }
    }

    /// An autoregressive signal of order two gives its own coefficients away.
    #[test]
    fn the_recursion_finds_what_made_the_signal() {
        let mut samples = vec![0; LEAD];
        let (mut b, mut a) = (0.0, 0.0);
        let mut state = 1_u32;
        for _ in 0..4096 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let next = 1.6 * a - 0.8 * b + f64::from(state >> 16) - 32768.0;
            (b, a) = (a, next);
            samples.push(next as i32);
        }
        let mut weighted = Weighted::default();
        let mut ladder = Ladder::default();
        ladder.climb(&weighted.analyse(&samples, &[1.0; 4096], 8), 8);
        let (order, _) = ladder.best(4096, 1.0 / 4096.0, 30).unwrap();
        assert_eq!(order, 2);
        let predictor = ladder.predictor(2, 12).unwrap();
        let scale = f64::from(1 << predictor.shift);
        assert!((f64::from(predictor.coefficients[0]) / scale - 1.6).abs() < 0.03, "{predictor:?}");
        assert!((f64::from(predictor.coefficients[1]) / scale + 0.8).abs() < 0.03, "{predictor:?}");
    }
}
