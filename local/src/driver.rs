//! The workflows on our own engine: a state machine for sessions and one for notices, whose documents are the generated
//! ones with the functions' names put in. On AWS the same port is Step Functions.

use activities::measures;
use activities::ports::{Awaited, Driver, Execution, Fault, HistoryPage, Machine, Status, Stopped, Task};
use async_trait::async_trait;
use states::recipe::{By, RECIPES};
use states::render::asl::{self, BY_WORKER};
use states::render::notify;
use states::{Activity, Kind};
use strum::VariantArray;
use workflow::driver::{ActivityTask, Description, Engine, Error, MachineRequest, Page};
use workflow::journal::{self, RunStatus};

use crate::ledgers::instant;

/// The state machines' names.
const SESSION: &str = "lockgate-session";
const NOTIFY: &str = "lockgate-notify";

/// What stands before an activity's name in the ARN of its function.
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:lockgate-";

/// The same of an activity that workers ask for.
const WORKED: &str = "arn:aws:states:us-east-1:000000000000:activity:lockgate-";

pub struct EngineDriver {
    engine: Engine,
    session_arn: String,
    notify_arn: String,
}

/// The activity behind a function's ARN, if it is one of ours.
pub(crate) fn activity_of(arn: &str) -> Option<Activity> {
    arn.strip_prefix(FUNCTION)?.parse().ok()
}

/// What workers do, each by itself.
pub fn worked() -> impl Iterator<Item = Activity> {
    RECIPES.iter().filter(|row| row.may_be_a_workers()).map(|row| row.work)
}

/// Whether nobody but workers does it.
fn is_only_worked(activity: Activity) -> bool {
    RECIPES.iter().any(|row| row.work == activity && row.by == By::Worker)
}

/// A generated document with every placeholder filled.
fn filled(document: String) -> String {
    Activity::VARIANTS.iter().fold(document, |document, activity| {
        let before = if is_only_worked(*activity) { WORKED } else { FUNCTION };
        let document = document.replace(&format!("${{{activity}}}"), &format!("{before}{activity}"));
        document.replace(&format!("${{{activity}{BY_WORKER}}}"), &format!("{WORKED}{activity}"))
    })
}

impl EngineDriver {
    /// Sees to it that the engine has the current documents. Executions under way keep the one they began with.
    pub async fn open(engine: Engine) -> Result<Self, Error> {
        for activity in worked() {
            engine.create_activity(&format!("lockgate-{activity}"), None, Vec::new()).await?;
        }
        let put = async |name: &str, document| {
            let definition = filled(document);
            let request = MachineRequest { name: name.to_owned(), definition, ..MachineRequest::default() };
            Ok::<_, Error>(engine.put_state_machine(request).await?.arn)
        };
        let session_arn = put(SESSION, asl::document()).await?;
        let notify_arn = put(NOTIFY, notify::document()).await?;
        Ok(Self { engine, session_arn, notify_arn })
    }

    /// The machine whose executions are attempts of sessions.
    pub const SESSION: &str = SESSION;

    /// The machine whose executions are deliveries of notices.
    pub const NOTIFY: &str = NOTIFY;

    /// The machines that are the product's own.
    pub const OWN: [&str; 2] = [SESSION, NOTIFY];

    /// The machines, and the activities, that callers of the engine's own endpoint may only look at.
    pub fn read_only() -> impl Iterator<Item = String> {
        let activities = worked().map(|activity| format!("lockgate-{activity}"));
        Self::OWN.map(ToOwned::to_owned).into_iter().chain(activities)
    }

    fn arn(&self, name: &str) -> String {
        self.engine.place().execution(SESSION, name)
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
    async fn start(&self, machine: Machine, name: &str, input: &str) -> Result<(), Fault> {
        let arn = match machine {
            Machine::Session => &self.session_arn,
            Machine::Notify => &self.notify_arn,
        };
        match self.engine.start_execution(arn, Some(name), input).await {
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

    async fn next_task(&self, activity: Activity) -> Result<Option<Task>, Fault> {
        let taken = self.engine.get_activity_task(&format!("{WORKED}{activity}"), Some("lockgate")).await;
        let Some(task) = taken.map_err(fault)? else { return Ok(None) };
        let ActivityTask { token, input, machine, attempt } = task;
        if !Self::OWN.contains(&&*machine) {
            let cause = "Only Lockgate's own state machine may have this done.";
            let refused =
                self.engine.send_task_failure(&token, Some(Kind::WorkflowFailed.error_name()), Some(cause));
            return refused.await.map(|()| None).map_err(fault);
        }
        if attempt > 1 {
            measures::tried_again(activity);
        }
        Ok(Some(Task { token, input: input.to_string() }))
    }

    async fn beat(&self, token: &str) -> Result<Awaited, Fault> {
        awaited(self.engine.send_task_heartbeat(token).await)
    }

    async fn succeed(&self, token: &str, output: &str) -> Result<Awaited, Fault> {
        awaited(self.engine.send_task_success(token, output).await)
    }

    async fn fail(&self, token: &str, error: &str, cause: &str) -> Result<Awaited, Fault> {
        awaited(self.engine.send_task_failure(token, Some(error), Some(cause)).await)
    }
}

/// Whether a task is still waited for, by what the engine says to its token.
fn awaited(said: Result<(), Error>) -> Result<Awaited, Fault> {
    match said {
        Ok(()) => Ok(Awaited::Yes),
        Err(Error::Refused(_) | Error::InvalidToken) => Ok(Awaited::NoMore),
        Err(error) => Err(fault(error)),
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

pub(crate) fn fault(error: Error) -> Fault {
    match error {
        Error::Busy => Fault::Busy,
        Error::Journal(journal::Error::Ledger(ledger::Error::Full(_))) => Fault::Full,
        other => Fault::Unavailable { what: "engine", why: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_name_an_activity_in_every_task_and_are_valid() {
        for document in [asl::document(), notify::document()] {
            check(&filled(document));
        }
    }

    fn check(document: &str) {
        assert!(!document.contains("${"), "{document}");
        workflow::Definition::parse(document).unwrap();
        for resource in document.split('"').filter(|text| text.starts_with("arn:")) {
            let worked = resource.strip_prefix(WORKED).and_then(|name| name.parse::<Activity>().ok());
            let calls_back = resource == "arn:aws:states:::lambda:invoke.waitForTaskToken";
            assert!(calls_back || activity_of(resource).or(worked).is_some(), "{resource}");
        }
    }
}
