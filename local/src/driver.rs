//! The session workflow on our own engine: one state machine, whose document is the generated one with the functions'
//! names put in. On AWS the same port is Step Functions.

use activities::ports::{Driver, Execution, Fault, HistoryPage, Status, Stopped};
use async_trait::async_trait;
use states::render::asl;
use states::{Activity, Timestamp};
use strum::VariantArray;
use workflow::driver::{Description, Engine, Error, MachineRequest, Page};
use workflow::journal::RunStatus;

/// The state machine's name.
const MACHINE: &str = "lockgate-session";

/// What stands before an activity's name in the ARN of its function.
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:lockgate-";

pub struct EngineDriver {
    engine: Engine,
    machine_arn: String,
}

/// The activity behind a function's ARN, if it is one of ours.
pub(crate) fn activity_of(arn: &str) -> Option<Activity> {
    arn.strip_prefix(FUNCTION)?.parse().ok()
}

/// The generated document with every placeholder filled.
fn document() -> String {
    Activity::VARIANTS.iter().fold(asl::document(), |document, activity| {
        document.replace(&format!("${{{activity}}}"), &format!("{FUNCTION}{activity}"))
    })
}

impl EngineDriver {
    /// Sees to it that the engine has the current document. Executions under way keep the one they began with.
    pub async fn open(engine: Engine) -> Result<Self, Error> {
        let request =
            MachineRequest { name: MACHINE.to_owned(), definition: document(), ..MachineRequest::default() };
        let machine = engine.put_state_machine(request).await?;
        Ok(Self { engine, machine_arn: machine.arn })
    }

    /// The machine that callers of the engine's own endpoint may only look at.
    pub const READ_ONLY: &str = MACHINE;

    fn arn(&self, name: &str) -> String {
        self.engine.place().execution(MACHINE, name)
    }

    async fn description(&self, name: &str) -> Result<Option<Description>, Fault> {
        match self.engine.describe_execution(&self.arn(name)).await {
            Ok(description) => Ok(Some(description)),
            Err(Error::NoExecution(_)) => Ok(None),
            Err(error) => Err(fault(error)),
        }
    }
}

#[async_trait]
impl Driver for EngineDriver {
    async fn start(&self, name: &str, input: &str) -> Result<(), Fault> {
        match self.engine.start_execution(&self.machine_arn, Some(name), input).await {
            Ok(_) | Err(Error::ExecutionExists(_)) => Ok(()),
            Err(error) => Err(fault(error)),
        }
    }

    async fn describe(&self, name: &str) -> Result<Option<Execution>, Fault> {
        let Some(description) = self.description(name).await? else { return Ok(None) };
        let machine =
            self.engine.describe_state_machine_for_execution(&description.arn).await.map_err(fault)?;
        let failed = description.failed.unwrap_or_default();
        let text = |text: Option<std::sync::Arc<str>>| text.map(|text| text.to_string());
        Ok(Some(Execution {
            name: description.name,
            status: status(description.status),
            definition: machine.definition,
            input: text(description.input),
            output: text(description.output),
            error: text(failed.error),
            cause: text(failed.cause),
            started_at: instant(description.started),
            stopped_at: description.stopped.map(instant),
        }))
    }

    async fn history(&self, name: &str, after: Option<&str>) -> Result<Option<HistoryPage>, Fault> {
        let page = Page { token: after.map(ToOwned::to_owned), ..Page::default() };
        match self.engine.history(&self.arn(name), &page, false).await {
            Ok(page) => Ok(Some(HistoryPage { events: page.events, next: page.next })),
            Err(Error::NoExecution(_)) => Ok(None),
            Err(error) => Err(fault(error)),
        }
    }

    async fn stop(&self, name: &str, error: &str, cause: &str) -> Result<Stopped, Fault> {
        match self.engine.stop_execution(&self.arn(name), Some(error), Some(cause)).await {
            Ok(_) => Ok(Stopped::Closed),
            Err(Error::NoExecution(_)) => Ok(Stopped::NotFound),
            Err(error) => Err(fault(error)),
        }
    }
}

/// A parked execution, whose history is damaged, will not go on: to a session that is a failure.
fn status(status: RunStatus) -> Status {
    match status {
        RunStatus::Running => Status::Running,
        RunStatus::Succeeded => Status::Succeeded,
        RunStatus::Failed | RunStatus::Parked => Status::Failed,
        RunStatus::TimedOut => Status::TimedOut,
        RunStatus::Aborted => Status::Aborted,
    }
}

fn instant(millis: workflow::Millis) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

fn fault(error: Error) -> Fault {
    match error {
        Error::Busy => Fault::Busy,
        other => Fault::Unavailable { what: "engine", why: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_names_an_activity_in_every_task_and_is_valid() {
        let document = document();
        assert!(!document.contains("${"), "{document}");
        workflow::Definition::parse(&document).unwrap();
        for resource in document.split('"').filter(|text| text.starts_with("arn:")) {
            assert!(activity_of(resource).is_some(), "{resource}");
        }
    }
}
