//! Channels side by side, of one frame or of several, so that the samples of four are restored at once. Every sample hangs
//! on the one before it: of one channel alone a processor could not compute the next while it is at this one.
//!
//! What comes of numbers that no encoder writes is any sound, and the MD5 tells.

#![expect(
    clippy::needless_range_loop,
    reason = "a loop over lanes is one step of a register's, whatever it indexes"
)]

use pulp::Simd;
#[cfg(target_arch = "x86_64")]
use pulp::x86::V3;

/// How many channels are restored at once: as many as there are products of 64 bits in a register of AVX2.
pub(super) const LANES: usize = 4;

/// The highest order there is.
pub(super) const MOST_ORDER: usize = 32;

/// A sample of each lane.
pub(super) type Row = [i32; LANES];

/// How a channel's samples come out of what its predictor left over.
#[derive(Clone, Copy)]
pub(super) struct Predictor {
    /// The nearest first, and zeros behind the last.
    pub(super) coefficients: [i32; MOST_ORDER],
    /// So many samples stand as they are.
    pub(super) order: usize,
    pub(super) shift: u32,
    /// Bits that no sample uses, and which were left out.
    pub(super) wasted: u32,
}

impl Predictor {
    /// All samples stand as they are.
    pub(super) const NONE: Self = Self { coefficients: [0; MOST_ORDER], order: 0, shift: 0, wasted: 0 };

    /// The fixed predictor of this order.
    pub(super) fn fixed(order: usize) -> Self {
        const BINOMIALS: [[i32; 4]; 5] = [[0; 4], [1, 0, 0, 0], [2, -1, 0, 0], [3, -3, 1, 0], [4, -6, 4, -1]];
        let mut predictor = Self { order, ..Self::NONE };
        predictor.coefficients[..4].copy_from_slice(&BINOMIALS[order]);
        predictor
    }
}

pub(super) struct Lanes {
    /// What the predictors left over; once restored, the samples.
    pub(super) rows: Vec<Row>,
    pub(super) predictors: [Predictor; LANES],
}

impl Lanes {
    pub(super) fn new() -> Self {
        Self { rows: Vec::new(), predictors: [Predictor::NONE; LANES] }
    }

    #[inline(always)]
    pub(super) fn restore<S: Simd>(&mut self, simd: S) {
        let most = self.predictors.iter().map(|predictor| predictor.order).max();
        match most.unwrap_or_default() {
            0 => {}
            1..=4 => restored::<S, 4>(simd, &mut self.rows, &self.predictors),
            5..=8 => restored::<S, 8>(simd, &mut self.rows, &self.predictors),
            9..=12 => restored::<S, 12>(simd, &mut self.rows, &self.predictors),
            _ => restored::<S, MOST_ORDER>(simd, &mut self.rows, &self.predictors),
        }
        let wasted = self.predictors.map(|predictor| predictor.wasted);
        if wasted != [0; LANES] {
            for row in &mut self.rows {
                for lane in 0..LANES {
                    row[lane] <<= wasted[lane] & 31;
                }
            }
        }
    }
}

#[inline(always)]
fn restored<S: Simd, const TAPS: usize>(simd: S, rows: &mut [Row], predictors: &[Predictor; LANES]) {
    let mut step = Step::<TAPS>::new(predictors);
    let orders = predictors.map(|predictor| predictor.order);
    let warm_up = rows.len().min(TAPS);
    let (first, rest) = rows.split_at_mut(warm_up);
    for (at, row) in first.iter_mut().enumerate() {
        for lane in 0..LANES {
            if at < orders[lane] {
                step.sums[0][lane] = 0;
            }
        }
        step.restore(row);
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(&simd) = <dyn std::any::Any>::downcast_ref::<V3>(&simd) {
        return step.restore_all(simd, rest);
    }
    let _any = simd;
    for row in rest {
        step.restore(row);
    }
}

/// From one row to the next.
struct Step<const TAPS: usize> {
    taps: [[i64; LANES]; TAPS],
    shifts: [u32; LANES],
    /// What is known already of the sums for the next row, the one after it, and so on: a sample is added to all of them as
    /// soon as it is restored, so that the next waits for one product only.
    sums: [[i64; LANES]; TAPS],
}

impl<const TAPS: usize> Step<TAPS> {
    fn new(predictors: &[Predictor; LANES]) -> Self {
        let mut taps = [[0; LANES]; TAPS];
        for (tap, lanes) in taps.iter_mut().enumerate() {
            *lanes = predictors.map(|predictor| predictor.coefficients[tap].into());
        }
        // Only the lower half of a shifted sum counts, and in it the sign's bits are those of the sum.
        let shifts = predictors.map(|predictor| predictor.shift & 31);
        Self { taps, shifts, sums: [[0; LANES]; TAPS] }
    }

    #[inline(always)]
    fn restore(&mut self, row: &mut Row) {
        for lane in 0..LANES {
            let foretold = self.sums[0][lane] as u64 >> self.shifts[lane];
            row[lane] = row[lane].wrapping_add(foretold as i32);
        }
        for tap in 0..TAPS {
            for lane in 0..LANES {
                let more = self.taps[tap][lane] * i64::from(row[lane]);
                let known = if tap + 1 < TAPS { self.sums[tap + 1][lane] } else { 0 };
                self.sums[tap][lane] = known + more;
            }
        }
    }

    /// The same for all rows, in registers: left to itself, the compiler takes one lane after the other.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn restore_all(self, V3 { avx, avx2, .. }: V3, rows: &mut [Row]) {
        let zero = avx._mm256_setzero_si256();
        let (mut taps, mut sums) = ([zero; TAPS], [zero; TAPS]);
        for tap in 0..TAPS {
            (taps[tap], sums[tap]) = (pulp::cast(self.taps[tap]), pulp::cast(self.sums[tap]));
        }
        let [a, b, c, d] = self.shifts;
        let shifts = pulp::cast([u64::from(a), u64::from(b), u64::from(c), u64::from(d)]);
        let lower_halves = pulp::cast([0_u32, 2, 4, 6, 0, 0, 0, 0]);
        for row in rows {
            let foretold = avx2._mm256_srlv_epi64(sums[0], shifts);
            // Only the lower half of each counts, here and in the products.
            let samples = avx2._mm256_add_epi64(avx2._mm256_cvtepu32_epi64(pulp::cast(*row)), foretold);
            let halves = avx2._mm256_permutevar8x32_epi32(samples, lower_halves);
            *row = pulp::cast(avx._mm256_castsi256_si128(halves));
            for tap in 0..TAPS {
                let known = if tap + 1 < TAPS { sums[tap + 1] } else { zero };
                sums[tap] = avx2._mm256_add_epi64(known, avx2._mm256_mul_epi32(taps[tap], samples));
            }
        }
    }
}
