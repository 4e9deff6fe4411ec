//! A sound track's samples, packet by packet, and the proof that they are all there.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::flac::Metadata;
use crate::source::Watched;
use crate::{Format, Problem, ReadAt};

use super::claim::{Claim, TOO_SHORT, check_claim, claim, kept, too_short, window};
use super::feed::{Feed, Step};
use super::first::{Found, first_block};
use super::held_back::HeldBack;
use super::mp4::Edit;
use super::open::{self, Bytes, Opened};
use super::packets::{check_source, undecodable, unreadable};
use super::wav::{self, Mended};
use super::wishes::{Plan, Wishes};
use super::{Limits, Sound, ending, matroska, tags};

/// Decodes the sound of one source. A damaged or incomplete file ends in a problem, never in fewer samples.
pub(crate) struct Decoder<'s> {
    source: Bytes<'s>,
    opened: Opened<'s>,
    sound: Sound,
    metadata: Metadata,
    plan: Plan,
    limits: Limits,
    keep_going: bool,
    damage: Damage,
    claim: Claim,
    /// Which of the decoded samples are handed on.
    window: Edit,
    /// Samples of each channel that came out of the decoder so far, but for those that are held back.
    decoded: u64,
    held_back: Option<HeldBack>,
    /// There are no more packets.
    ended: bool,
    /// The first packet's samples, decoded to learn their format.
    first: Option<Vec<i32>>,
    last_packet: Box<[u8]>,
    feed: Feed,
}

/// What could not be decoded.
#[derive(Default)]
pub(super) struct Damage {
    /// The first flaw that was found.
    pub(super) first: Option<String>,
    /// Samples of each channel that are missing, as far as can be told.
    pub(super) missing: u64,
    /// How often the demuxer could not go on in a row.
    stumbles: u32,
    /// It will not go on any more.
    stopped: bool,
}

impl Damage {
    /// The demuxer could not hand out a packet. Where the file has ended, or nothing has come for long, nothing will.
    fn stumble(&mut self, problem: &Problem) {
        self.stumbles += 1;
        let ended = matches!(problem, Problem::Corrupt { what, .. } if what == TOO_SHORT);
        self.stopped = ended || self.stumbles >= MOST_STUMBLES;
    }
}

/// More packets than this that cannot be read, one after another, are the end of a file.
const MOST_STUMBLES: u32 = 1000;

impl<'s> Decoder<'s> {
    pub(crate) fn open(
        source: &'s dyn ReadAt,
        limits: &Limits,
        wishes: &Wishes,
        processors: NonZeroUsize,
    ) -> Result<Self, Problem> {
        let mended = Mended::new(source).map_err(|error| Problem::source(&error))?;
        if let Some(shape) = mended.shape() {
            limits.check_shape(shape.sample_rate, usize::from(shape.channels))?;
        }
        let source = Arc::new(Watched::new(mended));
        let mut opened = open::open(&source, wishes).map_err(|problem| seen_through(&source, problem))?;
        let claim = claim(&source, &opened)?;
        check_claim(&opened.params, claim, limits)?;

        let found = first_block(&source, &mut opened, claim, limits, wishes)?;
        let Found { mut sound, plan, samples, damage, chunks, packet } = found;
        let (metadata, tagged) = tags::of(opened.reader.as_mut(), opened.track.id);
        let window = window(&source, &opened, claim, sound.sample_rate, tagged)?;
        let metadata = with_tags_beside(&source, metadata)?;
        sound.samples = kept(claim, window);
        let held_back = HeldBack::of(&opened);
        Ok(Self {
            feed: Feed::new(&opened, chunks, &packet, plan.decoded, processors),
            source,
            opened,
            sound,
            metadata,
            plan,
            limits: *limits,
            keep_going: wishes.keep_going,
            damage,
            claim,
            window,
            decoded: 0,
            held_back,
            ended: false,
            first: Some(samples),
            last_packet: packet.data,
        })
    }

    pub(crate) fn sound(&self) -> &Sound {
        &self.sound
    }

    /// Tags and pictures, once.
    pub(super) fn take_metadata(&mut self) -> Metadata {
        std::mem::take(&mut self.metadata)
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What was left out, once the end is reached: the first flaw and how many samples are missing.
    pub(super) fn damage(&self) -> Option<(&str, u64)> {
        self.damage.first.as_deref().map(|first| (first, self.damage.missing))
    }

    /// Appends the next samples, interleaved. False at the end, when everything the file claims has been decoded.
    pub(crate) fn next(&mut self, out: &mut Vec<i32>) -> Result<bool, Problem> {
        let start = out.len();
        match self.block(out) {
            Ok(true) => {
                if let Some(held) = &mut self.held_back {
                    held.exchange(start, out);
                }
                self.admit(start, out).map(|()| true)
            }
            Ok(false) => match self.held_back.take() {
                Some(held) => self.release(held, out).map(|()| true),
                None => self.check_end().map(|()| false),
            },
            Err(problem) if self.keep_going => self.note(problem).map(|()| true),
            Err(Problem::Corrupt { what, missing_samples: None }) => self.survey(what, out),
            Err(problem) => Err(problem),
        }
    }

    /// Appends what one packet holds. False at the end.
    fn block(&mut self, out: &mut Vec<i32>) -> Result<bool, Problem> {
        if let Some(first) = self.first.take() {
            out.extend_from_slice(&first);
            return Ok(true);
        }
        if self.damage.stopped || self.ended {
            return Ok(false);
        }
        let step = self.feed.next(&mut self.opened, out);
        if !matches!(step, Step::Unreadable(_)) {
            self.damage.stumbles = 0;
        }
        match step {
            Step::Decoded(packet) => self.last_packet = packet,
            Step::Undecodable(error, frames) => {
                self.damage.missing += frames;
                return Err(undecodable(&self.source, &error));
            }
            Step::OtherFormat => {
                return Err(Problem::unsupported("sound that changes its sample rate or channels midway"));
            }
            Step::Unreadable(error) => {
                let accounted = self.decoded + self.damage.missing;
                let problem = unreadable(&self.source, &error, &self.opened, self.claim, accounted)?;
                let Some(problem) = problem else { return Ok(false) };
                self.damage.stumble(&problem);
                return Err(problem);
            }
            Step::End => {
                self.ended = true;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Appends what was held back until the end.
    fn release(&mut self, held: HeldBack, out: &mut Vec<i32>) -> Result<(), Problem> {
        let start = out.len();
        let Format { sample_rate, .. } = self.plan.decoded;
        let before = (self.decoded + self.damage.missing, sample_rate, self.plan.decoded.channels());
        held.release(&self.source, &self.opened, before, out).map_err(|error| Problem::source(&error))?;
        self.admit(start, out)
    }

    /// Remembers a flaw that is passed over; what is no flaw of the sound is not.
    fn note(&mut self, problem: Problem) -> Result<(), Problem> {
        match problem {
            Problem::Corrupt { what, missing_samples } => {
                self.damage.missing += missing_samples.unwrap_or(0);
                self.damage.first.get_or_insert(what);
                Ok(())
            }
            other => Err(other),
        }
    }

    /// Decodes the rest of a file that is found damaged only to tell how much of it is missing.
    fn survey(&mut self, what: String, scratch: &mut Vec<i32>) -> Result<bool, Problem> {
        self.keep_going = true;
        let start = scratch.len();
        self.damage.first = Some(what.clone());
        while self.next(scratch)? {
            scratch.truncate(start);
        }
        let missing_samples = Some(self.damage.missing).filter(|&missing| missing > 0);
        Err(Problem::Corrupt { what, missing_samples })
    }

    /// Counts the samples from `start` on and keeps those that the window shows.
    fn admit(&mut self, start: usize, out: &mut Vec<i32>) -> Result<(), Problem> {
        let channels = self.plan.decoded.channels();
        let from = self.decoded;
        self.decoded += ((out.len() - start) / channels) as u64;
        self.limits.check_length(self.decoded, self.plan.decoded.sample_rate)?;
        if let Some(end) = self.window.end {
            let keep = end.saturating_sub(from).min(self.decoded - from) as usize;
            out.truncate(start + keep * channels);
        }
        let skip =
            self.window.skip.saturating_sub(from).min(((out.len() - start) / channels) as u64) as usize;
        out.drain(start..start + skip * channels);
        Ok(())
    }

    fn check_end(&mut self) -> Result<(), Problem> {
        match self.flaw_at_end() {
            Err(problem) if self.keep_going => self.note(problem),
            outcome => outcome,
        }
    }

    fn flaw_at_end(&mut self) -> Result<(), Problem> {
        check_source(&self.source)?;
        if let Some(flaw) = ending::flaw(&self.source, &self.sound.container, &self.last_packet)? {
            return Err(flaw);
        }
        if let Some(claimed) = self.claim.samples.filter(|_| self.claim.exact) {
            let accounted = self.decoded + self.damage.missing;
            if accounted < claimed {
                return Err(too_short(self.claim, accounted));
            }
            if self.decoded > claimed && ["flac", "wave", "aiff"].contains(&self.sound.container.as_str()) {
                return Err(Problem::corrupt(format!(
                    "its header states {claimed} samples, but there are more"
                )));
            }
        }
        if self.decoded == 0 && self.sound.lossy {
            return Err(Problem::corrupt("no sound could be decoded"));
        }
        if self.opened.decoder.finalize().verify_ok == Some(false) {
            return Err(Problem::corrupt("its samples do not have the MD5 that its header states"));
        }
        Ok(())
    }
}

/// Adds what the demuxers pass over: the chunks of a WAV's tags, and a Matroska file's title.
pub(super) fn with_tags_beside(source: &Bytes<'_>, metadata: Metadata) -> Result<Metadata, Problem> {
    let chunks = wav::tag_chunks(source).map_err(|error| Problem::source(&error))?;
    let title = matroska::title(source).map_err(|error| Problem::source(&error))?;
    let title = title.map(|title| ("TITLE".to_owned(), title));
    let metadata = tags::add_comments(metadata, title.as_slice());
    Ok(chunks.iter().fold(metadata, |metadata, (name, chunk)| match name {
        b"LIST" => tags::add_info(metadata, chunk),
        _ => tags::add_id3(metadata, chunk),
    }))
}

/// Others may not notice, or not care, that a file was cut off: what its container shows of that is looked at first.
fn seen_through(source: &Bytes<'_>, problem: Problem) -> Problem {
    let Problem::Foreign { container, .. } = &problem else { return problem };
    match ending::cut(source, *container) {
        Ok(Some(flaw)) => flaw,
        Ok(None) => problem,
        Err(unreadable) => unreadable,
    }
}
