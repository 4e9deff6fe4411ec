//! From a source to a demuxer, the track to decode, and a decoder for it.

use std::sync::Arc;

use symphonia::core::codecs::audio::well_known::{self as codec, profiles};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::{Hint, Probe, ProbeOptions};
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::default::{get_codecs, register_enabled_formats};

use crate::Problem;
use crate::source::{ReadAhead, Watched, read_up_to};

use super::sniff::{self, Guess};
use super::wav::Mended;

/// The bytes that a demuxer sees.
pub(super) type Bytes<'s> = Arc<Watched<Mended<'s>>>;

/// How far into a file of no known kind a demuxer may look for something it knows. MP3s are sometimes preceded by
/// rubbish; but what looks like a frame deep inside other data is not one.
const PROBE_DEPTH: u32 = 64 * 1024;

/// One opened sound track.
pub(super) struct Opened<'s> {
    pub(super) reader: Box<dyn FormatReader + 's>,
    pub(super) track: Track,
    pub(super) params: AudioCodecParameters,
    pub(super) decoder: Box<dyn AudioDecoder>,
}

pub(super) fn open<'s>(source: &Bytes<'s>) -> Result<Opened<'s>, Problem> {
    let guess = guess(source)?;
    if let Guess::Other(found) = guess {
        return Err(Problem::unsupported(found));
    }
    let reader = demuxer(source).map_err(|error| not_opened(source, guess, &error))?;
    let (track, params) = sound_track(reader.as_ref())?;
    refuse_he_aac(&params)?;
    // Of the decoders, only FLAC's can verify: by the MD5 in its header.
    let options = AudioDecoderOptions::default().gapless(is_gapless(&track, &params)).verify(true);
    let decoder =
        get_codecs().make_audio_decoder(&params, &options).map_err(|error| no_decoder(&params, &error))?;
    Ok(Opened { reader, track, params, decoder })
}

fn guess(source: &Bytes<'_>) -> Result<Guess, Problem> {
    let mut head = [0; sniff::HEAD];
    let filled = read_up_to(source, 0, &mut head).map_err(|error| Problem::source(&error))?;
    Ok(sniff::guess(&head[..filled]))
}

fn demuxer<'s>(source: &Bytes<'s>) -> Result<Box<dyn FormatReader + 's>, Error> {
    let options = ProbeOptions { max_probe_depth: PROBE_DEPTH, ..ProbeOptions::default() };
    let mut probe = Probe::new_with_options(&options);
    register_enabled_formats(&mut probe);
    let stream = MediaSourceStream::new(Box::new(ReadAhead::new(Arc::clone(source))), Default::default());
    probe.probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
}

fn not_opened(source: &Bytes<'_>, guess: Guess, error: &Error) -> Problem {
    if let Some(why) = source.failure() {
        return Problem::SourceFailed { why };
    }
    match guess {
        Guess::Known(name) => Problem::corrupt(format!("{name} whose header cannot be read ({error})")),
        Guess::Other(found) => Problem::unsupported(found),
        Guess::Unknown => Problem::unsupported("a file of no kind known here"),
    }
}

/// The default sound track, or else the first.
fn sound_track(reader: &dyn FormatReader) -> Result<(Track, AudioCodecParameters), Problem> {
    let found = reader.default_track(TrackType::Audio).or_else(|| reader.first_track(TrackType::Audio));
    let params = found.and_then(|track| Some((track.clone(), track.codec_params.as_ref()?.audio()?.clone())));
    params.ok_or_else(|| {
        let name = reader.format_info().long_name;
        Problem::unsupported(match reader.tracks().len() {
            0 => format!("a {name} file without tracks"),
            1 => format!("a {name} file with one track, which is not sound of a kind known here"),
            count => format!("a {name} file with {count} tracks, none of them sound of a kind known here"),
        })
    })
}

fn no_decoder(params: &AudioCodecParameters, error: &Error) -> Problem {
    match name_of_undecoded(params.codec) {
        Some(name) => Problem::unsupported(format!("{name} sound, which is not decoded here")),
        None => Problem::unsupported(format!("sound of a kind that is not decoded here ({error})")),
    }
}

fn name_of_undecoded(id: AudioCodecId) -> Option<&'static str> {
    Some(match id {
        codec::CODEC_ID_OPUS => "Opus",
        codec::CODEC_ID_AC3 => "AC-3",
        codec::CODEC_ID_EAC3 => "E-AC-3",
        codec::CODEC_ID_DCA => "DTS",
        codec::CODEC_ID_TRUEHD => "TrueHD",
        codec::CODEC_ID_SPEEX => "Speex",
        codec::CODEC_ID_WMA => "WMA",
        codec::CODEC_ID_AAC => "a kind of AAC",
        _ => return None,
    })
}

/// The decoder would hand out HE-AAC at half its rate: a chipmunk. Where the stream says what it is, refuse it.
fn refuse_he_aac(params: &AudioCodecParameters) -> Result<(), Problem> {
    if params.codec != codec::CODEC_ID_AAC {
        return Ok(());
    }
    let by_profile = params.profile.is_some_and(|profile| {
        [profiles::CODEC_PROFILE_AAC_HE, profiles::CODEC_PROFILE_AAC_HE_V2].contains(&profile)
    });
    if by_profile || params.extra_data.as_deref().is_some_and(states_he_aac) {
        return Err(Problem::unsupported("HE-AAC sound, which is not decoded here"));
    }
    Ok(())
}

/// Whether an AudioSpecificConfig names SBR or PS: as its object type, or in the backward-compatible extension.
fn states_he_aac(config: &[u8]) -> bool {
    const SBR: u8 = 5;
    const PS: u8 = 29;
    const EXTENSION: u32 = 0x2B7;
    if config.first().is_some_and(|first| [SBR, PS].contains(&(first >> 3))) {
        return true;
    }
    let bits: Vec<bool> =
        config.iter().take(32).flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect();
    let number = |from: usize, count: usize| {
        bits.get(from..from + count)
            .map(|bits| bits.iter().fold(0_u32, |value, &bit| value << 1 | u32::from(bit)))
    };
    (16..bits.len()).any(|at| {
        number(at, 11) == Some(EXTENSION)
            && number(at + 11, 5) == Some(u32::from(SBR))
            && number(at + 16, 1) == Some(1)
    })
}

/// Without an encoder's own word about delay and padding, symphonia trims MPEG sound to a guessed length.
fn is_gapless(track: &Track, params: &AudioCodecParameters) -> bool {
    !is_mpeg_layer(params.codec) || track.delay.is_some()
}

pub(super) fn is_mpeg_layer(id: AudioCodecId) -> bool {
    [codec::CODEC_ID_MP1, codec::CODEC_ID_MP2, codec::CODEC_ID_MP3].contains(&id)
}

pub(super) fn is_lossy(id: AudioCodecId) -> bool {
    is_mpeg_layer(id) || [codec::CODEC_ID_AAC, codec::CODEC_ID_VORBIS].contains(&id)
}
