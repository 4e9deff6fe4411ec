//! Uncompressed sound as it passes between decoder and encoder: interleaved `i32`, each sample right-justified at the
//! format's depth, and the MD5 that FLAC keeps of it.

use md5::{Digest, Md5};

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

    fn bytes_per_sample(&self) -> usize {
        usize::from(self.bits_per_sample.div_ceil(8))
    }
}

/// The MD5 of samples as FLAC defines it: interleaved, little-endian, in whole bytes.
pub(crate) struct Fingerprint {
    md5: Md5,
    bytes_per_sample: usize,
    scratch: Vec<u8>,
}

impl Fingerprint {
    pub(crate) fn new(format: Format) -> Self {
        Self { md5: Md5::new(), bytes_per_sample: format.bytes_per_sample(), scratch: Vec::new() }
    }

    pub(crate) fn update(&mut self, samples: &[i32]) {
        self.scratch.clear();
        match self.bytes_per_sample {
            1 => self.scratch.extend(samples.iter().map(|sample| sample.to_le_bytes()[0])),
            2 => self.pack::<2>(samples),
            3 => self.pack::<3>(samples),
            _ => self.pack::<4>(samples),
        }
        self.md5.update(&self.scratch);
    }

    fn pack<const BYTES: usize>(&mut self, samples: &[i32]) {
        for sample in samples {
            self.scratch.extend_from_slice(&sample.to_le_bytes()[..BYTES]);
        }
    }

    pub(crate) fn finish(self) -> [u8; 16] {
        self.md5.finalize().into()
    }
}
