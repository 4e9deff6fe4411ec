//! How far the work is, told to the caller now and then.

use crate::{Problem, Progress, Report};

/// How often the caller hears of the progress: about ten times in a second of work.
const EVERY_SAMPLES: u64 = 1 << 18;

/// Tells the caller how far it is, and passes on the wish to stop.
pub(super) struct Reporter<'p, 'f> {
    total: Option<u64>,
    next: u64,
    progress: &'p mut Progress<'f>,
}

impl<'p, 'f> Reporter<'p, 'f> {
    pub(super) fn start(total: Option<u64>, progress: &'p mut Progress<'f>) -> Result<Self, Problem> {
        let mut reporter = Self { total, next: 0, progress };
        reporter.reached(0)?;
        Ok(reporter)
    }

    pub(super) fn reached(&mut self, done: u64) -> Result<(), Problem> {
        if done < self.next {
            return Ok(());
        }
        self.next = done + EVERY_SAMPLES;
        self.tell(done, self.total)
    }

    pub(super) fn finished(&mut self, done: u64) -> Result<(), Problem> {
        self.tell(done, Some(done))
    }

    fn tell(&mut self, done: u64, total: Option<u64>) -> Result<(), Problem> {
        if (self.progress)(Report { done, total }).is_break() {
            return Err(Problem::Cancelled);
        }
        Ok(())
    }
}
