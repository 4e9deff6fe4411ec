//! The waveform: how far the sound swings, about a thousand times along its length, from a pass that does not know
//! beforehand how long it is.

use pulp::{Arch, Simd, WithSimd};
use serde::{Deserialize, Serialize};

use crate::Format;

/// The lowest and the highest sample of any channel, along the sound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waveform {
    /// Samples of each channel that one pair stands for; the last may stand for fewer.
    pub samples_per_peak: u64,
    /// As if samples had 16 bits.
    pub peaks: Vec<(i16, i16)>,
}

/// Samples of each channel in the smallest piece that is looked at.
pub(super) const UNIT: usize = 32;
/// How many pairs there are to be.
const ENOUGH: u64 = 1000;
/// When there are this many, each two become one.
const MOST: usize = 2000;

/// The swing of each [`UNIT`] of interleaved samples, at their own depth; replaces `units`.
pub(super) fn survey(samples: &[i32], format: Format, units: &mut Vec<(i32, i32)>) {
    units.clear();
    Arch::new().dispatch(Wide { samples, width: UNIT * usize::from(format.channels), units });
}

struct Wide<'p> {
    samples: &'p [i32],
    width: usize,
    units: &'p mut Vec<(i32, i32)>,
}

impl WithSimd for Wide<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.units.extend(self.samples.chunks(self.width).map(|unit| {
            let (mut lowest, mut highest) = (i32::MAX, i32::MIN);
            for &sample in unit {
                lowest = lowest.min(sample);
                highest = highest.max(sample);
            }
            (lowest, highest)
        }));
    }
}

/// Gathers units into a waveform.
pub(super) struct Peaks {
    bits: u8,
    units_per_peak: u64,
    /// Units in the last peak.
    filled: u64,
    peaks: Vec<(i32, i32)>,
}

impl Peaks {
    /// `total` is how many samples of each channel are expected, if anybody knows.
    pub(super) fn new(format: Format, total: Option<u64>) -> Self {
        let units_per_peak = total.unwrap_or(0).div_ceil(ENOUGH * UNIT as u64).max(1);
        Self { bits: format.bits_per_sample, units_per_peak, filled: units_per_peak, peaks: Vec::new() }
    }

    /// Takes units in their order; only the last of all may be short.
    pub(super) fn take(&mut self, units: &[(i32, i32)]) {
        for &(lowest, highest) in units {
            if self.filled == self.units_per_peak {
                if self.peaks.len() == MOST {
                    self.halve();
                }
                if self.filled == self.units_per_peak {
                    self.peaks.push((lowest, highest));
                    self.filled = 1;
                    continue;
                }
            }
            let last = self.peaks.last_mut().expect("a peak that is not full was begun");
            *last = (last.0.min(lowest), last.1.max(highest));
            self.filled += 1;
        }
    }

    /// Peaks are full when this is called, and their number is even.
    fn halve(&mut self) {
        self.peaks = self
            .peaks
            .chunks(2)
            .map(|pair| {
                pair.iter().fold((i32::MAX, i32::MIN), |all, one| (all.0.min(one.0), all.1.max(one.1)))
            })
            .collect();
        self.units_per_peak *= 2;
        self.filled = self.units_per_peak;
    }

    pub(super) fn finish(self) -> Waveform {
        let bits = i32::from(self.bits);
        let scaled = |sample: i32| {
            if bits > 16 { (sample >> (bits - 16)) as i16 } else { (sample << (16 - bits)) as i16 }
        };
        Waveform {
            samples_per_peak: self.units_per_peak * UNIT as u64,
            peaks: self
                .peaks
                .into_iter()
                .map(|(lowest, highest)| (scaled(lowest), scaled(highest)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: Format = Format { sample_rate: 44_100, channels: 2, bits_per_sample: 16 };

    fn waveform(length: usize, total: Option<u64>, at_once: usize) -> Waveform {
        // Rises slowly on the left, and falls on the right.
        let sample = |at: usize| [(at / 100) as i32, -((at / 50) as i32)];
        let samples: Vec<i32> = (0..length).flat_map(sample).collect();
        let (mut peaks, mut units) = (Peaks::new(FORMAT, total), Vec::new());
        for batch in samples.chunks(at_once * UNIT * 2) {
            survey(batch, FORMAT, &mut units);
            peaks.take(&units);
        }
        peaks.finish()
    }

    #[test]
    fn there_are_about_a_thousand_whatever_is_known() {
        for length in [100_000, 1_234_567] {
            let known = waveform(length, Some(length as u64), 7);
            assert!((700..=1000).contains(&known.peaks.len()), "{} peaks", known.peaks.len());
            for total in [None, Some(10), Some(length as u64 / 3)] {
                let guessed = waveform(length, total, 64);
                assert!((900..=MOST).contains(&guessed.peaks.len()), "{} peaks", guessed.peaks.len());
                for (at, &(lowest, highest)) in guessed.peaks.iter().enumerate() {
                    let last = ((at as u64 + 1) * guessed.samples_per_peak).min(length as u64) - 1;
                    assert_eq!(
                        (i64::from(lowest), i64::from(highest)),
                        (-(last as i64 / 50), last as i64 / 100)
                    );
                }
            }
        }
        assert_eq!(waveform(10, None, 1).peaks, [(0, 0)]);
        assert_eq!(waveform(0, None, 1).peaks, []);
    }
}
