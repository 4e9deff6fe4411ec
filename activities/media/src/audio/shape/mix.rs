//! Fewer channels out of more. To stereo and mono by the coefficients of ITU-R BS.775: centre and surrounds at -3 dB, the
//! low-frequency channel left out. Each row is scaled so that nothing that was within full scale can leave it.
//!
//! | from | left | right |
//! | --- | --- | --- |
//! | 3 (L R C) | L + 0.707 C | R + 0.707 C |
//! | 4 (L R Ls Rs) | L + 0.707 Ls | R + 0.707 Rs |
//! | 5 (L R C Ls Rs) | L + 0.707 (C + Ls) | R + 0.707 (C + Rs) |
//! | 6 (L R C LFE Ls Rs) | the same | the same |
//! | 7 (L R C LFE Cs Ls Rs) | L + 0.707 (C + Ls) + 0.5 Cs | R + 0.707 (C + Rs) + 0.5 Cs |
//! | 8 (L R C LFE Lb Rb Ls Rs) | L + 0.707 (C + Lb + Ls) | R + 0.707 (C + Rb + Rs) |
//!
//! Mono is half the sum of the two. The channels stand in the order that FLAC gives them. Any other number of channels
//! than one or two is not mixed to.

use crate::Problem;

const HALF_POWER: f64 = std::f64::consts::FRAC_1_SQRT_2;

pub(super) struct Mix {
    from: usize,
    /// One row of coefficients for each channel of the result.
    rows: Vec<Vec<f64>>,
}

impl Mix {
    pub(super) fn new(from: u8, to: u8) -> Result<Self, Problem> {
        let (left, right) = stereo(from);
        let rows = match to {
            2 => vec![left, right],
            1 => vec![left.iter().zip(&right).map(|(left, right)| (left + right) / 2.0).collect()],
            _ => {
                return Err(Problem::unsupported(format!(
                    "{from} channels, which are mixed down to 2 or 1 and not to {to}"
                )));
            }
        };
        Ok(Self { from: usize::from(from), rows: rows.into_iter().map(within_full_scale).collect() })
    }

    /// Appends the mix of interleaved samples.
    pub(super) fn apply(&self, samples: &[f64], out: &mut Vec<f64>) {
        for frame in samples.chunks_exact(self.from) {
            out.extend(
                self.rows
                    .iter()
                    .map(|row| row.iter().zip(frame).map(|(by, sample)| by * sample).sum::<f64>()),
            );
        }
    }
}

fn stereo(from: u8) -> (Vec<f64>, Vec<f64>) {
    const H: f64 = HALF_POWER;
    let (left, right): (&[f64], &[f64]) = match from {
        1 => (&[1.0], &[1.0]),
        2 => (&[1.0, 0.0], &[0.0, 1.0]),
        3 => (&[1.0, 0.0, H], &[0.0, 1.0, H]),
        4 => (&[1.0, 0.0, H, 0.0], &[0.0, 1.0, 0.0, H]),
        5 => (&[1.0, 0.0, H, H, 0.0], &[0.0, 1.0, H, 0.0, H]),
        6 => (&[1.0, 0.0, H, 0.0, H, 0.0], &[0.0, 1.0, H, 0.0, 0.0, H]),
        7 => (&[1.0, 0.0, H, 0.0, 0.5, H, 0.0], &[0.0, 1.0, H, 0.0, 0.5, 0.0, H]),
        _ => (&[1.0, 0.0, H, 0.0, H, 0.0, H, 0.0], &[0.0, 1.0, H, 0.0, 0.0, H, 0.0, H]),
    };
    (left.to_vec(), right.to_vec())
}

fn within_full_scale(row: Vec<f64>) -> Vec<f64> {
    let most: f64 = row.iter().sum();
    row.into_iter().map(|by| if most > 1.0 { by / most } else { by }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(from: u8, to: u8, frame: &[f64]) -> Vec<f64> {
        let mut out = Vec::new();
        Mix::new(from, to).unwrap().apply(frame, &mut out);
        out
    }

    #[test]
    fn full_scale_in_all_channels_stays_full_scale() {
        for from in 2..=8 {
            for to in 1..=2 {
                let out = mixed(from, to, &vec![1.0; usize::from(from)]);
                assert_eq!(out.len(), usize::from(to));
                assert!(out.iter().all(|sample| (sample - 1.0).abs() < 1e-12), "{from} to {to}: {out:?}");
            }
        }
    }

    #[test]
    fn each_channel_goes_where_it_belongs() {
        assert_eq!(mixed(2, 1, &[0.5, 0.25]), [0.375]);
        let scale = 1.0 + 2.0 * HALF_POWER;
        assert_eq!(mixed(6, 2, &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]), [1.0 / scale, 0.0]);
        assert_eq!(mixed(6, 2, &[0.0, 0.0, 0.0, 1.0, 0.0, 0.0]), [0.0, 0.0], "no low-frequency effects");
        let centre = HALF_POWER / scale;
        assert_eq!(mixed(6, 2, &[0.0, 0.0, 1.0, 0.0, 0.0, 0.0]), [centre, centre]);
        assert_eq!(mixed(6, 2, &[0.0, 0.0, 0.0, 0.0, 0.0, 1.0]), [0.0, centre]);
        assert!(Mix::new(8, 6).is_err());
    }
}
