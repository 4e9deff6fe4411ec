//! From a source to a demuxer, the track to decode, and a decoder for it.

use std::collections::VecDeque;
use std::sync::Arc;

use symphonia::core::codecs::audio::well_known::{self as codec, profiles};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::{Hint, Probe, ProbeOptions};
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::default::{get_codecs, register_enabled_formats};

use crate::Problem;
use crate::source::{ReadAhead, Watched, read_up_to};

use super::Wishes;
use super::foreign::Container;
use super::he_aac::{self, Aac};
use super::mp4;
use super::packets::guarded;
use super::sbr;
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
    /// Packets, of all tracks, that were looked at before their turn, and why there are no more of them.
    peeked: VecDeque<Result<Option<Packet>, Error>>,
    /// How long the track's packets so far say they are, by its own clock.
    pub(super) ticks: u64,
    /// An MP4 whose samples lie in fragments.
    pub(super) is_fragmented: bool,
}

impl Opened<'_> {
    /// The next packet of any track.
    pub(super) fn next_of_all(&mut self) -> Result<Option<Packet>, Error> {
        match self.peeked.pop_front() {
            Some(peeked) => peeked,
            None => guarded(|| self.reader.next_packet()),
        }
    }

    /// Looks ahead at so many packets of the track, if there are as many.
    pub(super) fn peek(&mut self, count: usize) {
        /// A track that comes so seldom is not waited for.
        const MOST_OF_ALL: usize = 1000;
        while self.peeked.len() < MOST_OF_ALL && self.peeked().count() < count {
            let next = guarded(|| self.reader.next_packet());
            let goes_on = matches!(next, Ok(Some(_)));
            self.peeked.push_back(next);
            if !goes_on {
                break;
            }
        }
    }

    /// The bytes of the track's packets that were looked at.
    pub(super) fn peeked(&self) -> impl Iterator<Item = &[u8]> {
        let packets = self.peeked.iter().flatten().flatten();
        packets.filter(|packet| packet.track_id == self.track.id).map(|packet| &*packet.data)
    }
}

pub(super) fn open<'s>(source: &Bytes<'s>, wishes: &Wishes) -> Result<Opened<'s>, Problem> {
    let guess = guess(source)?;
    match guess {
        Guess::Other(found) => return Err(Problem::unsupported(found)),
        Guess::Foreign(found, container) => {
            return Err(Problem::Foreign { found: found.to_owned(), container });
        }
        Guess::Known(_) | Guess::Unknown => {}
    }
    let reader = demuxer(source).map_err(|error| not_opened(source, guess, &error))?;
    let (track, params) = sound_track(reader.as_ref(), wishes.track)?;
    let container = reader.format_info().short_name;
    leave_he_aac_to_others(container, &params)?;
    let decoder = decoder(&track, &params).map_err(|error| no_decoder(container, &params, &error))?;
    let is_fragmented =
        container == "isomp4" && mp4::is_fragmented(source).map_err(|error| Problem::source(&error))?;
    let peeked = VecDeque::new();
    let mut opened = Opened { reader, track, params, decoder, peeked, ticks: 0, is_fragmented };
    if sbr::is_hidden_in(&mut opened) {
        return Err(foreign("HE-AAC sound", Container::of_demuxer(container).unwrap_or(Container::Mp4)));
    }
    Ok(opened)
}

/// A decoder for a track.
pub(super) fn decoder(track: &Track, params: &AudioCodecParameters) -> Result<Box<dyn AudioDecoder>, Error> {
    // Of the decoders, only FLAC's can verify: by the MD5 in its header.
    let options = AudioDecoderOptions::default().gapless(is_gapless(track, params)).verify(true);
    guarded(|| get_codecs().make_audio_decoder(params, &options))
}

pub(super) fn guess(source: &Bytes<'_>) -> Result<Guess, Problem> {
    let mut head = [0; sniff::HEAD];
    let filled = read_up_to(source, 0, &mut head).map_err(|error| Problem::source(&error))?;
    Ok(sniff::guess(&head[..filled]))
}

pub(super) fn demuxer<'s>(source: &Bytes<'s>) -> Result<Box<dyn FormatReader + 's>, Error> {
    let options = ProbeOptions { max_probe_depth: PROBE_DEPTH, ..ProbeOptions::default() };
    let mut probe = Probe::new_with_options(&options);
    register_enabled_formats(&mut probe);
    let stream = MediaSourceStream::new(Box::new(ReadAhead::new(Arc::clone(source))), Default::default());
    guarded(|| probe.probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default()))
}

fn not_opened(source: &Bytes<'_>, guess: Guess, error: &Error) -> Problem {
    if let Some(why) = source.failure() {
        return Problem::SourceFailed { why };
    }
    match guess {
        Guess::Known(name) => Problem::corrupt(format!("{name} whose header cannot be read ({error})")),
        Guess::Other(found) => Problem::unsupported(found),
        Guess::Foreign(found, container) => foreign(found, container),
        Guess::Unknown => Problem::unsupported("a file of no kind known here"),
    }
}

/// The sound track of this number, counted from 1; or the default one, or else the first.
pub(super) fn sound_track(
    reader: &dyn FormatReader,
    number: Option<u32>,
) -> Result<(Track, AudioCodecParameters), Problem> {
    let tracks = reader.tracks();
    let container = reader.format_info().short_name;
    // A track of no kind known to the demuxer may be sound; only somebody else can tell, and count.
    let all_known = tracks.iter().all(|track| track.codec_params.is_some());
    let sounds: Vec<&Track> = tracks.iter().filter(|track| params_of(track).is_some()).collect();
    let chosen = match number {
        None => reader
            .default_track(TrackType::Audio)
            .or_else(|| reader.first_track(TrackType::Audio))
            .filter(|track| params_of(track).is_some()),
        Some(_) if !all_known => None,
        Some(number) => sounds.get((number as usize).wrapping_sub(1)).copied(),
    };
    if let Some((track, params)) = chosen.and_then(|track| Some((track, params_of(track)?))) {
        return Ok((track.clone(), params.clone()));
    }
    let name = reader.format_info().long_name;
    if let Some(container) = Container::of_demuxer(container).filter(|_| !all_known) {
        return Err(foreign(format!("sound of a kind not known here, in a {name} file,"), container));
    }
    Err(Problem::unsupported(match (number, sounds.len(), tracks.len()) {
        (Some(number), 1.., _) => {
            let names: Vec<String> = sounds.iter().zip(1..).map(|(track, at)| listed(at, track)).collect();
            format!("sound track {number} of a {name} file that has {}", names.join(", "))
        }
        (_, _, 0) => format!("a {name} file without tracks"),
        (_, _, 1) => format!("a {name} file with one track, which is not sound"),
        (_, _, count) => format!("a {name} file with {count} tracks, none of them sound"),
    }))
}

fn params_of(track: &Track) -> Option<&AudioCodecParameters> {
    track.codec_params.as_ref()?.audio()
}

/// How a track stands in a list: by number, codec and language.
fn listed(number: usize, track: &Track) -> String {
    let codec = params_of(track).map_or("unknown", |params| name_of(params.codec));
    match &track.language {
        Some(language) => format!("{number} ({codec}, {language})"),
        None => format!("{number} ({codec})"),
    }
}

/// A codec's name for people.
pub(super) fn name_of(id: AudioCodecId) -> &'static str {
    let decoded = get_codecs().get_audio_decoder(id).map(|found| found.codec.info.long_name);
    decoded.or_else(|| name_of_undecoded(id)).unwrap_or("unknown")
}

pub(super) fn foreign(found: impl Into<String>, container: Container) -> Problem {
    Problem::Foreign { found: found.into(), container }
}

fn no_decoder(container: &str, params: &AudioCodecParameters, error: &Error) -> Problem {
    let found = match name_of_undecoded(params.codec) {
        Some(name) => format!("{name} sound"),
        None => format!("sound of a kind unknown here ({error})"),
    };
    match Container::of_demuxer(container) {
        Some(container) => foreign(found, container),
        None => Problem::unsupported(found),
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

/// The decoder would hand out HE-AAC at half its rate. Whatever may be HE-AAC is left to one that knows it.
fn leave_he_aac_to_others(container: &str, params: &AudioCodecParameters) -> Result<(), Problem> {
    if params.codec != codec::CODEC_ID_AAC {
        return Ok(());
    }
    let by_profile = params.profile.is_some_and(|profile| {
        [profiles::CODEC_PROFILE_AAC_HE, profiles::CODEC_PROFILE_AAC_HE_V2].contains(&profile)
    });
    let found = match he_aac::kind(params.extra_data.as_deref(), params.sample_rate) {
        Aac::Plain if !by_profile => return Ok(()),
        Aac::Plain | Aac::HighEfficiency => "HE-AAC sound",
        Aac::PossiblyHighEfficiency => "AAC sound that may be HE-AAC",
    };
    Err(foreign(found, Container::of_demuxer(container).unwrap_or(Container::Mp4)))
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
