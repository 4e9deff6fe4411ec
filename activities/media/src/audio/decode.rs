//! A sound track's samples, packet by packet, and the proof that they are all there.

use std::sync::Arc;

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder};
use symphonia::core::errors::Error;
use symphonia::core::packet::Packet;
use symphonia::default::get_codecs;

use crate::source::Watched;
use crate::{Format, Problem, ReadAt};

use super::mp4::{self, Edit};
use super::open::{self, Bytes, Opened};
use super::samples::{self, Scratch};
use super::wav::Mended;
use super::{Change, Limits, Sound, ending, target};

/// Decodes the sound of one source. A damaged or incomplete file ends in a problem, never in fewer samples.
pub(crate) struct Decoder<'s> {
    source: Bytes<'s>,
    opened: Opened<'s>,
    sound: Sound,
    format: Format,
    change: Option<Change>,
    limits: Limits,
    claim: Claim,
    /// Which of the decoded samples are handed on.
    window: Edit,
    /// Samples of each channel that came out of the decoder so far.
    decoded: u64,
    /// The first packet's samples, decoded to learn their format.
    first: Option<Vec<i32>>,
    last_packet: Box<[u8]>,
    scratch: Scratch,
}

/// How many samples the container says will come out of the decoder.
#[derive(Clone, Copy, Debug)]
struct Claim {
    samples: Option<u64>,
    /// Whether that is a statement and not a guess from the bit rate.
    exact: bool,
}

impl<'s> Decoder<'s> {
    pub(crate) fn open(source: &'s dyn ReadAt, limits: &Limits) -> Result<Self, Problem> {
        let mended = Mended::new(source).map_err(|error| Problem::source(&error))?;
        let source = Arc::new(Watched::new(mended));
        let mut opened = open::open(&source)?;
        let claim = claim(&opened);
        check_claim(&opened.params, claim, limits)?;

        let mut probed = Probed { scratch: Scratch::default(), decoded: 0, last_packet: Box::default() };
        let found = probed.first_block(&source, &mut opened, claim, limits)?;
        let window = window(&source, &opened, claim, found.sound.sample_rate)?;
        let mut sound = found.sound;
        sound.samples = claim.samples.map(|samples| kept(samples, window));
        Ok(Self {
            source,
            opened,
            sound,
            format: found.format,
            change: found.change,
            limits: *limits,
            claim,
            window,
            decoded: 0,
            first: Some(found.samples),
            last_packet: probed.last_packet,
            scratch: probed.scratch,
        })
    }

    pub(crate) fn sound(&self) -> &Sound {
        &self.sound
    }

    /// The format of what [`Decoder::next`] hands out.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn change(&self) -> Option<Change> {
        self.change
    }

    /// Appends the next samples, interleaved. False at the end, when everything the file claims has been decoded.
    pub(crate) fn next(&mut self, out: &mut Vec<i32>) -> Result<bool, Problem> {
        let start = out.len();
        if let Some(first) = self.first.take() {
            out.extend_from_slice(&first);
        } else {
            let Some(packet) = next_packet(&self.source, &mut self.opened, self.claim, self.decoded)? else {
                self.check_end()?;
                return Ok(false);
            };
            let buffer = decode(&self.source, self.opened.decoder.as_mut(), &packet)?;
            if buffer.frames() > 0 && !has_format(&buffer, self.format) {
                return Err(Problem::unsupported("sound that changes its sample rate or channels midway"));
            }
            samples::append(&buffer, self.format.bits_per_sample, &mut self.scratch, out);
            self.last_packet = packet.data;
        }
        self.admit(start, out)?;
        Ok(true)
    }

    /// Counts the samples from `start` on and keeps those that the window shows.
    fn admit(&mut self, start: usize, out: &mut Vec<i32>) -> Result<(), Problem> {
        let channels = self.format.channels();
        let from = self.decoded;
        self.decoded += ((out.len() - start) / channels) as u64;
        self.limits.check_length(self.decoded, self.format.sample_rate)?;
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
        check_source(&self.source)?;
        if let Some(flaw) = ending::flaw(&self.source, &self.sound.container, &self.last_packet)? {
            return Err(flaw);
        }
        if let Some(claimed) = self.claim.samples.filter(|_| self.claim.exact) {
            if self.decoded < claimed {
                return Err(too_short(self.claim, self.decoded));
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

/// What is learnt while looking for the first block of samples.
struct Probed {
    scratch: Scratch,
    decoded: u64,
    last_packet: Box<[u8]>,
}

struct Found {
    sound: Sound,
    format: Format,
    change: Option<Change>,
    samples: Vec<i32>,
}

impl Probed {
    /// Decodes until samples come out: only then is it sure what they are like, whatever the container says.
    fn first_block(
        &mut self,
        source: &Bytes<'_>,
        opened: &mut Opened<'_>,
        claim: Claim,
        limits: &Limits,
    ) -> Result<Found, Problem> {
        while let Some(packet) = next_packet(source, opened, claim, self.decoded)? {
            let Opened { reader, params, decoder, .. } = &mut *opened;
            let buffer = decode(source, decoder.as_mut(), &packet)?;
            let frames = buffer.frames();
            if frames > 0 {
                let (rate, channels) = (buffer.spec().rate(), buffer.num_planes());
                limits.check_shape(rate, channels)?;
                let bits = params.bits_per_sample.map_or_else(|| depth_of(&buffer), |bits| Some(bits as u8));
                let sound = describe(reader.format_info().short_name, params, rate, channels as u8, bits);
                let (format, change) = target(&sound, is_float(&buffer));
                let mut samples = Vec::new();
                samples::append(&buffer, format.bits_per_sample, &mut self.scratch, &mut samples);
                self.last_packet = packet.data;
                return Ok(Found { sound, format, change, samples });
            }
            self.last_packet = packet.data;
        }
        check_source(source)?;
        nothing(opened, limits)
    }
}

/// A file that holds no samples, and says so.
fn nothing(opened: &Opened<'_>, limits: &Limits) -> Result<Found, Problem> {
    let params = &opened.params;
    let rate = params.sample_rate.unwrap_or(0);
    let channels = params.channels.as_ref().map_or(0, |channels| channels.count());
    limits.check_shape(rate, channels)?;
    let bits = params.bits_per_sample.map(|bits| bits as u8);
    let sound = describe(opened.reader.format_info().short_name, params, rate, channels as u8, bits);
    let (format, change) = target(&sound, false);
    Ok(Found { sound, format, change, samples: Vec::new() })
}

fn describe(
    container: &str,
    params: &AudioCodecParameters,
    rate: u32,
    channels: u8,
    bits: Option<u8>,
) -> Sound {
    let lossy = open::is_lossy(params.codec);
    let name =
        get_codecs().get_audio_decoder(params.codec).map_or("unknown", |found| found.codec.info.long_name);
    Sound {
        container: container.to_owned(),
        codec: name.to_owned(),
        lossy,
        sample_rate: rate,
        channels,
        bits_per_sample: bits.filter(|_| !lossy),
        samples: None,
    }
}

fn claim(opened: &Opened<'_>) -> Claim {
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

fn check_claim(params: &AudioCodecParameters, claim: Claim, limits: &Limits) -> Result<(), Problem> {
    let Some(rate) = params.sample_rate else { return Ok(()) };
    if let Some(channels) = &params.channels {
        limits.check_shape(rate, channels.count())?;
    }
    match claim.samples {
        Some(samples) if claim.exact => limits.check_length(samples, rate),
        _ => Ok(()),
    }
}

fn window(source: &Bytes<'_>, opened: &Opened<'_>, claim: Claim, rate: u32) -> Result<Edit, Problem> {
    let whole = Edit { skip: 0, end: None };
    if opened.reader.format_info().short_name != "isomp4" {
        return Ok(whole);
    }
    let edit =
        mp4::edit(source, opened.track.id, rate).map_err(|error| Problem::source(&error))?.unwrap_or(whole);
    // The decoder fills its last packet up; the sample table knows how much of it is meant.
    let stated = claim.samples.filter(|_| claim.exact);
    let end = [edit.end, stated].into_iter().flatten().min();
    Ok(Edit { skip: edit.skip, end })
}

fn kept(samples: u64, window: Edit) -> u64 {
    window.end.map_or(samples, |end| end.min(samples)).saturating_sub(window.skip)
}

fn next_packet(
    source: &Bytes<'_>,
    opened: &mut Opened<'_>,
    claim: Claim,
    decoded: u64,
) -> Result<Option<Packet>, Problem> {
    loop {
        match opened.reader.next_packet() {
            Ok(Some(packet)) if packet.track_id == opened.track.id => return Ok(Some(packet)),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(None),
            Err(error) => {
                check_source(source)?;
                return packet_error(&error, opened, claim, decoded);
            }
        }
    }
}

fn packet_error(
    error: &Error,
    opened: &Opened<'_>,
    claim: Claim,
    decoded: u64,
) -> Result<Option<Packet>, Problem> {
    match error {
        Error::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => {
            // Only a WAV of more than 4 GiB from a stream has no length; it ends where it ends.
            let endless = opened.reader.format_info().short_name == "wave" && claim.samples.is_none();
            if endless { Ok(None) } else { Err(too_short(claim, decoded)) }
        }
        Error::ResetRequired => Err(Problem::unsupported("several recordings one after another in one file")),
        error => Err(Problem::corrupt(format!("it cannot be read on ({error})"))),
    }
}

fn decode<'d>(
    source: &Bytes<'_>,
    decoder: &'d mut dyn AudioDecoder,
    packet: &Packet,
) -> Result<GenericAudioBufferRef<'d>, Problem> {
    decoder.decode(packet).map_err(|error| match (source.failure(), error) {
        (Some(why), _) => Problem::SourceFailed { why },
        (None, Error::Unsupported(what)) => {
            Problem::unsupported(format!("sound of a kind not decoded here ({what})"))
        }
        (None, error) => Problem::corrupt(format!("its sound cannot be decoded ({error})")),
    })
}

/// What looked like the end of the file may have been a failed read.
fn check_source(source: &Bytes<'_>) -> Result<(), Problem> {
    source.failure().map_or(Ok(()), |why| Err(Problem::SourceFailed { why }))
}

fn too_short(claim: Claim, decoded: u64) -> Problem {
    let missing_samples =
        claim.samples.filter(|_| claim.exact).map(|claimed| claimed.saturating_sub(decoded));
    Problem::Corrupt { what: "the file ends too soon".to_owned(), missing_samples }
}

fn has_format(buffer: &GenericAudioBufferRef<'_>, format: Format) -> bool {
    buffer.spec().rate() == format.sample_rate && buffer.num_planes() == format.channels()
}

fn is_float(buffer: &GenericAudioBufferRef<'_>) -> bool {
    matches!(buffer, GenericAudioBufferRef::F32(_) | GenericAudioBufferRef::F64(_))
}

fn depth_of(buffer: &GenericAudioBufferRef<'_>) -> Option<u8> {
    match buffer {
        GenericAudioBufferRef::U8(_) | GenericAudioBufferRef::S8(_) => Some(8),
        GenericAudioBufferRef::U16(_) | GenericAudioBufferRef::S16(_) => Some(16),
        GenericAudioBufferRef::U24(_) | GenericAudioBufferRef::S24(_) => Some(24),
        GenericAudioBufferRef::U32(_) | GenericAudioBufferRef::S32(_) => Some(32),
        GenericAudioBufferRef::F32(_) | GenericAudioBufferRef::F64(_) => None,
    }
}
