//! What a container says of the length of its sound, and which part of what is decoded it means.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;

use super::Limits;
use super::mp4::{self, Edit};
use super::open::{Bytes, Opened};
use crate::Problem;

pub(super) const TOO_SHORT: &str = "the file ends too soon";

/// How many samples the container says will come out of the decoder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) samples: Option<u64>,
    /// Whether that is a statement and not a guess from the bit rate.
    pub(super) exact: bool,
}

pub(super) fn claim(opened: &Opened<'_>) -> Claim {
    let track = &opened.track;
    let (samples, exact) = match opened.reader.format_info().short_name {
        // Without an encoder's tag, the count of MPEG sound is a guess; with one, it is what trimming leaves over.
        "mp1" | "mp2" | "mp3" => (track.num_frames, track.delay.is_some()),
        "aac" | "matroska" => (track.num_frames, false),
        // A fragmented MP4 states zero here; a FLAC of unknown length may too.
        "isomp4" | "flac" => (track.num_frames.filter(|&count| count > 0), true),
        _ => (track.num_frames, true),
    };
    Claim {
        samples: samples.or_else(|| guess_from_duration(opened)),
        exact: exact && track.num_frames.is_some(),
    }
}

fn guess_from_duration(opened: &Opened<'_>) -> Option<u64> {
    let (base, duration) = opened.track.time_base.zip(opened.track.duration)?;
    let ticks = u128::from(duration.get()) * u128::from(base.numer.get());
    let samples = ticks * u128::from(opened.params.sample_rate?) / u128::from(base.denom.get());
    u64::try_from(samples).ok().filter(|&samples| samples > 0)
}

pub(super) fn check_claim(
    params: &AudioCodecParameters,
    claim: Claim,
    limits: &Limits,
) -> Result<(), Problem> {
    let Some(rate) = params.sample_rate else { return Ok(()) };
    if let Some(channels) = &params.channels {
        limits.check_shape(rate, channels.count())?;
    }
    match claim.samples {
        Some(samples) if claim.exact => limits.check_length(samples, rate),
        _ => Ok(()),
    }
}

/// Which of the decoded samples are meant to be heard, where `tagged` is what a tag says of it.
pub(super) fn window(
    source: &Bytes<'_>,
    opened: &Opened<'_>,
    claim: Claim,
    rate: u32,
    tagged: Option<Edit>,
) -> Result<Edit, Problem> {
    let whole = Edit { skip: 0, end: None };
    // The decoder fills its last packet up; the sample table knows how much of it is meant.
    let stated = claim.samples.filter(|_| claim.exact);
    // What is said of more samples than there are is said of another sound.
    let fits = |edit: &Edit| stated.is_none_or(|stated| edit.end.is_none_or(|end| end <= stated));
    let tagged = tagged.filter(|edit| opened.params.codec == CODEC_ID_AAC && fits(edit));
    let edit = match opened.reader.format_info().short_name {
        "isomp4" => {
            mp4::edit(source, opened.track.id, rate).map_err(|error| Problem::source(&error))?.or(tagged)
        }
        "aac" => tagged,
        _ => return Ok(whole),
    };
    let edit = edit.unwrap_or(whole);
    let end = [edit.end, stated].into_iter().flatten().min();
    Ok(Edit { skip: edit.skip, end })
}

/// How many of this many samples lie within the window.
pub(super) fn kept(samples: u64, window: Edit) -> u64 {
    window.end.map_or(samples, |end| end.min(samples)).saturating_sub(window.skip)
}

/// The file ended before what it claims.
pub(super) fn too_short(claim: Claim, decoded: u64) -> Problem {
    let missing_samples =
        claim.samples.filter(|_| claim.exact).map(|claimed| claimed.saturating_sub(decoded));
    Problem::Corrupt { what: TOO_SHORT.to_owned(), missing_samples }
}
