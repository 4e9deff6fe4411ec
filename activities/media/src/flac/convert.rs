//! Sound in, FLAC out: the decoder at one end of the pipeline, the file at the other, and the frames made in between.

use std::num::NonZeroUsize;

use crate::audio::Reading;
use crate::pcm::pack;
use crate::{Format, MadeFlac, Order, Problem, Progress, ReadAt, Sink};

use super::Level;
use super::frame::Coder;
use super::header::BLOCK;
use super::peaks::{self, Peaks};
use super::pipeline::{self, Ends, Worker};
use super::reporter::Reporter;
use super::stream::Stream;

/// About how many samples of all channels a batch has.
const SAMPLES: usize = 1 << 15;

/// Decodes the sound of `source` and writes it as FLAC.
pub(crate) fn convert(
    source: &dyn ReadAt,
    order: &Order,
    processors: NonZeroUsize,
    sink: &mut dyn Sink,
    progress: &mut Progress<'_>,
) -> Result<MadeFlac, Problem> {
    let reading = Reading::open(&order.input, source, &order.limits, &order.wishes, processors)?;
    let (format, total) = (reading.format(), reading.samples());
    let mut conversion = Conversion {
        stream: Stream::start(format, total, reading.metadata(), sink),
        reading,
        format,
        pending: Vec::new(),
        frames: 0,
        peaks: Peaks::new(format, total),
        reporter: Reporter::start(total, progress)?,
    };
    let md5 = pipeline::run(processors, || Encoder::new(format, order.level), &mut conversion)?;
    let Conversion { reading, stream, peaks, mut reporter, .. } = conversion;
    let (facts, bytes) = stream.finish(md5)?;
    reporter.finished(facts.samples)?;
    let (source, changes) = (reading.sound().clone(), reading.changes());
    Ok(MadeFlac { source, facts, changes, bytes, waveform: peaks.finish() })
}

/// Both ends of the pipeline.
struct Conversion<'s, 'k, 'p, 'f> {
    reading: Reading<'s>,
    format: Format,
    /// Samples that do not fill a batch yet.
    pending: Vec<i32>,
    /// Frames that were given out to be made.
    frames: u64,
    stream: Stream<'k>,
    peaks: Peaks,
    reporter: Reporter<'p, 'f>,
}

/// Some blocks of samples, and what is made of them.
#[derive(Default)]
struct Batch {
    /// Interleaved.
    samples: Vec<i32>,
    /// The number of the first frame.
    first: u64,
    /// The frames, one behind the other, and where each ends.
    frames: Vec<u8>,
    ends: Vec<usize>,
    packed: Vec<u8>,
    units: Vec<(i32, i32)>,
}

impl Ends<Batch> for Conversion<'_, '_, '_, '_> {
    fn next(&mut self, spare: Option<Batch>) -> Result<Option<Batch>, Problem> {
        let block = BLOCK * self.format.channels();
        let blocks = (SAMPLES / block).max(1);
        while self.pending.len() < blocks * block && self.reading.next(&mut self.pending)? {}
        if self.pending.is_empty() {
            return Ok(None);
        }
        let cut = self.pending.len().min(blocks * block);
        let mut batch = spare.unwrap_or_default();
        batch.samples.clear();
        batch.samples.extend_from_slice(&self.pending[cut..]);
        self.pending.truncate(cut);
        std::mem::swap(&mut batch.samples, &mut self.pending);
        batch.first = self.frames;
        self.frames += blocks as u64;
        Ok(Some(batch))
    }

    fn made(&mut self, batch: &mut Batch, packed: &mut Vec<u8>) -> Result<(), Problem> {
        let blocks = batch.samples.chunks(BLOCK * self.format.channels());
        let mut start = 0;
        for (block, &end) in blocks.zip(&batch.ends) {
            let length = block.len() / self.format.channels();
            self.stream.frame(&batch.frames[start..end], length as u16)?;
            start = end;
        }
        self.peaks.take(&batch.units);
        self.reporter.reached(self.stream.samples())?;
        std::mem::swap(&mut batch.packed, packed);
        Ok(())
    }
}

struct Encoder {
    format: Format,
    coder: Coder,
}

impl Encoder {
    fn new(format: Format, level: Level) -> Self {
        Self { format, coder: Coder::new(format, level) }
    }
}

impl Worker<Batch> for Encoder {
    fn work(&mut self, batch: &mut Batch) {
        batch.frames.clear();
        batch.ends.clear();
        for (number, block) in (batch.first..).zip(batch.samples.chunks(BLOCK * self.format.channels())) {
            batch.frames.extend_from_slice(self.coder.frame(block, number));
            batch.ends.push(batch.frames.len());
        }
        pack(&batch.samples, self.format.bytes_per_sample(), &mut batch.packed);
        peaks::survey(&batch.samples, self.format, &mut batch.units);
    }
}
