//! Rounding to fewer bits, with noise of a triangular shape (TPDF) of two steps' width, so that what is lost becomes a
//! faint hiss and not distortion. A sample that needs no rounding gets none: what fits into the depth stays as it is.

/// The same in every run, so that the same file gives the same result.
const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

pub(super) struct Dither {
    full_scale: f64,
    state: u64,
    needed: bool,
}

impl Dither {
    pub(super) fn new(bits: u8) -> Self {
        Self { full_scale: f64::from(1_u32 << (bits - 1)), state: SEED, needed: false }
    }

    /// Appends `samples`, of which full scale is 1, as integers.
    pub(super) fn apply(&mut self, samples: &[f64], out: &mut Vec<i32>) {
        out.extend(samples.iter().map(|&sample| {
            let scaled = sample * self.full_scale;
            let exact = scaled.round_ties_even();
            let rounded = if exact == scaled {
                exact
            } else {
                self.needed = true;
                (scaled + self.noise()).round_ties_even()
            };
            rounded.clamp(-self.full_scale, self.full_scale - 1.0) as i32
        }));
    }

    pub(super) fn was_needed(&self) -> bool {
        self.needed
    }

    /// Between -1 and 1, small values likelier: the difference of two even draws.
    fn noise(&mut self) -> f64 {
        self.draw() - self.draw()
    }

    fn draw(&mut self) -> f64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_as_it_is() {
        let mut dither = Dither::new(16);
        let values = [-32768, -1, 0, 1, 12_345, 32767];
        let mut out = Vec::new();
        dither.apply(&values.map(|value| f64::from(value) / 32768.0), &mut out);
        assert_eq!(out, values);
        assert!(!dither.was_needed());
    }

    #[test]
    fn what_lies_between_two_steps_is_kept_on_average() {
        let mut dither = Dither::new(16);
        let mut out = Vec::new();
        dither.apply(&[100.25 / 32768.0; 100_000], &mut out);
        let mean = out.iter().map(|&sample| f64::from(sample)).sum::<f64>() / out.len() as f64;
        assert!((mean - 100.25).abs() < 0.01, "{mean}");
        assert!(dither.was_needed() && out.iter().all(|sample| (99..=102).contains(sample)));
        let mut again = Vec::new();
        Dither::new(16).apply(&[100.25 / 32768.0; 100_000], &mut again);
        assert!(out == again, "the same noise each time");
    }

    #[test]
    fn nothing_wraps_around() {
        let mut out = Vec::new();
        Dither::new(8).apply(&[5.0, -5.0, 1.0, f64::NAN], &mut out);
        assert_eq!(out, [127, -128, 127, 0]);
    }
}
