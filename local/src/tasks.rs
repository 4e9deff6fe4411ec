//! The engine's tasks. Those of the product's own machines are activities of the registry, called in this process; those
//! of any other machine are calls of services, and never reach an activity.

use std::sync::Arc;

use activities::failure::Failure;
use activities::{Ctx, measures, registry};
use async_trait::async_trait;
use metrics::Gauge;
use serde_json::Value;
use service::turns::{Turn, Turns};
use states::recipe::RECIPES;
use states::{Activity, Kind};
use tokio::sync::SetOnce;
use workflow::definition::Resource;
use workflow::driver::Error;
use workflow::services::Services;
use workflow::tasks::{TaskCall, TaskError, Tasks};

use crate::driver::{EngineDriver, activity_of, fault};
use crate::sessions::SqliteSessions;

/// All that the engine's executions call, by whose machine it is.
pub struct Work {
    pub own: Arc<Activities>,
    pub services: Arc<Services>,
}

#[async_trait]
impl Tasks for Work {
    fn at_once(&self, call: &TaskCall) -> Option<Result<String, TaskError>> {
        if is_own(call) { None } else { self.services.at_once(call) }
    }

    async fn run(&self, call: TaskCall) -> Result<String, TaskError> {
        if is_own(&call) { self.own.run(call).await } else { self.services.run(call).await }
    }

    fn lot(&self, machine: &str, input: &str) -> Arc<str> {
        if EngineDriver::OWN.contains(&machine) { self.own.lot(input) } else { Arc::from("") }
    }

    fn has_test_case(&self, machine: &str, test_case: &str) -> bool {
        self.services.has_test_case(machine, test_case)
    }
}

fn is_own(call: &TaskCall) -> bool {
    EngineDriver::OWN.contains(&&*call.machine)
}

/// The engine is opened before there is a context, since the context's driver is the engine. Tasks that a recovery hands
/// out meanwhile wait for it.
pub struct Activities {
    ctx: SetOnce<Ctx>,
    /// Media children at work at the same time; further media work waits for its turn.
    turns: Turns,
    /// Say whose a session is, to the engine's loop, which waits for nothing.
    sessions: Arc<SqliteSessions>,
}

impl Activities {
    pub fn new(turns: Turns, sessions: Arc<SqliteSessions>) -> Self {
        Self { ctx: SetOnce::new(), turns, sessions }
    }

    pub fn begin(&self, ctx: Ctx) {
        let _ = self.ctx.set(ctx); // an error means that it has begun already
    }

    /// A turn of this session's owner.
    async fn turn(&self, session: &str) -> (Turn, Counted) {
        let waiting = Counted::new("waiting");
        let turn = self.turns.take(&self.owner(session)).await;
        drop(waiting);
        (turn, Counted::new("running"))
    }

    /// Users take turns: the lot of a step is whose session it works on, or whom it tells.
    fn lot(&self, input: &str) -> Arc<str> {
        #[derive(Default, serde::Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Of {
            session_id: String,
            owner: Option<Arc<str>>,
        }
        let of: Of = serde_json::from_str(input).unwrap_or_default();
        of.owner.unwrap_or_else(|| self.owner(&of.session_id))
    }

    fn owner(&self, session: &str) -> Arc<str> {
        self.sessions.owner_of(session).unwrap_or_default().into()
    }
}

/// One more piece of media work in this state, for as long as this lives.
struct Counted(Gauge);

impl Counted {
    fn new(state: &'static str) -> Self {
        let gauge = metrics::gauge!(MEDIA_WORK, "state" => state);
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

const MEDIA_WORK: &str = "lockgate_media_work";

/// Says what is measured here.
pub fn describe() {
    metrics::describe_gauge!(MEDIA_WORK, "Pieces of media work that run, and that wait for their turn.");
    for state in ["waiting", "running"] {
        metrics::gauge!(MEDIA_WORK, "state" => state).set(0.0);
    }
}

fn works_on_media(activity: Activity) -> bool {
    activity == Activity::Probe || RECIPES.iter().any(|row| row.work == activity)
}

/// The function that is called, and what with: of a call with a callback, both stand in the input.
fn function(resource: &Resource, mut input: Value) -> (String, Value) {
    match resource {
        Resource::Service { .. } => {
            let name = input["FunctionName"].as_str().unwrap_or_default().to_owned();
            (name, input["Payload"].take())
        }
        other => (other.arn().to_owned(), input),
    }
}

/// Why a step did not begin: nobody waits for it any more, or it could not be written down that it begins.
fn not_begun(error: Error) -> Failure {
    match error {
        Error::Refused(_) | Error::NoExecution(_) => Failure::new(Kind::Cancelled, error.to_string()),
        error => fault(error).into(),
    }
}

#[async_trait]
impl Tasks for Activities {
    async fn run(&self, call: TaskCall) -> Result<String, TaskError> {
        let ctx = self.ctx.wait().await;
        let failed = |kind: Kind, cause: String| TaskError { error: kind.error_name().to_owned(), cause };
        let input = serde_json::from_str(&call.input).map_err(|error| {
            failed(Kind::WorkflowFailed, format!("The step's input is not JSON: {error}."))
        })?;
        let (function, input) = function(&call.resource, input);
        let Some(activity) = activity_of(&function) else {
            return Err(failed(Kind::WorkflowFailed, format!("There is no function {function}.")));
        };
        let _turn = match works_on_media(activity) {
            true => Some(self.turn(input["sessionId"].as_str().unwrap_or_default()).await),
            false => None,
        };
        call.begin.begin().await.map_err(|error| {
            let Failure { problem } = not_begun(error);
            failed(problem.kind, problem.detail)
        })?;
        if call.key.attempt > 1 {
            measures::tried_again(activity);
        }
        match registry::call(ctx, activity, input).await {
            Ok(output) => Ok(output.to_string()),
            Err(failure) => Err(failed(failure.problem.kind, failure.problem.detail)),
        }
    }
}

#[cfg(test)]
mod tests {
    use ledger::rusqlite;
    use workflow::journal;

    use super::*;

    #[test]
    fn a_step_that_cannot_be_begun_was_cancelled_only_if_nobody_waits_for_it() {
        let full =
            rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL), None);
        for (error, kind) in [
            (Error::NoExecution("x".to_owned()), Kind::Cancelled),
            (Error::Journal(journal::Error::Ledger(full.into())), Kind::StorageFull),
            (Error::Journal(journal::Error::Ledger(ledger::Error::Closed)), Kind::StorageUnavailable),
            (Error::Busy, Kind::StorageUnavailable),
            (Error::Closed, Kind::StorageUnavailable),
        ] {
            assert_eq!(not_begun(error.clone()).problem.kind, kind, "{error}");
        }
    }
}
