//! One channel of one block, as every step of a subframe's coding sees it.

/// Zeros before the first sample, so that a predictor of any order can look back from every sample.
pub(super) const LEAD: usize = 16;

/// The samples of one channel, or of what two channels have in common or not.
#[derive(Default)]
pub(super) struct Plane {
    /// [`LEAD`] zeros, and the samples, without their wasted bits.
    pub(super) samples: Vec<i32>,
    /// Bits of each sample, without the wasted ones.
    pub(super) bits: u32,
    /// Low bits that are zero in all samples.
    pub(super) wasted: u32,
    /// No sample is further from zero.
    pub(super) peak: u32,
    pub(super) constant: bool,
}

impl Plane {
    /// Room for `length` samples of `bits` bits each.
    pub(super) fn prepare(&mut self, length: usize, bits: u32) {
        self.samples.clear();
        self.samples.resize(LEAD + length, 0);
        self.bits = bits;
    }

    pub(super) fn sound(&self) -> &[i32] {
        &self.samples[LEAD..]
    }

    /// What there is to know of the samples, once they are there.
    #[inline(always)]
    pub(super) fn survey(&mut self) {
        let sound = &self.samples[LEAD..];
        let first = sound[0];
        let (mut used, mut different, mut reach) = (0, 0, 0);
        for &sample in sound {
            used |= sample;
            different |= sample ^ first;
            // All ones below the highest bit that matters: as good as the largest for what it is for.
            reach |= sample ^ (sample >> 31);
        }
        self.constant = different == 0;
        self.wasted = if used == 0 { 0 } else { used.trailing_zeros() };
        if self.wasted > 0 {
            for sample in &mut self.samples {
                *sample >>= self.wasted;
            }
            self.bits -= self.wasted;
        }
        // One more than the largest positive number, for the negative one of the same length.
        let length = 32 - (reach >> self.wasted).leading_zeros();
        self.peak = 1 << length;
    }
}

/// One channel out of interleaved samples.
#[inline(always)]
pub(super) fn separate(interleaved: &[i32], channels: usize, channel: usize, plane: &mut Plane) {
    let places = plane.samples[LEAD..].iter_mut();
    if channels == 2 {
        // A width that the compiler knows makes wide instructions of this.
        let pairs = interleaved.as_chunks::<2>().0;
        places.zip(pairs).for_each(|(place, pair)| *place = pair[channel & 1]);
    } else {
        places.zip(interleaved.chunks_exact(channels)).for_each(|(place, samples)| *place = samples[channel]);
    }
}

/// What left and right have in common, and how they differ.
#[inline(always)]
pub(super) fn blend(left: &Plane, right: &Plane, mid: &mut Plane, side: &mut Plane) {
    let outs = mid.samples[LEAD..].iter_mut().zip(&mut side.samples[LEAD..]);
    for ((mid, side), (&left, &right)) in outs.zip(left.sound().iter().zip(right.sound())) {
        *mid = (left + right) >> 1;
        *side = left - right;
    }
}
