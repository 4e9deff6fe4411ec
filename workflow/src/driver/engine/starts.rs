//! Executions begun. Those of an express machine may bear the same name again and again, and may be waited for.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::super::inbox::{Answer, Command, Start};
use super::super::{Error, names};
use super::Engine;
use super::executions::{Description, check_json};
use super::target::Target;
use crate::journal::{Kind, RunStatus, Which};
use crate::{Execution, Millis};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    pub arn: String,
    pub start_date: Millis,
    /// It was running already, under this name and with this input.
    pub existed: bool,
}

impl Engine {
    /// Starts an execution; `ARN#TestCase` as a test case whose mocks answer its tasks. A name that stands already is
    /// an error, unless that execution is running and has the same input: then this is the answer to a start whose
    /// first answer was lost.
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
        let target = self.target(machine_arn)?.traced(trace);
        let machine = target.machine.name.clone();
        let name = self.name(target.machine.kind, name)?;
        let arn = self.place.execution(&machine, &name);
        match self.begin(target, name, input, None).await {
            Ok(start_date) => Ok(Started { arn, start_date, existed: false }),
            Err(Error::ExecutionExists(_)) => self.started_before(arn, input).await,
            Err(error) => Err(error),
        }
    }

    /// Starts an execution of an express machine and waits until it has ended.
    pub async fn start_sync_execution(
        &self,
        machine_arn: &str,
        name: Option<&str>,
        input: &str,
        trace: Option<&str>,
    ) -> Result<Description, Error> {
        let target = self.target(machine_arn)?.traced(trace);
        if target.machine.kind != Kind::Express {
            return Err(Error::TypeNotSupported);
        }
        let machine = target.machine.name.clone();
        let name = self.name(Kind::Express, name)?;
        let origin = target.origin.clone();
        let (end, ended) = oneshot::channel();
        self.begin(target, name.clone(), input, Some(end)).await?;
        if let Ok(execution) = ended.await {
            return Ok(self.describe_ended(&name, &origin, &execution));
        }
        // A commit has failed meanwhile, and the loop has begun anew with it.
        let which = Which::Named { machine: &machine, name: &name };
        let missing = || Error::NoExecution(self.place.execution(&machine, &name));
        let row = self.journal.execution(which)?.ok_or_else(missing)?;
        self.ended(&row).await?;
        self.describe_row(&self.journal.execution(Which::Id(row.id))?.ok_or_else(missing)?)
    }

    /// The name that is stored: an express execution's is made unique.
    fn name(&self, kind: Kind, given: Option<&str>) -> Result<String, Error> {
        let name = match given {
            Some(name) => {
                names::check(name)?;
                name.to_owned()
            }
            None => self.new_name().to_string(),
        };
        Ok(if kind == Kind::Express { names::express(&name, self.new_id()) } else { name })
    }

    async fn begin(
        &self,
        target: Target,
        name: String,
        input: &str,
        end: Option<oneshot::Sender<Execution>>,
    ) -> Result<Millis, Error> {
        let Target { machine, revision, origin, test_case } = target;
        self.guard.check(&machine.name)?;
        check_json(input).map_err(Error::InvalidInput)?;
        let (answer, answered) = oneshot::channel();
        let start = Start { revision, name, origin, input: Arc::from(input), test_case, item: None, end };
        self.offer(Command::Start { start, answer: Answer::Caller(answer) })?;
        answered.await.map_err(|_| Error::Closed)?
    }

    async fn started_before(&self, arn: String, input: &str) -> Result<Started, Error> {
        let standing = self.describe_execution(&arn).await?;
        let same = standing.status == RunStatus::Running && standing.input.as_deref() == Some(input);
        if !same {
            return Err(Error::ExecutionExists(arn));
        }
        Ok(Started { arn, start_date: standing.started, existed: true })
    }
}
