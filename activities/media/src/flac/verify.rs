//! Reading a FLAC back: it is cut into frames, every one is checked and decoded, on all processors, the samples are
//! counted and hashed, and the header must agree. symphonia decodes, which shares nothing with what encodes.

use std::num::NonZeroUsize;
use std::ops::Range;

use symphonia::core::audio::{Audio, GenericAudioBufferRef};
use symphonia::core::codecs::audio::well_known::CODEC_ID_FLAC;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::packet::PacketRef;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::FlacDecoder;

use crate::pcm::pack;
use crate::source::read_up_to;
use crate::{Format, Problem, Progress, ReadAt};

use super::frames::{Frames, is_sound};
use super::header::{self, Facts, StreamInfo};
use super::metadata;
use super::pipeline::{self, Ends, Worker};
use super::reporter::Reporter;

/// About how many bytes of frames a batch has.
const BATCH: usize = 64 * 1024;

/// Decodes a FLAC that we made and compares its samples with what its header states.
pub(crate) fn verify(
    source: &dyn ReadAt,
    processors: NonZeroUsize,
    progress: &mut Progress<'_>,
) -> Result<Facts, Problem> {
    let mut bytes = [0; header::LENGTH];
    let filled = read_up_to(source, 0, &mut bytes).map_err(|error| Problem::source(&error))?;
    let stated = (filled == header::LENGTH).then(|| StreamInfo::read(&bytes)).flatten();
    let stated = stated.ok_or_else(|| mismatch("it does not begin with a FLAC header"))?;
    let frames = first_frame(source)?;
    let mut reading = Reading {
        frames: Frames::new(source, &stated, frames),
        count: 0,
        channels: stated.format.channels(),
        reporter: Reporter::start(Some(stated.samples), progress)?,
    };
    let stream_info = &bytes[header::LENGTH - STREAM_INFO..];
    let decoder = || Decoder::new(stream_info, stated.format);
    // A header that symphonia refuses is found before any thread is started.
    decoder()?;
    let md5 = pipeline::run(processors, || decoder().expect("it was accepted just now"), &mut reading)?;
    let Reading { count, .. } = reading;
    if count != stated.samples {
        return Err(mismatch(format!("it holds {count} samples and states {}", stated.samples)));
    }
    if md5 != stated.md5 {
        return Err(mismatch("its samples do not have the MD5 that it states"));
    }
    Ok(stated.facts())
}

/// The length of STREAMINFO's contents.
const STREAM_INFO: usize = 34;

/// Where the metadata end.
fn first_frame(source: &dyn ReadAt) -> Result<u64, Problem> {
    let mut failed = None;
    let end = metadata::end(header::LENGTH as u64, |offset| {
        let mut bytes = [0; 4];
        match read_up_to(source, offset, &mut bytes) {
            Ok(filled) => (filled == bytes.len()).then_some(bytes),
            Err(error) => {
                failed = Some(Problem::source(&error));
                None
            }
        }
    });
    failed.map_or(Ok(()), Err)?;
    end.filter(|&end| end <= source.len()).ok_or_else(|| mismatch("its metadata do not end"))
}

/// Both ends of the pipeline.
struct Reading<'s, 'p, 'f> {
    frames: Frames<'s>,
    /// Samples of each channel so far.
    count: u64,
    channels: usize,
    reporter: Reporter<'p, 'f>,
}

/// Some frames, and what they decode to.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    frames: Vec<Range<usize>>,
    samples: Vec<i32>,
    packed: Vec<u8>,
    flaw: Option<String>,
}

impl Ends<Batch> for Reading<'_, '_, '_> {
    fn next(&mut self, spare: Option<Batch>) -> Result<Option<Batch>, Problem> {
        let mut batch = spare.unwrap_or_default();
        batch.bytes.clear();
        batch.frames.clear();
        while batch.bytes.len() < BATCH {
            let frame = self.frames.next(&mut batch.bytes).map_err(|error| Problem::source(&error))?;
            let Some(frame) = frame else { break };
            if frame.is_empty() {
                return Err(mismatch("something is not the frame that should be there"));
            }
            batch.frames.push(frame);
        }
        Ok((!batch.frames.is_empty()).then_some(batch))
    }

    fn made(&mut self, batch: &mut Batch) -> Result<Vec<u8>, Problem> {
        if let Some(flaw) = batch.flaw.take() {
            return Err(mismatch(flaw));
        }
        self.count += (batch.samples.len() / self.channels) as u64;
        self.reporter.reached(self.count)?;
        Ok(std::mem::take(&mut batch.packed))
    }
}

struct Decoder {
    decoder: FlacDecoder,
    format: Format,
}

impl Decoder {
    fn new(stream_info: &[u8], format: Format) -> Result<Self, Problem> {
        let mut params = AudioCodecParameters::new();
        params.for_codec(CODEC_ID_FLAC).with_extra_data(stream_info.into());
        // The MD5 is taken of everything, and not by each of several decoders.
        let options = AudioDecoderOptions::default().verify(false);
        let decoder = FlacDecoder::try_new(&params, &options);
        Ok(Self { decoder: decoder.map_err(|error| mismatch(error.to_string()))?, format })
    }

    fn frame(&mut self, bytes: &[u8], samples: &mut Vec<i32>) -> Result<(), String> {
        if !is_sound(bytes) {
            return Err("a frame does not have the checksum that it states".to_owned());
        }
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, bytes);
        let decoded = self.decoder.decode_ref(&packet).map_err(|error| error.to_string())?;
        let GenericAudioBufferRef::S32(decoded) = decoded else {
            return Err("a frame decodes to another kind of samples".to_owned());
        };
        let (start, length, channels) = (samples.len(), decoded.frames(), self.format.channels());
        if decoded.num_planes() != channels {
            return Err("a frame has another number of channels than the header".to_owned());
        }
        samples.resize(start + length * channels, 0);
        let shift = 32 - u32::from(self.format.bits_per_sample);
        for channel in 0..channels {
            let plane = decoded.plane(channel).ok_or("a frame lacks a channel")?;
            let places = samples[start..].iter_mut().skip(channel).step_by(channels);
            places.zip(plane).for_each(|(place, sample)| *place = sample >> shift);
        }
        Ok(())
    }
}

impl Worker<Batch> for Decoder {
    fn work(&mut self, batch: &mut Batch) {
        batch.samples.clear();
        for frame in &batch.frames {
            if let Err(flaw) = self.frame(&batch.bytes[frame.clone()], &mut batch.samples) {
                batch.flaw = Some(flaw);
                return;
            }
        }
        pack(&batch.samples, self.format.bytes_per_sample(), &mut batch.packed);
    }
}

fn mismatch(what: impl Into<String>) -> Problem {
    Problem::Unverified { what: what.into() }
}
