//! One state tried alone, as TestState does. Nothing of it is stored.
//!
//! What a state makes of its data is decided by [`try_state`]; here it is given what it needs, and when it is a Task
//! without a mock, the call is really made.

use std::sync::Arc;
use std::time::Duration;

use super::super::Error;
use super::super::inbox::{Begin, HeartbeatHandle, Submit};
use super::Engine;
use crate::definition::{Pattern, Resource};
use crate::errors::TIMEOUT;
use crate::history::Failure;
use crate::step::{Mock, Report, Trial, Tried, Unfit, try_state};
use crate::tasks::TaskCall;
use crate::{Definition, Facts, Millis, Problem, StateId, TaskKey};
use serde_json::Value;

/// How long a call may take, as on AWS.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// No execution has this id.
const NOBODY: i64 = 0;
const KEY: TaskKey = TaskKey { frame: 0, entered: 2, attempt: 1 };

/// What is to be tried, and with what.
#[derive(Clone, Debug, Default)]
pub struct TrialRequest {
    /// A machine when `state` names one of its states, a state alone otherwise.
    pub definition: String,
    pub state: Option<String>,
    pub input: Arc<str>,
    /// Names and JSON texts.
    pub variables: Vec<(Arc<str>, Arc<str>)>,
    pub context: Option<Value>,
    pub mock: Option<Mock>,
    pub retries: u32,
    /// How many items of a distributed Map have failed.
    pub failed_items: u32,
    /// What an ItemReader has read.
    pub read: Option<Arc<str>>,
    pub role: String,
}

impl Engine {
    pub async fn try_state(&self, request: TrialRequest) -> Result<Report, Error> {
        let (definition, state) = read(&request.definition, request.state.as_deref())?;
        let mut trial = Trial {
            input: request.input,
            variables: request.variables,
            context: request.context,
            mock: request.mock,
            facts: self.facts_of_trial(request.role),
            retries: request.retries,
            failed_items: request.failed_items,
            read: request.read,
        };
        loop {
            match try_state(&definition, state, &trial, self.ticks.tick()) {
                Tried::Ended(report) => return Ok(*report),
                Tried::Calls { resource, input, .. } => {
                    trial.mock =
                        Some(self.call(resource, input, definition.name(state), &trial.facts).await?);
                }
                Tried::Unfit(unfit) => return Err(Error::Invalid(said_of(unfit).into())),
                Tried::NeedsMock => {
                    return Err(Error::Invalid(
                        "A Parallel or Map state can only be tested with a mock".into(),
                    ));
                }
            }
        }
    }

    fn facts_of_trial(&self, role_arn: String) -> Facts {
        let (machine, execution) = (format!("TestState-{}", self.new_id()), self.new_id().to_string());
        Facts {
            execution_arn: self.place.express(&machine, &execution),
            execution_name: execution,
            state_machine_arn: self.place.machine(&machine),
            state_machine_name: machine,
            role_arn,
        }
    }

    /// What comes of the call that the Task makes.
    async fn call(
        &self,
        resource: Resource,
        input: Arc<str>,
        state: &str,
        facts: &Facts,
    ) -> Result<Mock, Error> {
        let waits = match &resource {
            Resource::Activity { .. } => true,
            Resource::Service { pattern, .. } => *pattern != Pattern::RequestResponse,
            Resource::Lambda { .. } => false,
        };
        if waits {
            return Err(Error::Invalid(
                "A Task state that waits for an activity, a job or a callback can only be tested with a mock"
                    .into(),
            ));
        }
        let commands = self.commands.downgrade();
        let call = TaskCall {
            resource,
            state: state.to_owned(),
            machine: facts.state_machine_name.clone(),
            test_case: None,
            execution_arn: facts.execution_arn.clone(),
            key: KEY,
            input,
            token: None,
            dispatch: 1,
            begin: Begin { commands: commands.clone(), execution: NOBODY, key: KEY, again: false },
            submit: Submit { commands: commands.clone(), execution: NOBODY, key: KEY, done: true },
            heartbeat: HeartbeatHandle { commands, execution: NOBODY, key: KEY },
        };
        let until = self.ticks.now() + PATIENCE.as_millis() as Millis;
        tokio::select! {
            answer = self.tasks.run(call) => Ok(match answer {
                Ok(output) => Mock::Result(output.into()),
                Err(failed) => Mock::Error(Failure::new(&failed.error, &failed.cause)),
            }),
            () = self.ticks.sleep_until(Some(until)) => {
                Ok(Mock::Error(Failure { error: Some(TIMEOUT.into()), cause: None }))
            }
        }
    }
}

fn said_of(unfit: Unfit) -> &'static str {
    match unfit {
        Unfit::TooManyFailed => {
            "Map iteration failure count must be less than or equal to the number of Map iterations"
        }
        Unfit::OtherLength => "Input array does not equal the mocked result array's size",
    }
}

/// Reads the state that is to be tried.
pub(crate) fn read(text: &str, name: Option<&str>) -> Result<(Definition, StateId), Error> {
    let refused = |problems: Vec<Problem>| Error::InvalidDefinition(problems);
    let Some(name) = name else {
        let definition = Definition::parse_state(text).map_err(refused)?;
        let state = definition.start();
        return Ok((definition, state));
    };
    let definition = Definition::parse(text).map_err(refused)?;
    let state =
        definition.named(name).ok_or_else(|| Error::Invalid("State not found in definition".into()))?;
    Ok((definition, state))
}
