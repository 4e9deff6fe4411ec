//! Samples that another decoder has made: a WAV as a program writes it into a pipe, read once from front to back. Its
//! header tells the format; its sizes mean nothing.

use crate::source::ReadAhead;
use crate::{Problem, ReadAt};

use super::wav::{PcmKind, Shape};
use super::{Limits, Sound, samples};

use std::io::Read;

/// Frames handed on at a time.
const PORTION: usize = 4096;

/// Chunks before the samples are small, and few.
const MOST_CHUNKS: usize = 16;
const LONGEST_CHUNK: u32 = 64 * 1024;

/// How much shorter than stated a sound that others decode may be: containers count time in coarse ticks, and some count the
/// padding.
pub const TOLERANCE_SECONDS: u64 = 1;

pub(super) struct Stream<'s> {
    source: ReadAhead<&'s dyn ReadAt>,
    kind: PcmKind,
    width: usize,
    channels: usize,
    sample_rate: u32,
    limits: Limits,
    stated: Option<u64>,
    /// What comes behind this sample is padding.
    end: Option<u64>,
    decoded: u64,
    bytes: Vec<u8>,
}

impl<'s> Stream<'s> {
    /// The samples of `sound`, which begin at a byte of the source; its rate and channels are set right by what comes.
    pub(super) fn open(
        (source, start): (&'s dyn ReadAt, u64),
        limits: &Limits,
        sound: &mut Sound,
        trimmed: bool,
    ) -> Result<Self, Problem> {
        let mut source = ReadAhead::starting_at(source, start);
        let shape = header(&mut source)?;
        limits.check_shape(shape.sample_rate, usize::from(shape.channels))?;
        let kind = shape.pcm().ok_or_else(|| garbled("samples of a kind that was not asked for"))?;
        if let Some(samples) = sound.samples {
            let scaled =
                u128::from(samples) * u128::from(shape.sample_rate) / u128::from(sound.sample_rate.max(1));
            sound.samples = Some(scaled as u64);
            limits.check_length(scaled as u64, shape.sample_rate)?;
        }
        sound.sample_rate = shape.sample_rate;
        sound.channels = shape.channels as u8;
        Ok(Self {
            source,
            kind,
            width: usize::from(shape.bits / 8),
            channels: usize::from(shape.channels),
            sample_rate: shape.sample_rate,
            limits: *limits,
            stated: sound.samples,
            // The clock of a film often counts milliseconds only: rather a little padding than too little sound.
            end: sound.samples.filter(|_| trimmed).map(|end| end + u64::from(shape.sample_rate / 1000)),
            decoded: 0,
            bytes: Vec::new(),
        })
    }

    pub(super) fn is_float(&self) -> bool {
        self.kind == PcmKind::Float
    }

    /// Appends the next samples at a depth of `bits`. False at the end.
    pub(super) fn next(&mut self, bits: u8, out: &mut Vec<i32>) -> Result<bool, Problem> {
        let frame = self.width * self.channels;
        self.bytes.resize(PORTION * frame, 0);
        let mut filled = 0;
        while filled < self.bytes.len() {
            match self.source.read(&mut self.bytes[filled..]).map_err(|error| Problem::source(&error))? {
                0 => break,
                more => filled += more,
            }
        }
        let frames = (filled / frame) as u64;
        let kept = self.end.map_or(frames, |end| end.saturating_sub(self.decoded).min(frames));
        let whole = kept as usize * frame;
        self.decoded += kept;
        self.limits.check_length(self.decoded, self.sample_rate)?;
        let bytes = &self.bytes[..whole];
        match (self.kind, self.width) {
            (PcmKind::Float, _) => out.extend(
                bytes
                    .as_chunks::<4>()
                    .0
                    .iter()
                    .map(|sample| samples::quantise(f64::from(f32::from_le_bytes(*sample)), bits)),
            ),
            (PcmKind::Integer, width) => samples::unpack(bytes, width, bits, out),
        }
        Ok(frames > 0)
    }

    /// How many samples are missing of those stated.
    pub(super) fn missing(&self) -> Option<u64> {
        let missing = self.stated?.saturating_sub(self.decoded);
        (missing > TOLERANCE_SECONDS * u64::from(self.sample_rate)).then_some(missing)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.decoded == 0
    }
}

/// Reads up to the first sample.
fn header(source: &mut impl Read) -> Result<Shape, Problem> {
    let mut start = [0; 12];
    read(source, &mut start)?;
    if &start[..4] != b"RIFF" || &start[8..] != b"WAVE" {
        return Err(garbled("no samples"));
    }
    let mut shape = None;
    for _ in 0..MOST_CHUNKS {
        let mut head = [0; 8];
        read(source, &mut head)?;
        let [a, b, c, d, e, f, g, h] = head;
        let size = u32::from_le_bytes([e, f, g, h]);
        if [a, b, c, d] == *b"data" {
            return shape.ok_or_else(|| garbled("samples without a format"));
        }
        if size > LONGEST_CHUNK {
            return Err(garbled("a chunk that is too long"));
        }
        let mut body = vec![0; (size + size % 2) as usize];
        read(source, &mut body)?;
        if [a, b, c, d] == *b"fmt " {
            shape = Shape::read(&body);
        }
    }
    Err(garbled("too many chunks"))
}

fn read(source: &mut impl Read, bytes: &mut [u8]) -> Result<(), Problem> {
    source.read_exact(bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Problem::corrupt("no sound could be decoded"),
        _ => Problem::source(&error),
    })
}

fn garbled(what: &str) -> Problem {
    Problem::corrupt(format!("its decoder gave {what}"))
}
