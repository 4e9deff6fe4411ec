//! Uncompressed sound as it passes between decoder and encoder: interleaved `i32`, each sample right-justified at the
//! format's depth, and as the bytes that FLAC takes the MD5 of.

use pulp::{Arch, Simd, WithSimd};

/// What a run of samples means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Format {
    pub sample_rate: u32,
    pub channels: u8,
    pub bits_per_sample: u8,
}

impl Format {
    pub(crate) fn channels(&self) -> usize {
        usize::from(self.channels)
    }

    pub(crate) fn bytes_per_sample(&self) -> usize {
        usize::from(self.bits_per_sample.div_ceil(8))
    }
}

/// Replaces `bytes` by `samples` of `width` bytes each.
pub(crate) fn pack(samples: &[i32], width: usize, bytes: &mut Vec<u8>) {
    bytes.resize(samples.len() * width, 0);
    Arch::new().dispatch(Wide { samples, width, bytes });
}

struct Wide<'p> {
    samples: &'p [i32],
    width: usize,
    bytes: &'p mut [u8],
}

impl WithSimd for Wide<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        match self.width {
            1 => packed::<1>(self.samples, self.bytes),
            2 => packed::<2>(self.samples, self.bytes),
            3 => packed::<3>(self.samples, self.bytes),
            _ => packed::<4>(self.samples, self.bytes),
        }
    }
}

#[inline(always)]
fn packed<const WIDTH: usize>(samples: &[i32], bytes: &mut [u8]) {
    for (place, sample) in bytes.as_chunks_mut::<WIDTH>().0.iter_mut().zip(samples) {
        *place = *sample.to_le_bytes().first_chunk().expect("a sample has four bytes");
    }
}
