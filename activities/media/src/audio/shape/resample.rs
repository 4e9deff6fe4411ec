//! Another sample rate, by rubato's FFT resampler, a chunk at a time. The result begins with the first sample and is as
//! long as the source, to the nearest sample: the filter's delay is cut off, its tail is fetched.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler as _, WindowFunction};

use crate::{Format, Problem};

/// How many samples the filter spans, at least about.
const SPAN: usize = 2048;
/// How many such spans are taken at a time.
const SUB_CHUNKS: usize = 2;

/// Samples of each channel taken at a time. Spans are whole multiples of what the two rates have in common; even ones, or
/// the filter's delay, which is half a span, would end between two samples of the result.
fn chunk(rate_in: usize, rate_out: usize) -> usize {
    let (mut step, mut rest) = (rate_in, rate_out);
    while rest > 0 {
        (step, rest) = (rest, step % rest);
    }
    let pair = 2 * (rate_in / step.max(1)).max(1);
    SUB_CHUNKS * pair * SPAN.div_ceil(pair)
}

pub(super) struct Resampler {
    fft: Fft<f64>,
    channels: usize,
    from: u64,
    to: u64,
    /// Interleaved samples that do not fill a chunk yet.
    pending: Vec<f64>,
    out: Vec<f64>,
    /// Samples of each channel.
    taken: u64,
    /// Of the resampler's delay, what is still to be cut off.
    to_skip: usize,
    given: u64,
}

impl Resampler {
    pub(super) fn new(from: u32, to: Format) -> Result<Self, Problem> {
        let channels = to.channels();
        let (rate_in, rate_out) = (from as usize, to.sample_rate as usize);
        let window = WindowFunction::BlackmanHarris2;
        let fft = Fft::new_custom(
            rate_in,
            rate_out,
            chunk(rate_in, rate_out),
            SUB_CHUNKS,
            channels,
            window,
            FixedSync::Input,
        );
        let fft = fft.map_err(|error| {
            Problem::unsupported(format!("{from} Hz, from which {rate_out} Hz cannot be made ({error})"))
        })?;
        Ok(Self {
            to_skip: fft.output_delay(),
            out: vec![0.0; fft.output_frames_max() * channels],
            fft,
            channels,
            from: u64::from(from),
            to: u64::from(to.sample_rate),
            pending: Vec::new(),
            taken: 0,
            given: 0,
        })
    }

    pub(super) fn take(&mut self, samples: &[f64], ready: &mut impl FnMut(&[f64])) -> Result<(), Problem> {
        self.taken += (samples.len() / self.channels) as u64;
        self.pending.extend_from_slice(samples);
        let mut used = 0;
        loop {
            let chunk = self.fft.input_frames_next() * self.channels;
            if self.pending.len() - used < chunk {
                break;
            }
            self.run(used, None, u64::MAX, ready)?;
            used += chunk;
        }
        self.pending.drain(..used);
        Ok(())
    }

    /// Gives the rest: what fills no chunk, then silence until the result is as long as it should be.
    pub(super) fn finish(&mut self, ready: &mut impl FnMut(&[f64])) -> Result<(), Problem> {
        let due = ((u128::from(self.taken) * u128::from(self.to) + u128::from(self.from) / 2)
            / u128::from(self.from)) as u64;
        while self.given < due {
            let left = self.pending.len() / self.channels;
            self.run(0, Some(left), due, ready)?;
            self.pending.clear();
        }
        Ok(())
    }

    /// Resamples one chunk of what is pending from `start` on, and gives of it what is not delay, up to `due` in all.
    fn run(
        &mut self,
        start: usize,
        partial: Option<usize>,
        due: u64,
        ready: &mut impl FnMut(&[f64]),
    ) -> Result<(), Problem> {
        let unexpected =
            |error: &dyn std::fmt::Display| Problem::corrupt(format!("it cannot be resampled ({error})"));
        let input = &self.pending[start..];
        let frames_in = input.len() / self.channels;
        let frames_out = self.out.len() / self.channels;
        let input =
            InterleavedSlice::new(input, self.channels, frames_in).map_err(|error| unexpected(&error))?;
        let mut output = InterleavedSlice::new_mut(&mut self.out, self.channels, frames_out)
            .map_err(|error| unexpected(&error))?;
        let indexing = Indexing { partial_len: partial, ..Indexing::default() };
        let (_, made) = self
            .fft
            .process_into_buffer(&input, &mut output, Some(&indexing))
            .map_err(|error| unexpected(&error))?;
        let skip = self.to_skip.min(made);
        self.to_skip -= skip;
        let keep = ((made - skip) as u64).min(due - self.given);
        self.given += keep;
        ready(&self.out[skip * self.channels..(skip + keep as usize) * self.channels]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resampled(from: u32, to: u32, channels: u8, samples: &[f64]) -> Vec<f64> {
        let format = Format { sample_rate: to, channels, bits_per_sample: 16 };
        let mut resampler = Resampler::new(from, format).unwrap();
        let mut out = Vec::new();
        for portion in samples.chunks(1001 * usize::from(channels)) {
            resampler.take(portion, &mut |ready| out.extend_from_slice(ready)).unwrap();
        }
        resampler.finish(&mut |ready| out.extend_from_slice(ready)).unwrap();
        out
    }

    fn tone(rate: u32, frames: usize) -> Vec<f64> {
        let step = 997.0 * std::f64::consts::TAU / f64::from(rate);
        (0..frames)
            .flat_map(|position| [(position as f64 * step).sin() * 0.5, (position as f64 * step).cos() * 0.5])
            .collect()
    }

    #[test]
    fn a_tone_is_the_same_tone_at_another_rate() {
        for (from, to) in
            [(44_100, 48_000), (48_000, 44_100), (96_000, 44_100), (8_000, 48_000), (44_056, 48_000)]
        {
            let frames = from as usize;
            let out = resampled(from, to, 2, &tone(from, frames));
            let expected = tone(to, to as usize);
            assert_eq!(out.len(), expected.len(), "{from} to {to}");
            // The ends ring, as the sound begins and stops at once.
            let middle = out.len() / 4..out.len() * 3 / 4;
            let noise: f64 =
                middle.clone().map(|at| (out[at] - expected[at]).powi(2)).sum::<f64>() / middle.len() as f64;
            let decibels = 10.0 * (0.125 / noise).log10();
            assert!(decibels > 100.0, "{from} to {to}: {decibels} dB");
        }
    }

    #[test]
    fn short_sounds_have_their_length() {
        for frames in [0, 1, 2, 100, 4095, 4096, 4097] {
            let out = resampled(44_100, 48_000, 2, &tone(44_100, frames));
            let due = (frames as f64 * 48_000.0 / 44_100.0).round() as usize;
            assert_eq!(out.len() / 2, due, "{frames}");
        }
    }
}
