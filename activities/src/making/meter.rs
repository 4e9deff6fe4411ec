//! Progress, from samples really done to the record, and back: a write that is refused because the attempt is over ends
//! the work. That is how a cancel reaches work everywhere.

use std::future::Future;
use std::io;
use std::ops::{ControlFlow, Range};
use std::time::Duration;

use bytes::Bytes;
use states::session::{Pace, Progress, Stage};
use states::{State, Timestamp};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior};

use super::step::Step;
use crate::child::AsyncSink;
use crate::clock::Clock;
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::ports::Written;

/// What part of the whole a stage is, in permille. Making takes most of the time, reading back the rest.
pub(crate) const MAKING: (Stage, Range<u16>) = (Stage::Working, 0..900);
pub(crate) const READING_BACK: (Stage, Range<u16>) = (Stage::Verifying, 900..999);

/// Histograms, in seconds.
const START_TO_FIRST_BYTE: &str = "lockgate_start_to_first_byte_seconds";
pub(crate) const LAST_BYTE_TO_DONE: &str = "lockgate_last_byte_to_done_seconds";

/// Says what they are.
pub(crate) fn describe() {
    metrics::describe_histogram!(START_TO_FIRST_BYTE, "From an attempt's start to its result's first byte.");
    metrics::describe_histogram!(LAST_BYTE_TO_DONE, "From a result's last byte to Done.");
}

/// Records how long something took.
pub(crate) fn took(what: &'static str, from: Timestamp, to: Timestamp) {
    metrics::histogram!(what).record(to.duration_since(from).as_secs_f64());
}

/// A sink that records when the first byte of the result comes, counted from the start of the attempt.
pub(crate) struct FirstByte<'s, S> {
    sink: &'s mut S,
    clock: Clock,
    started_at: Option<Timestamp>,
}

impl<'s, S> FirstByte<'s, S> {
    pub(crate) fn new(ctx: &Ctx, step: &Step, sink: &'s mut S) -> Self {
        Self { sink, clock: ctx.clock.clone(), started_at: Some(step.started_at) }
    }
}

impl<S: AsyncSink> AsyncSink for FirstByte<'_, S> {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        if let Some(started_at) = self.started_at.take() {
            took(START_TO_FIRST_BYTE, started_at, self.clock.now());
        }
        self.sink.write(bytes).await
    }

    async fn next(&mut self) -> io::Result<()> {
        self.sink.next().await
    }

    async fn patch(&mut self, offset: u64, bytes: Bytes) -> io::Result<()> {
        self.sink.patch(offset, bytes).await
    }
}

/// How far a stage is, in permille of the whole, and how fast it goes.
type Seen = (u16, Option<Pace>);

/// Where the work says how far it is. It may do so as often as it likes.
#[derive(Clone)]
pub(crate) struct Reporter {
    seen: watch::Sender<Seen>,
    range: Range<u16>,
}

impl Reporter {
    /// `done` of `total`, in whatever unit the work counts.
    pub(crate) fn report(&self, done: u64, total: Option<u64>) {
        let Some(total) = total.filter(|total| *total > 0) else { return };
        let span = u64::from(self.range.end - self.range.start);
        let within = (u128::from(done.min(total)) * u128::from(span) / u128::from(total)) as u16;
        self.seen.send_modify(|(permille, _)| *permille = self.range.start + within);
    }

    /// How fast it goes; what is reported next tells of it.
    pub(crate) fn pace(&self, pace: Pace) {
        self.seen.send_modify(|(_, standing)| *standing = Some(pace));
    }
}

/// Writes the progress of a step: through all of its stages, no more often than the settings say.
pub(crate) struct Meter<'s> {
    pub(crate) ctx: &'s Ctx,
    pub(crate) step: &'s Step,
    turns: Interval,
}

impl<'s> Meter<'s> {
    pub(crate) fn new(ctx: &'s Ctx, step: &'s Step) -> Self {
        Self { ctx, step, turns: turns(ctx.settings.progress_interval) }
    }

    /// Runs `work` while its progress is written. When the attempt is over, the work is dropped where it stands.
    pub(crate) async fn measured<T, W>(
        &mut self,
        (stage, range): (Stage, Range<u16>),
        work: impl FnOnce(Reporter) -> W,
    ) -> Result<T, Failure>
    where
        W: Future<Output = Result<T, Failure>>,
    {
        let (ctx, step) = (self.ctx, self.step);
        let told = |(permille, pace): Seen| write(ctx, step, Progress { permille, stage, pace });
        let outcome = while_told(&mut self.turns, range, work, told).await;
        outcome.unwrap_or_else(|| Err(step.is_over()))
    }
}

/// One at once, and the next ones a period apart; what was missed is not made up for.
fn turns(period: Duration) -> Interval {
    let mut turns = tokio::time::interval(period);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    turns
}

/// Runs `work` while what it reports is told, in turn. None when whoever is told says that it is over.
async fn while_told<T, W, F>(
    turns: &mut Interval,
    range: Range<u16>,
    work: impl FnOnce(Reporter) -> W,
    told: impl Fn(Seen) -> F,
) -> Option<T>
where
    W: Future<Output = T>,
    F: Future<Output = ControlFlow<()>>,
{
    let (reporter, seen) = watch::channel((range.start, None));
    let work = work(Reporter { seen: reporter, range });
    tokio::select! {
        biased;
        outcome = work => Some(outcome),
        () = tell_until_over(turns, seen, told) => None,
    }
}

/// Tells what is reported, and ends only when that is of no use any more.
async fn tell_until_over<F>(turns: &mut Interval, mut seen: watch::Receiver<Seen>, told: impl Fn(Seen) -> F)
where
    F: Future<Output = ControlFlow<()>>,
{
    loop {
        turns.tick().await;
        let standing = *seen.borrow_and_update();
        if told(standing).await.is_break() {
            return;
        }
        if seen.changed().await.is_err() {
            return std::future::pending().await; // the work has ended, and says so itself
        }
    }
}

/// Writes progress down; breaks off when the attempt is over.
async fn write(ctx: &Ctx, step: &Step, progress: Progress) -> ControlFlow<()> {
    match ctx.sessions.progress(&step.session_id, step.attempt, progress).await {
        Ok(Written::Refused) if is_over(ctx, step).await => return ControlFlow::Break(()),
        Ok(_) => {}
        Err(fault) => tracing::debug!(session = step.session_id, %fault, "a progress write is left out"),
    }
    ControlFlow::Continue(())
}

/// A write is refused also when an earlier try of this attempt had come further; then the work goes on.
async fn is_over(ctx: &Ctx, step: &Step) -> bool {
    match ctx.sessions.get(&step.session_id).await {
        Ok(Some(session)) => session.state != State::Transcoding || session.attempt != step.attempt,
        Ok(None) => true,
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn a_later_stage_waits_for_the_turn_that_an_earlier_one_has_taken() {
        let told = Mutex::new(Vec::new());
        let tell = |(permille, _): Seen| {
            told.lock().unwrap().push(permille);
            std::future::ready(ControlFlow::Continue(()))
        };
        let mut of_the_step = turns(HOUR);
        for stage in [0..500, 500..900, 900..999] {
            let work = |reporter: Reporter| async move {
                for done in 1..=5 {
                    reporter.report(done, Some(5));
                    turns(HOUR).tick().await; // for as long as a turn of its own would take to come
                }
            };
            assert!(while_told(&mut of_the_step, stage, work, tell).await.is_some());
        }
        let told = told.into_inner().unwrap();
        assert!(told.len() == 1 && told[0] < 500, "in an hour it is one's turn once: {told:?}");
    }

    #[tokio::test]
    async fn work_is_dropped_when_nobody_waits_for_it() {
        let mut turns = turns(HOUR);
        let over = |_: Seen| std::future::ready(ControlFlow::Break(()));
        let outcome = while_told(&mut turns, 0..900, |_| std::future::pending::<()>(), over).await;
        assert!(outcome.is_none());
    }
}
