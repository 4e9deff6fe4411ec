//! Coming back: after a restart, after a failed commit, and when something arrives for an execution that was let go.
//!
//! It is always the same: fold the events, then attend to what is pending. A task that was given out before the engine
//! stopped is given out again, and that is recorded when it begins (see [`super::Begin`]), so that one which kills the
//! process is found out, and one which only waited for its turn is not blamed.

use std::time::Duration;

use super::Error;
use super::inbox::Arrival;
use super::live::Live;
use super::owner::Owner;
use crate::journal::{self, ExecutionId, RunStatus, Which};
use crate::{Millis, Pending, Refused};

/// Unfinished executions looked up at a time.
const PAGE: u32 = 4096;
/// How long the engine leaves the journal alone after it failed; doubled each time, up to the longest.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);

impl Owner {
    /// Takes up everything that has not ended.
    pub(super) fn recover(&mut self) -> Result<(), Error> {
        self.map_runs.recover()?;
        let mut after = 0;
        let (mut asleep, mut folded) = (0_u64, 0_u64);
        loop {
            let page = self.journal.unfinished(after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for unfinished in page {
                if let Some(wake) = unfinished.wake {
                    self.timers.set(unfinished.id, Some(wake));
                    asleep += 1;
                } else {
                    self.take_up(unfinished.id);
                    folded += 1;
                }
            }
        }
        // What ended before without its runs leaves these to be stopped.
        for id in self.map_runs.unclaimed() {
            let row = self.journal.execution(Which::Id(id))?;
            if row.is_none_or(|row| row.status != RunStatus::Running) {
                self.map_runs.disown(id);
            }
        }
        if asleep + folded > 0 {
            tracing::info!(asleep, folded, "took up unfinished executions");
        }
        Ok(())
    }

    fn take_up(&mut self, id: ExecutionId) {
        match self.bring(id) {
            Ok(()) => {
                self.attend(id, false);
                self.map_runs.disown(id);
            }
            Err(Error::Journal(_)) => self.setback.hold(self.ticks.now(), id, None),
            Err(_) => {} // ended or parked
        }
    }

    /// Makes sure that the execution is in memory.
    pub(super) fn bring(&mut self, id: ExecutionId) -> Result<(), Error> {
        self.bring_in(id, |status| status == RunStatus::Running)
    }

    /// The same for one that has ended and is to go on.
    pub(super) fn bring_back(&mut self, id: ExecutionId) -> Result<(), Error> {
        self.bring_in(id, |status| status != RunStatus::Parked)
    }

    fn bring_in(&mut self, id: ExecutionId, may: impl FnOnce(RunStatus) -> bool) -> Result<(), Error> {
        if self.lives.contains_key(&id) {
            return Ok(());
        }
        if self.parked.contains(&id) {
            self.timers.set(id, None);
            return Err(Refused::Closed.into());
        }
        let row = self.journal.execution(Which::Id(id))?;
        let Some(row) = row.filter(|row| may(row.status)) else {
            self.timers.set(id, None);
            return Err(Refused::Closed.into());
        };
        let mut live = match Live::fold(self.journal.as_ref(), &self.definitions, &self.place, row) {
            Ok(live) => live,
            Err(error) => {
                if !matches!(error, Error::Journal(journal::Error::Ledger(_))) {
                    self.park(id, &error);
                }
                return Err(error);
            }
        };
        for pending in live.execution.pending() {
            match pending {
                Pending::RunTask { key, token, .. } => {
                    live.owed.insert(key, token);
                    if !self.tasks.is_running(id, key) {
                        live.lost.insert(key);
                    }
                }
                Pending::Activity { key, token, .. } | Pending::Callback { key, token } => {
                    live.owed.insert(key, Some(token));
                }
                Pending::MapRun { key, run, .. } => {
                    live.owed.insert(key, None);
                    live.runs.insert(key, run);
                }
                Pending::WakeAt { .. } | Pending::Continue => {}
            }
        }
        self.lives.insert(id, Box::new(live));
        Ok(())
    }

    /// Forgets what a failed commit would have stored. Who asked is refused; the results of tasks that ran here are
    /// kept and given in again.
    pub(super) fn set_back(&mut self, executions: Vec<ExecutionId>, error: &journal::Error) {
        let now = self.ticks.now();
        for id in executions {
            let Some(live) = self.lives.remove(&id) else { continue };
            self.deferred -= live.waiting.len();
            let was_stored = live.start.is_none();
            for (answer, _) in live.answers {
                if let Some(input) = answer.give(Err(Error::Journal(error.clone()))) {
                    let answer = super::inbox::Answer::Again(input.clone());
                    self.setback.hold(now, id, Some(Arrival { input, answer }));
                }
            }
            if was_stored {
                self.setback.hold(now, id, None);
                self.ready.extend(live.waiting.into_iter().map(|arrival| (id, arrival)));
            } else {
                for arrival in live.waiting {
                    let _ = arrival.answer.give(Err(Error::Journal(error.clone())));
                }
            }
        }
    }

    pub(super) fn come_back(&mut self, held: Vec<(ExecutionId, Option<Arrival>)>) {
        for (id, arrival) in held {
            match arrival {
                Some(arrival) => self.ready.push_back((id, arrival)),
                None => {
                    self.timers.rearm(id);
                    self.take_up(id);
                }
            }
        }
    }
}

/// Executions that wait for the journal to work again.
#[derive(Default)]
pub(super) struct Setback {
    held: Vec<(ExecutionId, Option<Arrival>)>,
    until: Option<Millis>,
    pause: Option<Duration>,
}

impl Setback {
    /// Holds an execution back for a while; with the arrival that has to be given in again.
    pub(super) fn hold(&mut self, now: Millis, id: ExecutionId, arrival: Option<Arrival>) {
        self.held.push((id, arrival));
        if self.until.is_none() {
            let pause = self.pause.map_or(SHORTEST, |pause| (pause * 2).min(LONGEST));
            self.pause = Some(pause);
            self.until = Some(now + pause.as_millis() as Millis);
        }
    }

    pub(super) fn next(&self) -> Option<Millis> {
        self.until
    }

    /// What was held back, when that is over.
    pub(super) fn over(&mut self, now: Millis) -> Option<Vec<(ExecutionId, Option<Arrival>)>> {
        self.until.take_if(|until| *until <= now)?;
        Some(std::mem::take(&mut self.held))
    }

    /// The journal works: the next failure is a first one again.
    pub(super) fn forget(&mut self) {
        self.pause = None;
    }
}
