//! The closed list of what can be asked of this crate, as plain data, and the one function that does it.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::audio::{self, Change, Container, Input, Limits, Sound, Wishes};
use crate::captions::{self, Format, MadeCaptions};
use crate::film::{self, Spread, Survey};
use crate::flac::{self, Facts, Level, Waveform};
use crate::picture::{self, MadeProxies, Picture};
use crate::thumbnails;
use crate::{Problem, Progress, ReadAt, Sink};

/// One piece of work on one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Job {
    /// Say what sound the source holds. Writes nothing.
    ProbeAudio { limits: Limits, wishes: Wishes },
    /// Decode the source's sound and write it as FLAC.
    Flac(Order),
    /// Write tags and pictures of a source whose sound track of this number is decoded elsewhere, for
    /// [`Input::Decoded`].
    Tags { track: Option<u32> },
    /// Decode a FLAC that we made and compare it with what its header states. Writes nothing.
    VerifyFlac,
    /// Say what picture the source holds. Writes nothing.
    ProbePicture { limits: picture::Limits },
    /// Write smaller JPEGs of the source's picture, an output each.
    Proxies { limits: picture::Limits, order: picture::Order },
    /// Decode a JPEG that we made, which must be as large as this. Writes nothing.
    VerifyProxy { width: u32, height: u32 },
    /// Say what film the source is, and where its key frames lie. Writes nothing.
    SurveyFilm { limits: film::Limits, spread: Option<Spread> },
    /// Write a zip of the frames that ffmpeg has made JPEGs of.
    Thumbnails(thumbnails::Order),
    /// Open a zip that we made. Writes nothing.
    VerifyThumbnails,
    /// Say which container the first bytes are of, if it was not cut off. Writes nothing.
    TellContainer,
    /// Write captions that somebody else wrote in every format, an output each.
    Captions,
    /// Read captions that we wrote. Writes nothing.
    VerifyCaptions(Format),
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
    /// They were written.
    Tags,
    Verified(Facts),
    Picture(Picture),
    Proxies(MadeProxies),
    VerifiedProxy(Picture),
    Film(Survey),
    Thumbnails(thumbnails::Outcome),
    /// So many frames are in it.
    VerifiedThumbnails(u32),
    Container(Container),
    Captions(MadeCaptions),
    VerifiedCaptions(MadeCaptions),
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
        Job::Tags { track } => audio::write_tags(source, *track, sink).map(|()| Answer::Tags),
        Job::VerifyFlac => flac::verify(source, processors, progress).map(Answer::Verified),
        Job::ProbePicture { limits } => picture::probe(source, limits).map(Answer::Picture),
        Job::Proxies { limits, order } => {
            picture::proxies(source, limits, order, processors, sink, progress).map(Answer::Proxies)
        }
        Job::VerifyProxy { width, height } => {
            picture::verify(source, *width, *height).map(Answer::VerifiedProxy)
        }
        Job::SurveyFilm { limits, spread } => film::survey(source, limits, spread.as_ref()).map(Answer::Film),
        Job::Thumbnails(order) => thumbnails::collect(source, order, sink, progress).map(Answer::Thumbnails),
        Job::TellContainer => audio::container(source).map(Answer::Container),
        Job::Captions => captions::captions(source, sink).map(Answer::Captions),
        Job::VerifyCaptions(format) => captions::verify(source, *format).map(Answer::VerifiedCaptions),
        Job::VerifyThumbnails => thumbnails::verify(source).map(Answer::VerifiedThumbnails),
    }
}
