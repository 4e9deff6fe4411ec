//! Sound in: what a file holds ([`probe`]) and its samples ([`Decoder`]), whatever the container and codec.
//!
//! symphonia does the parsing (`open`, `packets`, `claim`, `depth`; `decode` goes through a file with them, and `feed`
//! and `ahead` through chunks of it). What it leaves out is beside it: files that end too soon (`ending`), edit lists
//! (`mp4`), priming and padding (`matroska`, `held_back`), WAV headers written by a stream (`wav`), HE-AAC told from
//! AAC (`he_aac`, `sbr`), and saying in plain words what a file is (`sniff`). What it does not decode is
//! [`Foreign`](Problem::Foreign): another program decodes it, and `pcm` reads what comes. `tags` carries over what is
//! known besides. `shape` makes of the samples what was wished for (`wishes`).

mod ahead;
mod chunks;
mod claim;
mod decode;
mod depth;
mod ending;
mod feed;
mod first;
mod foreign;
mod he_aac;
mod held_back;
mod matroska;
mod mp4;
mod open;
mod packets;
mod pcm;
mod plain;
mod reading;
mod samples;
mod sbr;
mod shape;
mod sniff;
mod tags;
mod wav;
mod wishes;

pub(crate) use decode::Decoder;
pub use foreign::Container;
pub use pcm::TOLERANCE_SECONDS;
pub(crate) use reading::Reading;
pub use reading::{Decoded, Input};
pub use wishes::Wishes;

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::flac::blocks_of_known;
use crate::source::read_up_to;
use crate::{Problem, ReadAt, Sink};

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

    /// Whether it is as short as it may be, as far as it says how long it is.
    pub fn check_length(&self, limits: Limits) -> Result<(), Problem> {
        self.samples.map_or(Ok(()), |samples| limits.check_length(samples, self.sample_rate))
    }
}

/// A difference between the source's samples and ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// A lossy codec's output was rounded to this depth.
    Decoded { bits: u8 },
    /// Floating-point samples were rounded to this depth; what was louder than full scale is cut off.
    FromFloat { bits: u8 },
    /// The depth was lowered, as FLAC is not written any deeper here.
    Narrowed { from: u8, to: u8 },
    /// The depth was raised to the least that is written here: as loud as before, nothing lost.
    Widened { from: u8, to: u8 },
    /// Faint noise was added where samples were rounded to this depth.
    Dithered { bits: u8 },
    /// Channels were mixed down.
    Mixed { from: u8, to: u8 },
    /// The sample rate was changed.
    Resampled { from: u32, to: u32 },
    /// The file is damaged. What of it could be decoded is here; about this many samples of each channel are not, if it
    /// can be told how many.
    Incomplete { what: String, missing_samples: Option<u64> },
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

    pub fn check_length(&self, samples: u64, sample_rate: u32) -> Result<(), Problem> {
        let seconds = samples / u64::from(sample_rate.max(1));
        if seconds > self.seconds
            || (seconds == self.seconds && !samples.is_multiple_of(u64::from(sample_rate)))
        {
            return Err(Problem::TooLong { seconds, limit_seconds: self.seconds });
        }
        Ok(())
    }
}

/// Says which container a file is, by its first bytes. One that shows that it was cut off is refused.
pub(crate) fn container(source: &dyn ReadAt) -> Result<Container, Problem> {
    let mut head = [0; sniff::HEAD];
    let filled = read_up_to(source, 0, &mut head).map_err(|error| Problem::source(&error))?;
    let container = Container::of_sound(&head[..filled])?;
    ending::cut(source, container)?.map_or(Ok(container), Err)
}

/// Says what sound `source` holds. Decodes no more than its first packet.
pub(crate) fn probe(source: &dyn ReadAt, limits: &Limits, wishes: &Wishes) -> Result<Sound, Problem> {
    Decoder::open(source, limits, wishes, NonZeroUsize::MIN).map(|decoder| decoder.sound().clone())
}

/// Writes tags and pictures of a source whose sound another program decodes, as blocks of a FLAC. Decodes
/// nothing.
pub(crate) fn write_tags(
    source: &dyn ReadAt,
    track: Option<u32>,
    sink: &mut dyn Sink,
) -> Result<(), Problem> {
    let blocks = blocks_of_known(&tags::of_undecoded(source, track)?);
    sink.write(&blocks).map_err(|error| Problem::sink(&error))
}
