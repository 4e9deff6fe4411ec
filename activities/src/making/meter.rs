//! Progress, from samples really done to the record, and back: a write that is refused because the attempt is over ends
//! the work. That is how a cancel reaches work everywhere.

use std::future::Future;
use std::io;
use std::ops::Range;

use bytes::Bytes;
use states::session::{Pace, Progress, Stage};
use states::{State, Timestamp};
use tokio::sync::watch;

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

/// Where the work says how far it is. It may do so as often as it likes.
#[derive(Clone)]
pub(crate) struct Reporter {
    seen: watch::Sender<(u16, Option<Pace>)>,
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

/// Runs `work` while its progress is written. When the attempt is over, the work is dropped where it stands.
pub(crate) async fn measured<T, W>(
    ctx: &Ctx,
    step: &Step,
    (stage, range): (Stage, Range<u16>),
    work: impl FnOnce(Reporter) -> W,
) -> Result<T, Failure>
where
    W: Future<Output = Result<T, Failure>>,
{
    let (reporter, seen) = watch::channel((range.start, None));
    let work = work(Reporter { seen: reporter, range });
    tokio::select! {
        biased;
        outcome = work => outcome,
        () = write_until_over(ctx, step, stage, seen) => {
            Err(step.is_over())
        }
    }
}

/// Writes what is reported, and ends only when the attempt is over.
async fn write_until_over(
    ctx: &Ctx,
    step: &Step,
    stage: Stage,
    mut seen: watch::Receiver<(u16, Option<Pace>)>,
) {
    let mut pace = tokio::time::interval(ctx.settings.progress_interval);
    loop {
        pace.tick().await;
        let (permille, pace) = *seen.borrow_and_update();
        let progress = Progress { permille, stage, pace };
        match ctx.sessions.progress(&step.session_id, step.attempt, progress).await {
            Ok(Written::Refused) if is_over(ctx, step).await => return,
            Ok(_) => {}
            Err(fault) => tracing::debug!(session = step.session_id, %fault, "a progress write is left out"),
        }
        if seen.changed().await.is_err() {
            return std::future::pending().await; // the work has ended, and says so itself
        }
    }
}

/// A write is refused also when an earlier try of this attempt had come further; then the work goes on.
async fn is_over(ctx: &Ctx, step: &Step) -> bool {
    match ctx.sessions.get(&step.session_id).await {
        Ok(Some(session)) => session.state != State::Transcoding || session.attempt != step.attempt,
        Ok(None) => true,
        Err(_) => false,
    }
}
