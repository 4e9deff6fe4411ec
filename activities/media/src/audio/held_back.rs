//! Padding at the end of a sound, where only the end tells how much there is: by the last block of a Matroska file, or
//! by how long the samples of a fragmented MP4 say they are. What came last is held back until there is no more.

use std::io;

use super::matroska;
use super::open::{Bytes, Opened};

pub(super) struct HeldBack {
    told: Told,
    /// Of all channels, interleaved.
    samples: Vec<i32>,
    /// Room for the next ones.
    spare: Vec<i32>,
}

/// What tells of the padding.
#[derive(Clone, Copy)]
enum Told {
    LastBlock,
    Durations,
}

impl HeldBack {
    /// None where the end tells nothing new.
    pub(super) fn of(opened: &Opened<'_>) -> Option<Self> {
        let told = match opened.reader.format_info().short_name {
            "matroska" => Told::LastBlock,
            _ if opened.is_fragmented => Told::Durations,
            _ => return None,
        };
        Some(Self { told, samples: Vec::new(), spare: Vec::new() })
    }

    /// Keeps what stands in `out` from `start` on, and puts there what was kept before.
    pub(super) fn exchange(&mut self, start: usize, out: &mut Vec<i32>) {
        if out.len() == start {
            return;
        }
        self.spare.extend_from_slice(&out[start..]);
        out.truncate(start);
        out.append(&mut self.samples);
        std::mem::swap(&mut self.samples, &mut self.spare);
    }

    /// Appends what was kept, but for the padding. Of each channel, so many samples at this rate were decoded before.
    pub(super) fn release(
        self,
        source: &Bytes<'_>,
        opened: &Opened<'_>,
        (decoded, rate, channels): (u64, u32, usize),
        out: &mut Vec<i32>,
    ) -> io::Result<()> {
        let held = (self.samples.len() / channels) as u64;
        let padding = match self.told {
            Told::LastBlock => samples(matroska::padding(source, opened.track.id)?, rate),
            Told::Durations => {
                stated(opened, rate).map_or(0, |stated| (decoded + held).saturating_sub(stated))
            }
        };
        // What is more than the last packet is no padding of it.
        let kept = held.checked_sub(padding).unwrap_or(held);
        out.extend_from_slice(&self.samples[..kept as usize * channels]);
        Ok(())
    }
}

/// How many samples there are in so many nanoseconds.
pub(super) fn samples(nanoseconds: u64, rate: u32) -> u64 {
    const SECOND: u128 = 1_000_000_000;
    ((u128::from(nanoseconds) * u128::from(rate) + SECOND / 2) / SECOND) as u64
}

/// How many samples all packets together say they hold. A clock that does not count samples cannot tell.
fn stated(opened: &Opened<'_>, rate: u32) -> Option<u64> {
    let base = opened.track.time_base?;
    (base.numer.get() == 1 && base.denom.get() == rate).then_some(opened.ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_last_is_held_back() {
        let mut held = HeldBack { told: Told::LastBlock, samples: Vec::new(), spare: Vec::new() };
        let mut out = vec![0];
        for block in [&[1, 2][..], &[], &[3], &[4, 5, 6]] {
            let start = out.len();
            out.extend_from_slice(block);
            held.exchange(start, &mut out);
        }
        assert_eq!((out, held.samples), (vec![0, 1, 2, 3], vec![4, 5, 6]));
    }

    #[test]
    fn nanoseconds_are_the_samples_that_they_were_made_of() {
        for (nanoseconds, expected) in [(6_145_125, 271), (21_043_084, 928), (23_219_955, 1024), (0, 0)] {
            assert_eq!(samples(nanoseconds, 44_100), expected);
        }
    }
}
