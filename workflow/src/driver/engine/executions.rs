//! Executions: described, listed, stopped, waited for. How they begin is in [`super::starts`].

use std::sync::Arc;

use tokio::sync::oneshot;

use super::super::Error;
use super::super::inbox::Command;
use super::super::live::{damaged, facts_of, run_status};
use super::super::names::{self, ExecutionName};
use super::super::stored::{Portion, Stored};
use super::redrive::{Redrivable, Redrives};
use super::{Engine, PAYLOAD, Page};
use crate::history::Detail;
use crate::journal::{self, ExecutionRow, Listing, Origin, Redriven, RunStatus, Which};
use crate::{Execution, Input, Millis, Refused, data};

/// The error of an execution whose history cannot be read.
const DAMAGED: &str = "Lockgate.HistoryDamaged";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    pub arn: String,
    pub machine_arn: String,
    /// The version and the alias it was started by.
    pub version_arn: Option<String>,
    pub alias_arn: Option<String>,
    pub trace: Option<String>,
    /// When it is the child of a map run.
    pub map_run_arn: Option<String>,
    pub name: String,
    pub role: String,
    /// [`RunStatus::Parked`] when its history is damaged: then `failed` says how.
    pub status: RunStatus,
    pub started: Millis,
    pub stopped: Option<Millis>,
    pub input: Option<Arc<str>>,
    pub output: Option<Arc<str>>,
    pub failed: Option<Failed>,
    pub redrives: Redrives,
}

/// How an execution failed, as far as it said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failed {
    pub error: Option<Arc<str>>,
    pub cause: Option<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedExecution {
    pub arn: String,
    pub machine_arn: String,
    pub version_arn: Option<String>,
    pub alias_arn: Option<String>,
    /// When it is the child of a map run.
    pub map_run_arn: Option<String>,
    /// How many items it has then.
    pub items: Option<u32>,
    pub name: String,
    pub status: RunStatus,
    /// It has ended without success, and its run goes on and is to begin it again.
    pub pending_redrive: bool,
    pub started: Millis,
    pub stopped: Option<Millis>,
    pub redriven: Option<Redriven>,
}

impl Description {
    /// How the execution stands after its last event.
    fn stands_as(&mut self, execution: &Execution) {
        self.status = run_status(execution.status());
        self.stopped = execution.stopped_at();
        self.output = execution.output().cloned();
        self.failed = execution
            .failure()
            .map(|failure| Failed { error: failure.error.clone(), cause: failure.cause.clone() });
    }
}

impl Engine {
    pub async fn describe_execution(&self, arn: &str) -> Result<Description, Error> {
        self.describe_row(&self.row(arn)?)
    }

    pub(super) fn describe_row(&self, row: &ExecutionRow) -> Result<Description, Error> {
        let mut description = self.bare_description(row);
        let Err(error) = self.fold_into(row, &mut description) else { return Ok(description) };
        let damage = match &error {
            Error::Damaged { .. } | Error::Unreadable { .. } => &error,
            Error::Journal(cause) if !matches!(cause, journal::Error::Ledger(_)) => &error,
            _ => return Err(error),
        };
        description.status = RunStatus::Parked;
        description.output = None;
        let cause = format!("The stored history cannot be read: {}", chain(damage));
        description.failed = Some(Failed { error: Some(DAMAGED.into()), cause: Some(cause.into()) });
        Ok(description)
    }

    /// An express execution that has ended, by its stored name; nothing of it is read again.
    pub(super) fn describe_ended(&self, name: &str, origin: &Origin, execution: &Execution) -> Description {
        let facts = execution.facts();
        let machine = &facts.state_machine_name;
        let mut description = Description {
            arn: facts.execution_arn.clone(),
            machine_arn: facts.state_machine_arn.clone(),
            map_run_arn: None,
            version_arn: origin.version.map(|number| self.place.version(machine, number)),
            alias_arn: origin.alias.as_ref().map(|alias| self.place.alias(machine, alias)),
            trace: origin.trace.clone(),
            name: names::shown(name).to_owned(),
            role: facts.role_arn.clone(),
            status: RunStatus::Running,
            started: execution.started_at().unwrap_or_default(),
            stopped: None,
            input: Some(execution.input().clone()),
            output: None,
            failed: None,
            redrives: Redrives::default(),
        };
        description.stands_as(execution);
        description
    }

    /// What the row says, without the events.
    pub(super) fn bare_description(&self, row: &ExecutionRow) -> Description {
        Description {
            arn: self.place.execution_of(row),
            machine_arn: self.place.machine_of(row),
            version_arn: row.origin.version.map(|number| self.place.version(&row.machine_name, number)),
            alias_arn: row.origin.alias.as_ref().map(|alias| self.place.alias(&row.machine_name, alias)),
            trace: row.origin.trace.clone(),
            map_run_arn: self.map_run_arn_of(row),
            name: names::shown(&row.name).to_owned(),
            role: String::new(),
            status: row.status,
            started: row.started,
            stopped: row.stopped,
            input: None,
            output: None,
            failed: None,
            redrives: Redrives {
                may: Redrivable::No("Execution history cannot be read"),
                ..Redrives::default()
            },
        }
    }

    pub(super) fn fold_into(
        &self,
        row: &ExecutionRow,
        description: &mut Description,
    ) -> Result<Execution, Error> {
        let pinned = self.definitions.get(row.revision)?;
        description.role.clone_from(&pinned.role);
        let mut execution = Execution::new(Arc::new(facts_of(&self.place, &pinned, row)));
        for event in Stored::since(self.journal.as_ref(), row.id, 0, Portion::Large) {
            let event = event?;
            if let Detail::ExecutionStarted { input, .. } = &event.detail {
                description.input = Some(input.clone());
            }
            execution.apply(&event).map_err(|illegal| damaged(row.id, &illegal))?;
        }
        // The row was read before the events, which may have come further since.
        description.stands_as(&execution);
        description.redrives = self.redrives(row, &execution)?;
        Ok(execution)
    }

    /// Newest first.
    pub async fn list_executions(
        &self,
        machine_arn: &str,
        status: Option<RunStatus>,
        page: &Page,
    ) -> Result<(Vec<ListedExecution>, Option<String>), Error> {
        let (_, listing) = self.listing(machine_arn)?;
        let listing = Listing { status, before: page.after_number()?, limit: page.limit(), ..listing };
        self.listed(&listing, None, page)
    }

    /// `redrives` is how often the run was redriven whose children they are, while it goes on.
    pub(super) fn listed(
        &self,
        listing: &Listing,
        redrives: Option<u32>,
        page: &Page,
    ) -> Result<(Vec<ListedExecution>, Option<String>), Error> {
        let rows = self.journal.executions(listing)?;
        let next = page.next(&rows, |row| row.id.to_string());
        let listed = |row: ExecutionRow| ListedExecution {
            arn: self.place.execution_of(&row),
            machine_arn: self.place.machine_of(&row),
            version_arn: row.origin.version.map(|number| self.place.version(&row.machine_name, number)),
            alias_arn: row.origin.alias.as_ref().map(|alias| self.place.alias(&row.machine_name, alias)),
            map_run_arn: self.map_run_arn_of(&row),
            items: row.child.as_ref().map(|child| child.items.count),
            pending_redrive: redrives.is_some_and(|redrives| row.waits(redrives)),
            name: row.name,
            status: row.status,
            started: row.started,
            stopped: row.stopped,
            redriven: row.redriven,
        };
        Ok((rows.into_iter().map(listed).collect(), next))
    }

    /// Stops an execution, and drops what runs for it in this process. The time it stopped; when it has ended before,
    /// that time.
    pub async fn stop_execution(
        &self,
        arn: &str,
        error: Option<&str>,
        cause: Option<&str>,
    ) -> Result<Millis, Error> {
        let row = self.row(arn)?;
        self.guard.check(&row.machine_name)?;
        if let Some(stopped) = row.stopped {
            return Ok(stopped);
        }
        let input = Input::Stop { error: error.map(Arc::from), cause: cause.map(Arc::from) };
        match self.deliver(|answer| Command::Deliver { to: row.id, input, answer }).await {
            Err(Error::Refused(Refused::Closed)) => {
                Ok(self.row(arn)?.stopped.unwrap_or_else(|| self.ticks.now()))
            }
            stopped => stopped,
        }
    }

    /// Waits until the execution has ended.
    pub async fn closed(&self, arn: &str) -> Result<Description, Error> {
        let row = self.row(arn)?;
        self.ended(&row).await?;
        self.describe_execution(arn).await
    }

    pub(super) async fn ended(&self, row: &ExecutionRow) -> Result<(), Error> {
        if row.stopped.is_none() {
            let (closed, signal) = oneshot::channel();
            let command = Command::Watch { execution: row.id, closed };
            self.commands.send(command).await.map_err(|_| Error::Closed)?;
            let _ = signal.await; // dropping its end is the signal
        }
        Ok(())
    }

    pub(super) fn row(&self, arn: &str) -> Result<ExecutionRow, Error> {
        let ExecutionName { machine, label, name } = names::execution(arn)?;
        let row = self.journal.execution(Which::Named { machine, name })?;
        row.filter(|row| names::label_of(row) == label).ok_or_else(|| Error::NoExecution(arn.to_owned()))
    }
}

/// Why this may not be an input or an output.
pub(super) fn check_json(text: &str) -> Result<(), String> {
    if text.len() > PAYLOAD {
        return Err(format!("it has {} bytes, and {PAYLOAD} are allowed", text.len()));
    }
    data::check(text)
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
