//! Redrive: an execution that ended without success goes on where it stood.

use std::sync::Arc;

use super::super::inbox::Command;
use super::super::{Error, live};
use super::Engine;
use super::executions::Description;
use crate::journal::{Aged, ExecutionRow, RunStatus};
use crate::step::{LONGEST, MAX_REDRIVABLE};
use crate::{Execution, Input, Millis, Refused};

const DAY: Millis = 24 * 60 * 60 * 1000;
/// How long after its end an execution may be redriven, and how long after its start.
const REDRIVABLE: Millis = 14 * DAY;
const OPEN: Millis = LONGEST as Millis * 1000;
const BY_MAP_RUN: &str = "Execution is a child of a Map Run and cannot be redriven alone";
/// How long a client's token stands for the redrive it asked for.
const TOKEN: Millis = 15 * 60 * 1000;

/// What has been and may be redriven of an execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redrives {
    pub count: u32,
    /// The last one.
    pub at: Option<Millis>,
    pub may: Redrivable,
}

/// Whether there can be another one now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redrivable {
    #[default]
    Yes,
    /// It is a child, and goes on with its run when the execution that waits for the run is redriven.
    ByMapRun,
    No(&'static str),
}

/// Why an execution that stands like this, with so many events, cannot be redriven, now or later.
pub(in crate::driver) fn never_redrivable(status: RunStatus, length: u32) -> Option<&'static str> {
    match status {
        RunStatus::Running => Some("Execution is RUNNING and cannot be redriven"),
        RunStatus::Succeeded => Some("Execution is SUCCEEDED and cannot be redriven"),
        RunStatus::Parked => Some("Execution history cannot be read"),
        _ if length > MAX_REDRIVABLE => Some("Execution history event limit exceeded"),
        RunStatus::Failed | RunStatus::TimedOut | RunStatus::Aborted => None,
    }
}

/// An execution that ended before the first of these, or began before the second, is too old now to be redriven.
pub(super) fn too_old(now: Millis) -> Aged {
    Aged { stopped_before: now - REDRIVABLE, started_before: now - OPEN }
}

impl Engine {
    /// Goes on with an execution that failed, timed out or was stopped: what had succeeded keeps its output, the rest
    /// runs again and its tries are counted afresh. Asking again under the same token is answered with the same time.
    pub async fn redrive_execution(&self, arn: &str, token: Option<&str>) -> Result<Millis, Error> {
        let row = self.row(arn)?;
        self.guard.check(&row.machine_name)?;
        let input = || Input::Redrive { token: token.map(Arc::from) };
        loop {
            let (description, execution) = self.fold_row(&row)?;
            let known = token.and_then(|token| execution.redriven_by(token));
            if let Some(at) = known.filter(|at| *at + TOKEN > self.ticks.now()) {
                return Ok(at);
            }
            match description.redrives.may {
                Redrivable::Yes => {}
                Redrivable::ByMapRun => return Err(Error::NotRedrivable(BY_MAP_RUN.to_owned())),
                Redrivable::No(reason) => return Err(Error::NotRedrivable(reason.to_owned())),
            }
            self.busy.idle(row.id).await;
            match self.deliver(|answer| Command::Deliver { to: row.id, input: input(), answer }).await {
                // Another redrive was faster: see what it made of the execution.
                Err(Error::Refused(Refused::NotRedrivable | Refused::Closed)) => {}
                redriven => return redriven,
            }
        }
    }

    /// What may be said of redriving this execution, as its events and its row have it.
    pub(super) fn redrives(&self, row: &ExecutionRow, execution: &Execution) -> Result<Redrives, Error> {
        let stopped = execution.stopped_at().unwrap_or_default();
        let (status, old) = (live::run_status(execution.status()), too_old(self.ticks.now()));
        let may = match never_redrivable(status, execution.length()) {
            Some(reason) => Redrivable::No(reason),
            None if self.has_lost_machine(row)? => Redrivable::No("State machine is in DELETING status"),
            None if stopped < old.stopped_before => Redrivable::No("Execution redrivable period exceeded"),
            None if row.started < old.started_before => {
                Redrivable::No("Execution has exceeded the max execution time")
            }
            None if row.child.is_some() => Redrivable::ByMapRun,
            None => Redrivable::Yes,
        };
        Ok(Redrives { count: execution.redrives(), at: execution.redriven_at(), may })
    }

    /// Whether the machine of the execution is deleted.
    pub(super) fn has_lost_machine(&self, row: &ExecutionRow) -> Result<bool, Error> {
        let machine = self.journal.machine(&row.machine_name)?;
        Ok(machine.is_none_or(|machine| machine.id != row.machine))
    }

    fn fold_row(&self, row: &ExecutionRow) -> Result<(Description, Execution), Error> {
        let mut description = self.bare_description(row);
        let execution = self.fold_into(row, &mut description)?;
        Ok((description, execution))
    }
}
