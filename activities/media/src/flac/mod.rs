//! FLAC out ([`convert`]) and the proof that it is true ([`verify`]).

mod encode;
mod header;
mod level;
mod rate;
mod verify;

pub use header::Facts;
pub use level::Level;

use crate::audio::{Decoder, Limits};
use crate::{MadeFlac, Problem, Progress, ReadAt, Report, Sink};

/// How often the caller hears of the progress: about ten times in a second of work.
const REPORT_EVERY_SAMPLES: u64 = 1 << 18;

/// Decodes the sound of `source` and writes it as FLAC.
pub(crate) fn convert(
    source: &dyn ReadAt,
    limits: &Limits,
    level: Level,
    sink: &mut dyn Sink,
    progress: &mut Progress<'_>,
) -> Result<MadeFlac, Problem> {
    let mut decoder = Decoder::open(source, limits)?;
    let mut encoder = encode::Encoder::start(decoder.format(), level, sink)?;
    let mut reporter = Reporter::start(decoder.sound().samples, progress)?;
    let mut samples = Vec::new();
    while decoder.next(&mut samples)? {
        encoder.push(&samples)?;
        samples.clear();
        reporter.reached(encoder.samples())?;
    }
    let (facts, bytes) = encoder.finish()?;
    reporter.finished(facts.samples)?;
    let changes = decoder.change().into_iter().collect();
    Ok(MadeFlac { source: decoder.sound().clone(), facts, changes, bytes })
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
