//! Sound in: what a file holds ([`probe`]) and its samples ([`Decoder`]), whatever the container and codec.
//!
//! symphonia does the parsing. What it leaves out is beside it: files that end too soon (`ending`), edit lists
//! (`mp4`), WAV headers written by a stream (`wav`), and saying in plain words what a file is (`sniff`).

mod decode;
mod ending;
mod mp4;
mod open;
mod samples;
mod sniff;
mod wav;

pub(crate) use decode::Decoder;

use serde::{Deserialize, Serialize};

use crate::{Format, Problem, ReadAt};

/// What a file's sound is, before it is made into anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sound {
    /// A short name: `wave`, `mp3`, `isomp4`, …
    pub container: String,
    /// A name for people: `AAC (Advanced Audio Coding)`.
    pub codec: String,
    pub lossy: bool,
    pub sample_rate: u32,
    pub channels: u8,
    /// The depth of the source's samples; none when the codec has none of its own.
    pub bits_per_sample: Option<u8>,
    /// How many samples of each channel the file claims to hold. Some containers do not say, or only guess.
    pub samples: Option<u64>,
}

impl Sound {
    pub fn seconds(&self) -> Option<f64> {
        self.samples.map(|samples| samples as f64 / f64::from(self.sample_rate))
    }
}

/// A difference between the source's samples and ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// A lossy codec's output was rounded to this depth.
    Decoded { bits: u8 },
    /// Floating-point samples were rounded to this depth; what was louder than full scale is cut off.
    FromFloat { bits: u8 },
    /// The depth was lowered, as FLAC is not written any deeper here.
    Narrowed { from: u8, to: u8 },
    /// The depth was raised to the least that is written here: as loud as before, nothing lost.
    Widened { from: u8, to: u8 },
}

/// What is refused, judged by the headers, before anything is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub seconds: u64,
    pub channels: u8,
    pub sample_rate: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { seconds: 6 * 60 * 60, channels: 8, sample_rate: 384_000 }
    }
}

impl Limits {
    fn check_shape(&self, sample_rate: u32, channels: usize) -> Result<(), Problem> {
        if sample_rate == 0 {
            return Err(Problem::corrupt("the header states a sample rate of zero"));
        }
        if sample_rate > self.sample_rate {
            let what = format!("{sample_rate} samples a second; the limit is {}", self.sample_rate);
            return Err(Problem::TooLarge { what });
        }
        if channels == 0 {
            return Err(Problem::corrupt("the header states no channels"));
        }
        if channels > usize::from(self.channels) {
            let what = format!("{channels} channels; the limit is {}", self.channels);
            return Err(Problem::TooLarge { what });
        }
        Ok(())
    }

    fn check_length(&self, samples: u64, sample_rate: u32) -> Result<(), Problem> {
        let seconds = samples / u64::from(sample_rate.max(1));
        if seconds > self.seconds
            || (seconds == self.seconds && !samples.is_multiple_of(u64::from(sample_rate)))
        {
            return Err(Problem::TooLong { seconds, limit_seconds: self.seconds });
        }
        Ok(())
    }
}

/// Says what sound `source` holds. Decodes no more than its first packet.
pub(crate) fn probe(source: &dyn ReadAt, limits: &Limits) -> Result<Sound, Problem> {
    Decoder::open(source, limits).map(|decoder| decoder.sound().clone())
}

/// The format in which a sound's samples are handed on, and what that changes about them.
fn target(sound: &Sound, float: bool) -> (Format, Option<Change>) {
    let depth =
        |bits| Format { sample_rate: sound.sample_rate, channels: sound.channels, bits_per_sample: bits };
    if sound.lossy {
        return (depth(16), Some(Change::Decoded { bits: 16 }));
    }
    if float {
        return (depth(24), Some(Change::FromFloat { bits: 24 }));
    }
    let from = sound.bits_per_sample.unwrap_or(16);
    let to = from.clamp(8, 24);
    let change = match from.cmp(&to) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Less => Some(Change::Widened { from, to }),
        std::cmp::Ordering::Greater => Some(Change::Narrowed { from, to }),
    };
    (depth(to), change)
}
