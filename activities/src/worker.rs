//! A worker: it asks whoever runs the workflow for the tasks of one activity, does one after the other, and says all the
//! while that it lives. Locally it runs in the process, on AWS in a container; the driver behind it is the only difference.
//! Told to end ([`Shift`]), it gives back what it has begun.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use states::limits::HEARTBEAT_SECONDS;
use states::recipe::DRAINING;
use states::{Activity, Kind};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::ports::{Awaited, Fault, Task};
use crate::registry;

/// Three signs of life may be lost before one is missed.
const BEAT: Duration = Duration::from_secs(HEARTBEAT_SECONDS / 4);

/// How long to leave a driver alone that does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// A time of work: what its workers do now, and whether they are to end.
#[derive(Clone)]
pub struct Shift(Arc<watch::Sender<Standing>>);

#[derive(Clone, Copy, Debug)]
pub struct Standing {
    pub is_ending: bool,
    /// Tasks that are being worked on.
    pub tasks: usize,
    /// When the driver answered last.
    pub heard: Instant,
}

impl Default for Shift {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Standing { is_ending: false, tasks: 0, heard: Instant::now() })))
    }
}

impl Shift {
    /// From now on no task is begun, and what was begun is given back.
    pub fn end(&self) {
        self.0.send_modify(|standing| standing.is_ending = true);
    }

    pub fn standing(&self) -> Standing {
        *self.0.borrow()
    }

    /// Tells of each change.
    pub fn changes(&self) -> watch::Receiver<Standing> {
        self.0.subscribe()
    }

    /// Returns once nothing is being worked on.
    pub async fn idle(&self) {
        let _idle = self.0.subscribe().wait_for(|standing| standing.tasks == 0).await.is_ok();
    }

    async fn ending(&self) {
        // The sender is here, so that it cannot be gone.
        let _ending = self.0.subscribe().wait_for(|standing| standing.is_ending).await.is_ok();
    }

    fn hear(&self) {
        self.0.send_modify(|standing| standing.heard = Instant::now());
    }

    fn begin_task(&self) -> AtWork<'_> {
        self.0.send_modify(|standing| standing.tasks += 1);
        AtWork(self)
    }
}

struct AtWork<'s>(&'s Shift);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|standing| standing.tasks -= 1);
    }
}

/// Works until the shift ends, or this is dropped; what it works on when it is dropped is missed by its heartbeat.
pub async fn work(ctx: &Ctx, activity: Activity, shift: &Shift) {
    while !shift.standing().is_ending {
        // This is not cut short: a task that is handed out to nobody would be missed for a while.
        match ctx.driver.next_task(activity).await {
            Ok(task) => {
                shift.hear();
                if let Some(task) = task {
                    perform(ctx, activity, &task, shift).await;
                }
            }
            Err(fault) => {
                tracing::warn!(%activity, %fault, "no task is to be had; the worker asks again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn perform(ctx: &Ctx, activity: Activity, task: &Task, shift: &Shift) {
    let _at_work = shift.begin_task();
    let work = carry_out(ctx, &task.token, call(ctx, activity, &task.input));
    tokio::select! {
        biased;
        () = shift.ending() => give_back(ctx, activity, &task.token).await,
        () = work => {}
    }
}

/// Somebody else shall begin it anew, at once.
async fn give_back(ctx: &Ctx, activity: Activity, token: &str) {
    tracing::info!(%activity, "the worker is told to end, and gives its task back");
    tell(|| ctx.driver.fail(token, DRAINING, "The worker was told to end.")).await;
}

/// Does the work of a task and tells its end; unless nobody waits for it any more, and then it is given up.
pub async fn carry_out(ctx: &Ctx, token: &str, work: impl Future<Output = Result<Value, Failure>>) {
    tokio::select! {
        outcome = work => report(ctx, token, outcome).await,
        () = beat_until_gone(ctx, token) => tracing::info!("nobody waits for this task any more; its work is given up"),
    }
}

async fn call(ctx: &Ctx, activity: Activity, input: &str) -> Result<Value, Failure> {
    let input = serde_json::from_str(input).map_err(|error| {
        Failure::new(Kind::WorkflowFailed, format!("The step's input is not JSON: {error}."))
    })?;
    registry::call(ctx, activity, input).await
}

/// Says that the task of this token lives, until that is of no interest any more.
async fn beat_until_gone(ctx: &Ctx, token: &str) {
    let mut beats = tokio::time::interval(BEAT);
    loop {
        beats.tick().await;
        match ctx.driver.beat(token).await {
            Ok(Awaited::Yes) => {}
            Ok(Awaited::NoMore) => return,
            Err(fault) => tracing::debug!(%fault, "a heartbeat is left out"),
        }
    }
}

/// Tells what came of a task.
pub async fn report(ctx: &Ctx, token: &str, outcome: Result<Value, Failure>) {
    match &outcome {
        Ok(output) => {
            let output = output.to_string();
            tell(|| ctx.driver.succeed(token, &output)).await;
        }
        Err(Failure { problem }) => {
            tell(|| ctx.driver.fail(token, problem.kind.error_name(), &problem.detail)).await;
        }
    }
}

/// Again and again while the driver does not answer.
async fn tell<F: Future<Output = Result<Awaited, Fault>>>(mut end: impl FnMut() -> F) {
    const TRIES: u32 = 5;
    for _ in 0..TRIES {
        match end().await {
            Ok(Awaited::Yes) => return,
            Ok(Awaited::NoMore) => {
                tracing::info!("nobody waits for this task any more; its end is of no interest");
                return;
            }
            Err(fault) => tracing::warn!(%fault, "the end of a task could not be told"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
