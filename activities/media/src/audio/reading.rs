//! The sound of a source as the result is to have it: decoded here, or read as another decoder has made it, and shaped
//! as was wished.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::flac::Metadata;
use crate::source::read_up_to;
use crate::{Format, Problem, ReadAt};

use super::claim::TOO_SHORT;
use super::pcm;
use super::shape::Shaper;
use super::wishes::{Plan, plan};
use super::{Change, Decoder, Limits, Sound, Wishes, tags};

/// What a source is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// The file itself.
    #[default]
    File,
    /// The samples of a sound, as another decoder makes them: a WAV without sizes, read once from front to back. Before
    /// it stand tags and pictures, if there are any.
    Decoded(Decoded),
}

/// What is known of a sound that another decoder makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decoded {
    pub sound: Sound,
    /// Whether the sound ends where it is said to end, and what the decoder gives beyond that is padding.
    pub trimmed: bool,
    /// Names, as Vorbis comments spell them, and values: what the other decoder knows of them.
    pub comments: Vec<(String, String)>,
    /// How many bytes of tags and pictures stand before the samples, as [`Job::Tags`](crate::Job::Tags) writes them.
    pub tag_bytes: u32,
}

pub(crate) struct Reading<'s> {
    origin: Origin<'s>,
    sound: Sound,
    metadata: Metadata,
    plan: Plan,
    shaper: Option<Shaper>,
    keep_going: bool,
    /// Samples of the working depth, on their way into the shaper.
    unshaped: Vec<i32>,
    ended: bool,
    incomplete: Option<Change>,
}

enum Origin<'s> {
    Decoder(Box<Decoder<'s>>),
    Pcm(pcm::Stream<'s>),
}

impl<'s> Reading<'s> {
    pub(crate) fn open(
        input: &Input,
        source: &'s dyn ReadAt,
        limits: &Limits,
        wishes: &Wishes,
        processors: NonZeroUsize,
    ) -> Result<Self, Problem> {
        let (origin, sound, plan, mut metadata) = match input {
            Input::File => {
                let mut decoder = Box::new(Decoder::open(source, limits, wishes, processors)?);
                let (sound, plan) = (decoder.sound().clone(), decoder.plan().clone());
                let metadata = decoder.take_metadata();
                (Origin::Decoder(decoder), sound, plan, metadata)
            }
            Input::Decoded(Decoded { sound, trimmed, comments, tag_bytes }) => {
                let metadata = tags::add_comments(before_samples(source, *tag_bytes)?, comments);
                let mut sound = sound.clone();
                let stream =
                    pcm::Stream::open((source, u64::from(*tag_bytes)), limits, &mut sound, *trimmed)?;
                let plan = plan(&sound, stream.is_float(), wishes)?;
                (Origin::Pcm(stream), sound, plan, metadata)
            }
        };
        if plan.made.channels != sound.channels {
            tags::forget_loudness(&mut metadata);
        }
        let shaper = plan.is_shaped().then(|| Shaper::new(&plan)).transpose()?;
        Ok(Self {
            origin,
            sound,
            metadata,
            plan,
            shaper,
            keep_going: wishes.keep_going,
            unshaped: Vec::new(),
            ended: false,
            incomplete: None,
        })
    }

    /// The source's sound.
    pub(crate) fn sound(&self) -> &Sound {
        &self.sound
    }

    /// Tags and pictures.
    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The format of what [`Reading::next`] hands out.
    pub(crate) fn format(&self) -> Format {
        self.plan.made
    }

    /// How many samples of each channel there will be, as far as the source tells.
    pub(crate) fn samples(&self) -> Option<u64> {
        let (from, to) = (u128::from(self.sound.sample_rate.max(1)), u128::from(self.plan.made.sample_rate));
        self.sound.samples.map(|samples| ((u128::from(samples) * to + from / 2) / from) as u64)
    }

    /// How the samples that were handed out differ from the source's; all of it is known at the end.
    pub(crate) fn changes(&self) -> Vec<Change> {
        let mut changes = self.plan.changes.clone();
        if self.shaper.as_ref().is_some_and(Shaper::has_dithered) {
            changes.push(Change::Dithered { bits: self.plan.made.bits_per_sample });
        }
        changes.extend(self.incomplete.clone());
        changes
    }

    /// Appends the next samples, interleaved. False at the end.
    pub(crate) fn next(&mut self, out: &mut Vec<i32>) -> Result<bool, Problem> {
        if self.ended {
            return Ok(false);
        }
        let Some(shaper) = &mut self.shaper else {
            let more = self.origin.next(self.plan.decoded.bits_per_sample, out)?;
            if !more {
                self.end()?;
            }
            return Ok(more);
        };
        self.unshaped.clear();
        if self.origin.next(self.plan.decoded.bits_per_sample, &mut self.unshaped)? {
            shaper.take(&self.unshaped, out)?;
        } else {
            shaper.finish(out)?;
            self.end()?;
        }
        Ok(true)
    }

    fn end(&mut self) -> Result<(), Problem> {
        self.ended = true;
        let damage = match &self.origin {
            Origin::Decoder(decoder) => decoder.damage().map(|(what, missing)| (what.to_owned(), missing)),
            Origin::Pcm(stream) => match stream.missing() {
                _ if stream.is_empty() => return Err(Problem::corrupt("no sound could be decoded")),
                Some(missing) => Some((TOO_SHORT.to_owned(), missing)),
                None => None,
            },
        };
        let told = |missing: u64| (missing > 0).then_some(missing);
        match damage {
            Some((what, missing)) if !self.keep_going => {
                Err(Problem::Corrupt { what, missing_samples: told(missing) })
            }
            Some((what, missing)) => {
                self.incomplete = Some(Change::Incomplete { what, missing_samples: told(missing) });
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// The tags and pictures that are the first bytes of `source`.
fn before_samples(source: &dyn ReadAt, bytes: u32) -> Result<Metadata, Problem> {
    let mut blocks = vec![0; bytes as usize];
    let filled = read_up_to(source, 0, &mut blocks).map_err(|error| Problem::source(&error))?;
    Ok(tags::of_blocks(&blocks[..filled]))
}

impl Origin<'_> {
    fn next(&mut self, bits: u8, out: &mut Vec<i32>) -> Result<bool, Problem> {
        match self {
            Self::Decoder(decoder) => decoder.next(out),
            Self::Pcm(stream) => stream.next(bits, out),
        }
    }
}
