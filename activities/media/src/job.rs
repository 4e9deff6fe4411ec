//! The closed list of what can be asked of this crate, as plain data, and the one function that does it.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::audio::{self, Change, Input, Limits, Sound, Wishes};
use crate::flac::{self, Facts, Level, Waveform};
use crate::picture::{self, MadeProxies, Picture};
use crate::{Problem, Progress, ReadAt, Sink};

/// One piece of work on one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Job {
    /// Say what sound the source holds. Writes nothing.
    ProbeAudio { limits: Limits, wishes: Wishes },
    /// Decode the source's sound and write it as FLAC.
    Flac(Order),
    /// Decode a FLAC that we made and compare it with what its header states. Writes nothing.
    VerifyFlac,
    /// Say what picture the source holds. Writes nothing.
    ProbePicture { limits: picture::Limits },
    /// Write smaller JPEGs of the source's picture, an output each.
    Proxies { limits: picture::Limits, order: picture::Order },
    /// Decode a JPEG that we made, which must be as large as this. Writes nothing.
    VerifyProxy { width: u32, height: u32 },
}

/// How a FLAC shall be made, and of what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub limits: Limits,
    pub level: Level,
    pub wishes: Wishes,
    pub input: Input,
}

/// What a job found or made; the variant belongs to the job of the same name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    Audio(Sound),
    Flac(MadeFlac),
    Verified(Facts),
    Picture(Picture),
    Proxies(MadeProxies),
    VerifiedProxy(Picture),
}

/// A FLAC that was written, and what it was made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MadeFlac {
    pub source: Sound,
    pub facts: Facts,
    /// How its samples differ from the source's; empty when they are the same.
    pub changes: Vec<Change>,
    /// The length of the FLAC.
    pub bytes: u64,
    pub waveform: Waveform,
}

/// Does `job`, on this many processors where it can be shared out. What comes out does not depend on how many.
pub fn run(
    job: &Job,
    processors: NonZeroUsize,
    source: &dyn ReadAt,
    sink: &mut dyn Sink,
    progress: &mut Progress<'_>,
) -> Result<Answer, Problem> {
    match job {
        Job::ProbeAudio { limits, wishes } => audio::probe(source, limits, wishes).map(Answer::Audio),
        Job::Flac(order) => flac::convert(source, order, processors, sink, progress).map(Answer::Flac),
        Job::VerifyFlac => flac::verify(source, processors, progress).map(Answer::Verified),
        Job::ProbePicture { limits } => picture::probe(source, limits).map(Answer::Picture),
        Job::Proxies { limits, order } => {
            picture::proxies(source, limits, order, sink, progress).map(Answer::Proxies)
        }
        Job::VerifyProxy { width, height } => {
            picture::verify(source, *width, *height).map(Answer::VerifiedProxy)
        }
    }
}
