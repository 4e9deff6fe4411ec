//! The beginning of a FLAC: the marker and STREAMINFO.

use serde::{Deserialize, Serialize};

use crate::Format;

/// What a FLAC states about itself, all of it true: counted, measured, or compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub sample_rate: u32,
    pub channels: u8,
    pub bits_per_sample: u8,
    /// Samples of each channel.
    pub samples: u64,
    /// The MD5 of the samples, as STREAMINFO states it.
    pub md5: [u8; 16],
}

/// Samples of each channel in every frame but the last.
pub(super) const BLOCK: usize = 4096;

/// Everything in STREAMINFO.
pub(super) struct StreamInfo {
    pub(super) format: Format,
    pub(super) samples: u64,
    pub(super) smallest_frame: u32,
    pub(super) largest_frame: u32,
    pub(super) md5: [u8; 16],
}

const MARKER: &[u8; 4] = b"fLaC";
/// Block type 0, not the last, 34 bytes.
const STREAM_INFO_HEADER: [u8; 4] = [0, 0, 0, 34];

/// How many bytes [`StreamInfo::read`] needs.
pub(super) const LENGTH: usize = 42;

impl StreamInfo {
    /// The marker and STREAMINFO.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend_from_slice(MARKER);
        bytes.extend_from_slice(&STREAM_INFO_HEADER);
        for _smallest_and_largest in 0..2 {
            bytes.extend_from_slice(&(BLOCK as u16).to_be_bytes());
        }
        bytes.extend_from_slice(&self.smallest_frame.to_be_bytes()[1..]);
        bytes.extend_from_slice(&self.largest_frame.to_be_bytes()[1..]);
        let packed = u64::from(self.format.sample_rate) << 44
            | u64::from(self.format.channels - 1) << 41
            | u64::from(self.format.bits_per_sample - 1) << 36
            | self.samples & ((1 << 36) - 1);
        bytes.extend_from_slice(&packed.to_be_bytes());
        bytes.extend_from_slice(&self.md5);
        bytes
    }

    pub(super) fn read(bytes: &[u8; LENGTH]) -> Option<Self> {
        if &bytes[..4] != MARKER || bytes[4] & 0x7F != 0 || bytes[5..8] != STREAM_INFO_HEADER[1..] {
            return None;
        }
        let number = |from: usize, to: usize| {
            bytes[from..to].iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
        };
        let packed = number(18, 26);
        Some(Self {
            format: Format {
                sample_rate: (packed >> 44) as u32,
                channels: (packed >> 41 & 7) as u8 + 1,
                bits_per_sample: (packed >> 36 & 31) as u8 + 1,
            },
            samples: packed & ((1 << 36) - 1),
            smallest_frame: number(12, 15) as u32,
            largest_frame: number(15, 18) as u32,
            md5: bytes[26..42].try_into().ok()?,
        })
    }

    pub(super) fn facts(&self) -> Facts {
        let Format { sample_rate, channels, bits_per_sample } = self.format;
        Facts { sample_rate, channels, bits_per_sample, samples: self.samples, md5: self.md5 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_info_reads_back() {
        let format = Format { sample_rate: 384_000, channels: 8, bits_per_sample: 24 };
        let info = StreamInfo {
            format,
            samples: (1 << 36) - 2,
            smallest_frame: 14,
            largest_frame: 0xAB_CDEF,
            md5: [7; 16],
        };
        let bytes: [u8; LENGTH] = info.bytes().try_into().unwrap();
        let read = StreamInfo::read(&bytes).unwrap();
        assert_eq!(read.facts(), info.facts());
        assert_eq!((read.smallest_frame, read.largest_frame), (14, 0xAB_CDEF));
    }
}
