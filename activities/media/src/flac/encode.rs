//! Samples in, FLAC frames out, in memory that does not grow. flacenc makes each frame; the stream around them is ours,
//! because flacenc's own keeps every frame.

use flacenc::bitsink::ByteSink;
use flacenc::component::{self, BitRepr};
use flacenc::config;
use flacenc::error::{Verified, Verify};
use flacenc::source::{Fill, FrameBuf};

use crate::pcm::Fingerprint;
use crate::{Format, Problem, Sink};

use super::header::{self, BLOCK, Facts, StreamInfo};
use super::level::Level;
use super::rate;

/// Bytes are handed to the sink in portions of about this size.
const PORTION: usize = 256 * 1024;

pub(super) struct Encoder<'s> {
    sink: &'s mut dyn Sink,
    format: Format,
    config: Verified<config::Encoder>,
    stream: component::StreamInfo,
    /// Always of a whole block's size: flacenc refuses smaller ones than 32, but fills this one short.
    block: FrameBuf,
    /// Samples that do not fill a block yet.
    pending: Vec<i32>,
    bits: ByteSink,
    portion: Vec<u8>,
    fingerprint: Fingerprint,
    frames: usize,
    samples: u64,
    smallest_frame: u32,
    largest_frame: u32,
    written: u64,
}

impl<'s> Encoder<'s> {
    /// Writes a header whose unknown parts are zero: until [`Encoder::finish`] it is a FLAC of unknown length.
    pub(super) fn start(format: Format, level: Level, sink: &'s mut dyn Sink) -> Result<Self, Problem> {
        let stream = component::StreamInfo::new(
            format.sample_rate.min(rate::HIGHEST) as usize,
            format.channels(),
            usize::from(format.bits_per_sample),
        )
        .map_err(|error| unwritable(format, &error.to_string()))?;
        let block = FrameBuf::with_size(format.channels(), BLOCK)
            .map_err(|error| unwritable(format, &error.to_string()))?;
        let mut encoder = Self {
            sink,
            format,
            config: configuration(level),
            stream,
            block,
            pending: Vec::new(),
            bits: ByteSink::new(),
            portion: Vec::new(),
            fingerprint: Fingerprint::new(format),
            frames: 0,
            samples: 0,
            smallest_frame: 0,
            largest_frame: 0,
            written: 0,
        };
        encoder.portion = encoder.info([0; 16]).bytes();
        encoder.portion.extend_from_slice(&header::comment());
        Ok(encoder)
    }

    /// Samples of each channel taken so far.
    pub(super) fn samples(&self) -> u64 {
        self.samples
    }

    /// Takes interleaved samples.
    pub(super) fn push(&mut self, samples: &[i32]) -> Result<(), Problem> {
        self.fingerprint.update(samples);
        self.samples += (samples.len() / self.format.channels()) as u64;
        let whole = BLOCK * self.format.channels();
        let mut rest = samples;
        if !self.pending.is_empty() {
            let missing = (whole - self.pending.len()).min(rest.len());
            self.pending.extend_from_slice(&rest[..missing]);
            rest = &rest[missing..];
            if self.pending.len() < whole {
                return Ok(());
            }
            let block = std::mem::take(&mut self.pending);
            self.frame(&block)?;
            self.pending = block;
            self.pending.clear();
        }
        let mut blocks = rest.chunks_exact(whole);
        for block in &mut blocks {
            self.frame(block)?;
        }
        self.pending.extend_from_slice(blocks.remainder());
        Ok(())
    }

    /// Writes what is left and the true header. Returns what the FLAC states, and its length.
    pub(super) fn finish(mut self) -> Result<(Facts, u64), Problem> {
        let last = std::mem::take(&mut self.pending);
        if !last.is_empty() {
            self.frame(&last)?;
        }
        self.flush()?;
        let fingerprint = std::mem::replace(&mut self.fingerprint, Fingerprint::new(self.format));
        let info = self.info(fingerprint.finish());
        self.sink.patch(0, &info.bytes()).map_err(|error| Problem::sink(&error))?;
        Ok((info.facts(), self.written))
    }

    fn frame(&mut self, samples: &[i32]) -> Result<(), Problem> {
        self.encode(samples).map_err(|error| unwritable(self.format, &error))?;
        let size = self.bits.as_slice().len() as u32;
        self.smallest_frame = if self.frames == 0 { size } else { self.smallest_frame.min(size) };
        self.largest_frame = self.largest_frame.max(size);
        self.frames += 1;
        let start = self.portion.len();
        self.portion.extend_from_slice(self.bits.as_slice());
        if self.format.sample_rate > rate::HIGHEST {
            rate::refer_to_stream_info(&mut self.portion[start..]);
        }
        if self.portion.len() >= PORTION { self.flush() } else { Ok(()) }
    }

    fn encode(&mut self, samples: &[i32]) -> Result<(), String> {
        self.block.fill_interleaved(samples).map_err(|error| error.to_string())?;
        let frame = flacenc::encode_fixed_size_frame(&self.config, &self.block, self.frames, &self.stream)
            .map_err(|error| error.to_string())?;
        self.bits.clear();
        frame.write(&mut self.bits).map_err(|error| error.to_string())
    }

    fn flush(&mut self) -> Result<(), Problem> {
        self.sink.write(&self.portion).map_err(|error| Problem::sink(&error))?;
        self.written += self.portion.len() as u64;
        self.portion.clear();
        Ok(())
    }

    fn info(&self, md5: [u8; 16]) -> StreamInfo {
        StreamInfo {
            format: self.format,
            samples: if md5 == [0; 16] { 0 } else { self.samples },
            smallest_frame: self.smallest_frame,
            largest_frame: self.largest_frame,
            md5,
        }
    }
}

/// flacenc's defaults but for what costs time and brings nothing (the fixed predictors), and what costs nothing and
/// brings a little (order and window); measured on music of 16 bits at 44.1 kHz.
fn configuration(level: Level) -> Verified<config::Encoder> {
    let mut encoder = config::Encoder::default();
    encoder.block_size = BLOCK;
    encoder.subframe_coding.use_fixed = level == Level::Best;
    encoder.subframe_coding.qlpc.lpc_order = match level {
        Level::Fast => 8,
        Level::Default => 12,
        Level::Best => 16,
    };
    encoder.subframe_coding.qlpc.window = config::Window::Tukey { alpha: 0.75 };
    encoder
        .into_verified()
        .unwrap_or_else(|(_, error)| unreachable!("a constant configuration is refused: {error}"))
}

fn unwritable(format: Format, why: &str) -> Problem {
    let Format { sample_rate, channels, bits_per_sample } = format;
    Problem::unsupported(format!(
        "{channels} channels of {bits_per_sample} bits at {sample_rate} Hz cannot be written as FLAC ({why})"
    ))
}
