//! FLAC out ([`convert`]) and the proof that it is true ([`verify`]).
//!
//! `frame` makes one frame of one block, `pipeline` all of them on all processors, `stream` the file around them.

mod frame;
mod header;
mod level;
mod metadata;
mod peaks;
mod pipeline;
mod seek;
mod stream;
mod verify;

use std::num::NonZeroUsize;

pub use header::Facts;
pub use level::Level;
pub use metadata::{LONGEST, Metadata, Picture};
pub use peaks::Waveform;

use self::peaks::Peaks;
use self::pipeline::{Batch, Ends};
use self::stream::Stream;
use crate::audio::{Decoder, Limits};
use crate::{Format, MadeFlac, Problem, Progress, ReadAt, Report, Sink};

/// How often the caller hears of the progress: about ten times in a second of work.
const REPORT_EVERY_SAMPLES: u64 = 1 << 18;

/// Decodes the sound of `source` and writes it as FLAC.
pub(crate) fn convert(
    source: &dyn ReadAt,
    limits: &Limits,
    level: Level,
    workers: NonZeroUsize,
    sink: &mut dyn Sink,
    progress: &mut Progress<'_>,
) -> Result<MadeFlac, Problem> {
    let decoder = Decoder::open(source, limits)?;
    let (format, total) = (decoder.format(), decoder.sound().samples);
    let mut conversion = Conversion {
        decoder,
        format,
        stream: Stream::start(format, total, &Metadata::default(), sink),
        peaks: Peaks::new(format, total),
        reporter: Reporter::start(total, progress)?,
    };
    let md5 = pipeline::run(format, level, workers, &mut conversion)?;
    let Conversion { decoder, stream, peaks, mut reporter, .. } = conversion;
    let (facts, bytes) = stream.finish(md5)?;
    reporter.finished(facts.samples)?;
    let changes = decoder.change().into_iter().collect();
    Ok(MadeFlac { source: decoder.sound().clone(), facts, changes, bytes, waveform: peaks.finish() })
}

/// Both ends of the pipeline.
struct Conversion<'s, 'k, 'p, 'f> {
    decoder: Decoder<'s>,
    format: Format,
    stream: Stream<'k>,
    peaks: Peaks,
    reporter: Reporter<'p, 'f>,
}

impl Ends for Conversion<'_, '_, '_, '_> {
    fn next(&mut self, samples: &mut Vec<i32>) -> Result<bool, Problem> {
        self.decoder.next(samples)
    }

    fn made(&mut self, batch: &Batch) -> Result<(), Problem> {
        for (frame, length) in batch.frames(self.format) {
            self.stream.frame(frame, length)?;
        }
        self.peaks.take(&batch.units);
        self.reporter.reached(self.stream.samples())
    }
}

/// Decodes a FLAC that we made and compares its samples with what its header states.
pub(crate) fn verify(source: &dyn ReadAt, progress: &mut Progress<'_>) -> Result<Facts, Problem> {
    verify::verify(source, progress)
}

/// Tells the caller how far it is, now and then, and passes on the wish to stop.
struct Reporter<'p, 'f> {
    total: Option<u64>,
    next: u64,
    progress: &'p mut Progress<'f>,
}

impl<'p, 'f> Reporter<'p, 'f> {
    fn start(total: Option<u64>, progress: &'p mut Progress<'f>) -> Result<Self, Problem> {
        let mut reporter = Self { total, next: 0, progress };
        reporter.reached(0)?;
        Ok(reporter)
    }

    fn reached(&mut self, done: u64) -> Result<(), Problem> {
        if done < self.next {
            return Ok(());
        }
        self.next = done + REPORT_EVERY_SAMPLES;
        self.tell(done, self.total)
    }

    fn finished(&mut self, done: u64) -> Result<(), Problem> {
        self.tell(done, Some(done))
    }

    fn tell(&mut self, done_samples: u64, total_samples: Option<u64>) -> Result<(), Problem> {
        if (self.progress)(Report { done_samples, total_samples }).is_break() {
            return Err(Problem::Cancelled);
        }
        Ok(())
    }
}
