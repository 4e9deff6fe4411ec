//! Reading a FLAC back: it is cut into frames, every one is checked and decoded, on all processors, the samples are
//! counted and hashed, and the header must agree. What decodes (`decode`) shares nothing with what encodes.

use std::num::NonZeroUsize;
use std::ops::{Range, RangeInclusive};

use crate::source::read_up_to;
use crate::{Problem, Progress, ReadAt};

use super::decode::{Flaw, FrameDecoder};
use super::frames::Frames;
use super::header::{self, Facts, StreamInfo};
use super::metadata;
use super::pipeline::{self, Ends, Worker};
use super::reporter::Reporter;

/// About how many bytes of frames a batch has.
const BATCH: usize = 64 * 1024;

/// Bits of a sample.
const DEPTHS: RangeInclusive<u8> = 8..=24;

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
    if !DEPTHS.contains(&stated.format.bits_per_sample) {
        return Err(mismatch("its header states a depth that is not written here"));
    }
    let frames = first_frame(source)?;
    let mut reading = Reading {
        frames: Frames::new(source, &stated, frames),
        count: 0,
        reporter: Reporter::start(Some(stated.samples), progress)?,
    };
    let md5 = pipeline::run(processors, || FrameDecoder::new(stated.format), &mut reading)?;
    let Reading { count, .. } = reading;
    if count != stated.samples {
        return Err(mismatch(format!("it holds {count} samples and states {}", stated.samples)));
    }
    if md5 != stated.md5 {
        return Err(mismatch("its samples do not have the MD5 that it states"));
    }
    Ok(stated.facts())
}

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
    reporter: Reporter<'p, 'f>,
}

/// Some frames, and what they decode to.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    frames: Vec<Range<usize>>,
    /// Samples of each channel.
    samples: u64,
    packed: Vec<u8>,
    flaw: Option<Flaw>,
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

    fn made(&mut self, batch: &mut Batch, packed: &mut Vec<u8>) -> Result<(), Problem> {
        if let Some(flaw) = batch.flaw.take() {
            return Err(mismatch(flaw));
        }
        self.count += batch.samples;
        self.reporter.reached(self.count)?;
        std::mem::swap(&mut batch.packed, packed);
        Ok(())
    }
}

impl Worker<Batch> for FrameDecoder {
    fn work(&mut self, batch: &mut Batch) {
        match self.frames(&batch.bytes, &batch.frames, &mut batch.packed) {
            Ok(samples) => batch.samples = samples,
            Err(flaw) => batch.flaw = Some(flaw),
        }
    }
}

fn mismatch(what: impl Into<String>) -> Problem {
    Problem::Unverified { what: what.into() }
}
