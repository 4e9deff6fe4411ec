//! What is done to samples between decoder and encoder when the result is to differ from the source: channels mixed down
//! (`mix`), the rate changed (`resample`), the depth lowered with dither (`dither`), in this order.

mod dither;
mod mix;
mod resample;

use crate::{Format, Problem};

use self::dither::Dither;
use self::mix::Mix;
use self::resample::Resampler;
use super::wishes::Plan;

/// Takes samples of the working depth and gives those of the result.
pub(super) struct Shaper {
    mix: Option<Mix>,
    resampler: Option<Resampler>,
    dither: Dither,
    /// Full scale is 1.
    scratch: Vec<f64>,
    mixed: Vec<f64>,
}

impl Shaper {
    pub(super) fn new(plan: &Plan) -> Result<Self, Problem> {
        let Plan { decoded, made, .. } = plan;
        let mix = (decoded.channels != made.channels).then(|| Mix::new(decoded.channels, made.channels));
        let resampler = (decoded.sample_rate != made.sample_rate)
            .then(|| Resampler::new(decoded.sample_rate, *made))
            .transpose()?;
        let Format { bits_per_sample, .. } = *made;
        Ok(Self {
            mix: mix.transpose()?,
            resampler,
            dither: Dither::new(bits_per_sample),
            scratch: Vec::new(),
            mixed: Vec::new(),
        })
    }

    /// Takes interleaved samples of the working depth; appends what is ready.
    pub(super) fn take(&mut self, samples: &[i32], out: &mut Vec<i32>) -> Result<(), Problem> {
        const FULL_SCALE: f64 = 2_147_483_648.0;
        self.scratch.clear();
        self.scratch.extend(samples.iter().map(|&sample| f64::from(sample) / FULL_SCALE));
        if let Some(mix) = &self.mix {
            self.mixed.clear();
            mix.apply(&self.scratch, &mut self.mixed);
            std::mem::swap(&mut self.scratch, &mut self.mixed);
        }
        match &mut self.resampler {
            Some(resampler) => {
                let dither = &mut self.dither;
                resampler.take(&self.scratch, &mut |ready| dither.apply(ready, out))
            }
            None => {
                self.dither.apply(&self.scratch, out);
                Ok(())
            }
        }
    }

    /// Appends what was held back.
    pub(super) fn finish(&mut self, out: &mut Vec<i32>) -> Result<(), Problem> {
        let dither = &mut self.dither;
        match &mut self.resampler {
            Some(resampler) => resampler.finish(&mut |ready| dither.apply(ready, out)),
            None => Ok(()),
        }
    }

    /// Whether any sample had to be rounded, and was dithered for it.
    pub(super) fn has_dithered(&self) -> bool {
        self.dither.was_needed()
    }
}
