//! What a container says of the length of its sound, and which part of what is decoded it means.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;

use super::mp4::{self, Edit};
use super::open::{Bytes, Opened, is_mpeg_layer};
use super::tags::MOST_PRIMING;
use super::{Limits, held_back, matroska};
use crate::Problem;
use crate::flac::unstated_samples;

pub(super) const TOO_SHORT: &str = "the file ends too soon";

/// How many samples the container says will come out of the decoder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) samples: Option<u64>,
    /// Whether that is a statement and not a guess from the bit rate.
    pub(super) exact: bool,
    /// Whether it is enough to find the sound too long.
    pub(super) binding: bool,
}

pub(super) fn claim(source: &Bytes<'_>, opened: &Opened<'_>) -> Result<Claim, Problem> {
    let track = &opened.track;
    let (samples, exact) = match opened.reader.format_info().short_name {
        // Without an encoder's tag, the count of MPEG sound is a guess; with one, it is what trimming leaves over.
        "mp1" | "mp2" | "mp3" => (track.num_frames, track.delay.is_some()),
        "aac" | "matroska" => (track.num_frames, false),
        "flac" => match track.num_frames.filter(|&count| count > 0) {
            Some(count) => (Some(count), true),
            None => return unstated(source),
        },
        // A fragmented one states zero here, or how long it plays, which is not what comes out of the decoder.
        "isomp4" => (track.num_frames.filter(|&count| count > 0), !opened.is_fragmented),
        _ => (track.num_frames, true),
    };
    let exact = exact && track.num_frames.is_some();
    Ok(Claim { samples: samples.or_else(|| guess_from_duration(opened)), exact, binding: exact })
}

/// Of a FLAC whose header does not say how long it is. Frames may be missing, or be those of a longer one.
fn unstated(source: &Bytes<'_>) -> Result<Claim, Problem> {
    let samples = unstated_samples(source).map_err(|error| Problem::source(&error))?;
    Ok(Claim { samples, exact: false, binding: true })
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
        Some(samples) if claim.binding => limits.check_length(samples, rate),
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
        "matroska" => Some(Edit { skip: delay(source, opened, rate)?, end: None }),
        _ => return Ok(whole),
    };
    let edit = edit.unwrap_or(whole);
    let end = [edit.end, stated].into_iter().flatten().min();
    Ok(Edit { skip: edit.skip, end })
}

/// How many samples a Matroska file says are priming. Of other codecs than these, the decoders hand none out.
fn delay(source: &Bytes<'_>, opened: &Opened<'_>, rate: u32) -> Result<u64, Problem> {
    let codec = opened.params.codec;
    if codec != CODEC_ID_AAC && !is_mpeg_layer(codec) {
        return Ok(0);
    }
    let delay = matroska::delay(source, opened.track.id).map_err(|error| Problem::source(&error))?;
    Ok(Some(held_back::samples(delay, rate)).filter(|&samples| samples <= MOST_PRIMING).unwrap_or(0))
}

/// How many samples lie within the window, as far as that can be told. What is a guess, is one of these.
pub(super) fn kept(claim: Claim, window: Edit) -> Option<u64> {
    let samples = claim.samples?;
    if !claim.exact && window.end.is_none() {
        return Some(samples);
    }
    Some(window.end.map_or(samples, |end| end.min(samples)).saturating_sub(window.skip))
}

/// The file ended before what it claims.
pub(super) fn too_short(claim: Claim, decoded: u64) -> Problem {
    let missing_samples =
        claim.samples.filter(|_| claim.exact).map(|claimed| claimed.saturating_sub(decoded));
    Problem::Corrupt { what: TOO_SHORT.to_owned(), missing_samples }
}

#[cfg(test)]
mod tests {
    use super::super::{Wishes, probe};
    use super::*;

    const RATE: u64 = 44_100;

    /// A FLAC of a second and a half of silence, whose header states so many samples and no MD5.
    fn stating(samples: u64) -> Vec<u8> {
        let mut flac = b"fLaC\x80\0\0\x22".to_vec();
        // The least and the most samples of a frame; how many bytes one has is not said.
        flac.extend_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0]);
        // One channel, 16 bits.
        flac.extend_from_slice(&((RATE << 44) | (15_u64 << 36) | samples).to_be_bytes());
        flac.extend_from_slice(&[0; 16]);
        flac.extend_from_slice(FRAME);
        flac
    }

    /// 65,535 times zero, and the checksums of that.
    const FRAME: &[u8] = b"\xFF\xF8\x79\x08\0\xFF\xFE\x42\0\0\0\x6F\xA6";

    /// Whoever decodes finds out late, and only if there is as much.
    #[test]
    fn what_is_stated_is_enough_to_be_too_long() {
        let limits = Limits::default();
        let said = |samples| probe(&stating(samples), &limits, &Wishes::default()).map(|sound| sound.samples);
        let most = limits.seconds * RATE;
        for within in [65_535, most] {
            assert_eq!(said(within), Ok(Some(within)));
        }
        for beyond in [most + 1, 10 * 3600 * RATE] {
            let seconds = beyond / RATE;
            assert_eq!(said(beyond), Err(Problem::TooLong { seconds, limit_seconds: limits.seconds }));
        }
    }

    /// 65,535 times zero, as the frame of this number.
    fn numbered(number: &[u8], checksums: [u8; 3]) -> Vec<u8> {
        let mut flac = stating(0);
        flac.truncate(flac.len() - FRAME.len());
        let [of_header, high, low] = checksums;
        flac.extend([&FRAME[..4], number, b"\xFF\xFE", &[of_header, 0, 0, 0, high, low]].concat());
        flac
    }

    #[test]
    fn what_the_last_frame_tells_is_enough_where_nothing_is_stated() {
        let limits = Limits::default();
        let said = |flac: Vec<u8>| probe(&flac, &limits, &Wishes::default()).map(|sound| sound.samples);
        assert_eq!(said(stating(0)), Ok(Some(65_535)));
        // The frame of number 0x5DC0, which is the 24,001st: in ten hours there are as many.
        let seconds = 24_001 * 65_535 / RATE;
        let too_long = Problem::TooLong { seconds, limit_seconds: limits.seconds };
        assert_eq!(said(numbered(b"\xE5\xB7\x80", [0xE4, 0xC2, 0xBC])), Err(too_long));
    }

    #[test]
    fn what_is_guessed_is_not() {
        let mut params = AudioCodecParameters::new();
        params.with_sample_rate(RATE as u32);
        let claim = |binding| Claim { samples: Some(u64::MAX), exact: false, binding };
        assert_eq!(check_claim(&params, claim(false), &Limits::default()), Ok(()));
        assert!(check_claim(&params, claim(true), &Limits::default()).is_err());
    }
}
