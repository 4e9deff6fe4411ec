//! Executions: start, describe, list, stop, wait.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::super::inbox::{Answer, Command, Start};
use super::super::live::{facts, for_each_event, run_status};
use super::super::{Error, names};
use super::target::Target;
use super::{Engine, PAYLOAD, Page, page};
use crate::history::Detail;
use crate::journal::{self, ExecutionRow, Listing, Origin, RunStatus, Which};
use crate::{Execution, Input, Millis, Refused};

/// The error of an execution whose history cannot be read.
const DAMAGED: &str = "Lockgate.HistoryDamaged";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    pub arn: String,
    pub start_date: Millis,
    /// It was running already, under this name and with this input.
    pub existed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    pub arn: String,
    pub machine_arn: String,
    /// The version and the alias it was started by.
    pub version_arn: Option<String>,
    pub alias_arn: Option<String>,
    pub trace: Option<String>,
    pub name: String,
    pub role: String,
    /// [`RunStatus::Parked`] when its history is damaged: then `failed` says how.
    pub status: RunStatus,
    pub started: Millis,
    pub stopped: Option<Millis>,
    pub input: Option<Arc<str>>,
    pub output: Option<Arc<str>>,
    pub failed: Option<Failed>,
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
    pub name: String,
    pub status: RunStatus,
    pub started: Millis,
    pub stopped: Option<Millis>,
}

impl Engine {
    /// Starts an execution; `ARN#TestCase` as a test case whose mocks answer its tasks. A name that stands already is an error, unless that execution is running and has the same
    /// input: then this is the answer to a start whose first answer was lost.
    pub async fn start_execution(
        &self,
        machine_arn: &str,
        name: Option<&str>,
        input: &str,
    ) -> Result<Started, Error> {
        self.start_traced_execution(machine_arn, name, input, None).await
    }

    /// The same with a trace header, which is shown as it came.
    pub async fn start_traced_execution(
        &self,
        machine_arn: &str,
        name: Option<&str>,
        input: &str,
        trace: Option<&str>,
    ) -> Result<Started, Error> {
        let (machine_arn, test_case) = match machine_arn.split_once('#') {
            Some((arn, test_case)) => (arn, Some(Arc::from(test_case))),
            None => (machine_arn, None),
        };
        let Target { machine, revision, origin } = self.target(machine_arn)?;
        self.guard.check(&machine.name)?;
        check_json(input).map_err(Error::InvalidInput)?;
        let name = match name {
            Some(name) => {
                names::check(name)?;
                name.to_owned()
            }
            None => self.new_id().to_string(),
        };
        let (answer, answered) = oneshot::channel();
        let origin = Origin { trace: trace.map(str::to_owned), ..origin };
        let start = Start { revision, name: name.clone(), origin, input: Arc::from(input), test_case };
        self.offer(Command::Start { start, answer: Answer::Caller(answer) })?;
        let arn = self.place.execution(&machine.name, &name);
        match answered.await.map_err(|_| Error::Closed)? {
            Ok(start_date) => Ok(Started { arn, start_date, existed: false }),
            Err(Error::ExecutionExists(_)) => self.started_before(arn, input).await,
            Err(error) => Err(error),
        }
    }

    async fn started_before(&self, arn: String, input: &str) -> Result<Started, Error> {
        let standing = self.describe_execution(&arn).await?;
        let same = standing.status == RunStatus::Running && standing.input.as_deref() == Some(input);
        if !same {
            return Err(Error::ExecutionExists(arn));
        }
        Ok(Started { arn, start_date: standing.started, existed: true })
    }

    pub async fn describe_execution(&self, arn: &str) -> Result<Description, Error> {
        let row = self.row(arn)?;
        let mut description = Description {
            arn: self.place.execution(&row.machine_name, &row.name),
            machine_arn: self.place.machine(&row.machine_name),
            version_arn: row.origin.version.map(|number| self.place.version(&row.machine_name, number)),
            alias_arn: row.origin.alias.as_ref().map(|alias| self.place.alias(&row.machine_name, alias)),
            trace: row.origin.trace.clone(),
            name: row.name.clone(),
            role: String::new(),
            status: row.status,
            started: row.started,
            stopped: row.stopped,
            input: None,
            output: None,
            failed: None,
        };
        let Err(error) = self.fold_into(&row, &mut description) else { return Ok(description) };
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

    fn fold_into(&self, row: &ExecutionRow, description: &mut Description) -> Result<(), Error> {
        let pinned = self.definitions.get(row.revision)?;
        description.role.clone_from(&pinned.role);
        let mut execution = Execution::new(Arc::new(facts(&self.place, &pinned, row.name.clone())));
        for_each_event(self.journal.as_ref(), row.id, |event| {
            if let Detail::ExecutionStarted { input, .. } = &event.detail {
                description.input = Some(input.clone());
            }
            execution.apply(&event).map_err(|illegal| super::super::live::damaged(row.id, &illegal))
        })?;
        // The row was read before the events, which may have come further since.
        description.status = run_status(execution.status());
        description.stopped = execution.stopped_at().or(row.stopped);
        description.output = execution.output().cloned();
        description.failed = execution
            .failure()
            .map(|failure| Failed { error: failure.error.clone(), cause: failure.cause.clone() });
        Ok(())
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
        let rows = self.journal.executions(&listing)?;
        let next = page::next(&rows, page.limit(), |row| row.id.to_string());
        let listed = |row: ExecutionRow| ListedExecution {
            arn: self.place.execution(&row.machine_name, &row.name),
            machine_arn: self.place.machine(&row.machine_name),
            version_arn: row.origin.version.map(|number| self.place.version(&row.machine_name, number)),
            alias_arn: row.origin.alias.map(|alias| self.place.alias(&row.machine_name, &alias)),
            name: row.name,
            status: row.status,
            started: row.started,
            stopped: row.stopped,
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
        if row.stopped.is_none() {
            let (closed, signal) = oneshot::channel();
            let command = Command::Watch { execution: row.id, closed };
            self.commands.send(command).await.map_err(|_| Error::Closed)?;
            let _ = signal.await; // dropping its end is the signal
        }
        self.describe_execution(arn).await
    }

    pub(super) fn row(&self, arn: &str) -> Result<ExecutionRow, Error> {
        let (machine, name) = names::execution(arn)?;
        let row = self.journal.execution(Which::Named { machine, name })?;
        row.ok_or_else(|| Error::NoExecution(arn.to_owned()))
    }
}

/// Why this is not JSON that may be an input or an output.
pub(super) fn check_json(text: &str) -> Result<(), String> {
    if text.len() > PAYLOAD {
        return Err(format!("it has {} bytes, and {PAYLOAD} are allowed", text.len()));
    }
    serde_json::from_str::<serde::de::IgnoredAny>(text).map(|_| ()).map_err(|error| error.to_string())
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
