//! The engine's tasks. Those of the product's own machine are activities of the registry, called in this process; those
//! of any other machine are calls of services, and never reach an activity.

use std::sync::Arc;

use activities::{Ctx, registry};
use async_trait::async_trait;
use serde_json::Value;
use states::recipe::RECIPES;
use states::{Activity, Kind};
use tokio::sync::{Semaphore, SetOnce};
use workflow::definition::Resource;
use workflow::services::Services;
use workflow::tasks::{TaskCall, TaskError, Tasks};

use crate::driver::{EngineDriver, activity_of};

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

    fn has_test_case(&self, machine: &str, test_case: &str) -> bool {
        self.services.has_test_case(machine, test_case)
    }
}

fn is_own(call: &TaskCall) -> bool {
    call.machine == EngineDriver::OWN
}

/// The engine is opened before there is a context, since the context's driver is the engine. Tasks that a recovery hands
/// out meanwhile wait for it.
pub struct Activities {
    ctx: SetOnce<Ctx>,
    /// Media children at work at the same time; further media work waits for its turn.
    turns: Semaphore,
}

impl Activities {
    pub fn new(turns: usize) -> Self {
        Self { ctx: SetOnce::new(), turns: Semaphore::new(turns) }
    }

    pub fn begin(&self, ctx: Ctx) {
        let _ = self.ctx.set(ctx); // an error means that it has begun already
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
            true => Some(self.turns.acquire().await.expect("the turns are never closed")),
            false => None,
        };
        let gone = |error: workflow::driver::Error| failed(Kind::Cancelled, error.to_string());
        call.begin.begin().await.map_err(gone)?;
        match registry::call(ctx, activity, input).await {
            Ok(output) => Ok(output.to_string()),
            Err(failure) => Err(failed(failure.problem.kind, failure.problem.detail)),
        }
    }
}
