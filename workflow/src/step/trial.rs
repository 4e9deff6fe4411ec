//! A trial: one state of a definition, run alone. This is what TestState stands on. It is carried out by the very steps of an
//! execution ([`Machine`]); only what would run inside the state or be called by it is mocked, or left to the caller.

use super::Tick;
use super::inspection::Inspection;
use super::machine::{Exit, Machine, Outcome};
use crate::data::{MAX_NESTING, nesting};
use crate::definition::Resource;
use crate::errors::RUNTIME;
use crate::execution::Status;
use crate::history::{Detail, Failure};
use crate::state::Body;
use crate::state::map::Map;
use crate::state::map::distributed::Distributed;
use crate::state::task::Task;
use crate::{Definition, Event, Execution, Facts, StateId};
use serde::de::IgnoredAny;
use serde_json::Value;
use std::sync::Arc;

/// What a trial is given. Texts are JSON, and checked by whoever takes them from outside.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    pub input: Arc<str>,
    /// Names and JSON texts.
    pub variables: Vec<(Arc<str>, Arc<str>)>,
    /// Takes the place of the context object.
    pub context: Option<Value>,
    /// What comes of the call that a Task makes, or of what runs inside a Parallel or a Map.
    pub mock: Option<Mock>,
    pub facts: Facts,
    /// How often the retrier that meets the error was used already.
    pub retries: u32,
    /// How many items of a distributed Map have failed.
    pub failed_items: u32,
    /// What its ItemReader has read, in the form in which it lies there.
    pub read: Option<Arc<str>>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Mock {
    /// JSON text.
    Result(Arc<str>),
    Error(Failure),
}

/// What became of a trial.
#[derive(Debug, Clone, PartialEq)]
pub enum Tried {
    Ended(Box<Report>),
    /// The Task calls this with this input (JSON text): try again with what came of it as the mock.
    Calls {
        resource: Resource,
        input: Arc<str>,
        inspection: Box<Inspection>,
    },
    /// What a Parallel or a Map does inside cannot be tried without a mock.
    NeedsMock,
    /// A Map that runs so often cannot come to what is said of it.
    Unfit(Unfit),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// More of its runs have failed than there are.
    TooManyFailed,
    /// Its result is not one value of each run.
    OtherLength,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub status: TrialStatus,
    pub output: Option<Arc<str>>,
    pub failure: Option<Failure>,
    /// Name of the state that follows.
    pub next: Option<String>,
    pub inspection: Inspection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrialStatus {
    Succeeded,
    Failed,
    Retriable,
    CaughtError,
}

/// What a machine knows of the trial that it carries out.
#[derive(Debug, Default)]
pub(crate) struct OnTrial {
    pub(crate) context: Option<Value>,
    pub(crate) retries: u32,
    pub(crate) failed_items: u32,
    pub(crate) read: Option<Arc<str>>,
    pub(crate) inspection: Inspection,
}

/// Runs one state alone.
pub fn try_state(definition: &Definition, state: StateId, trial: &Trial, tick: Tick) -> Tried {
    let execution = Execution::new(Arc::new(trial.facts.clone()));
    let mut machine = Machine::new(definition, &execution, tick);
    machine.on_trial(OnTrial {
        context: trial.context.clone(),
        retries: trial.retries,
        failed_items: trial.failed_items,
        read: trial.read.clone(),
        inspection: Inspection { input: Some(trial.input.clone()), ..Inspection::default() },
    });
    let begun = machine.begin_trial(state, trial);
    let halted = match begun {
        Ok(()) => machine.continue_trial(trial),
        Err(exit) => Err(exit),
    };
    if machine.inspection().iterations.is_some_and(|iterations| trial.failed_items as usize > iterations) {
        return Tried::Unfit(Unfit::TooManyFailed);
    }
    match halted {
        Ok(Some(unfinished)) => unfinished,
        Ok(None) | Err(_) => Tried::Ended(Box::new(machine.report())),
    }
}

const BRANCH: u32 = 0;

impl Machine<'_> {
    fn begin_trial(&mut self, state: StateId, trial: &Trial) -> Outcome {
        if nesting(&trial.input) > MAX_NESTING {
            let cause = format!("The input nests deeper than {MAX_NESTING} levels.");
            return self.emit(BRANCH, Detail::ExecutionFailed(Failure::new(RUNTIME, &cause)));
        }
        self.emit(
            BRANCH,
            Detail::ExecutionStarted { input: trial.input.clone(), start: state, timeout: None },
        )?;
        let kind = self.definition.state(state).ok_or(Exit::Closed)?.kind();
        self.emit(BRANCH, Detail::StateEntered { state, kind })?;
        if !trial.variables.is_empty() {
            self.emit(BRANCH, Detail::Assigned { variables: trial.variables.clone() })?;
        }
        self.guard(BRANCH, |state, machine| state.act(machine, BRANCH))
    }

    /// Goes on from where the state waits for something: `Some` when the caller must give it.
    fn continue_trial(&mut self, trial: &Trial) -> Result<Option<Tried>, Exit> {
        if self.is_over() {
            return Ok(None);
        }
        let state = self.state(BRANCH)?;
        match (&state.body, &trial.mock) {
            (Body::Task(task), None) => {
                let input = self.execution().task_input(BRANCH).ok_or(Exit::Closed)?;
                let inspection = Box::new(self.inspection());
                return Ok(Some(Tried::Calls { resource: task.resource.clone(), input, inspection }));
            }
            (Body::Parallel(_) | Body::Map(_), None) => return Ok(Some(Tried::NeedsMock)),
            (Body::Task(_), Some(Mock::Result(output))) => {
                self.in_task(BRANCH, |task, state, machine| {
                    task.succeeded(state, machine, BRANCH, output.clone())
                })?;
            }
            (Body::Task(_), Some(Mock::Error(failure))) => {
                let failure = failure.clone().bounded();
                self.in_task(BRANCH, |_, _, machine| Task::failed(machine, BRANCH, failure))?;
            }
            (Body::Map(map), Some(Mock::Result(output))) if !self.is_of_each_run(map, output) => {
                return Ok(Some(Tried::Unfit(Unfit::OtherLength)));
            }
            (Body::Parallel(_) | Body::Map(_), Some(Mock::Result(output))) => {
                self.guard(BRANCH, |state, machine| state.complete_mocked(machine, BRANCH, output))?;
            }
            (Body::Parallel(_) | Body::Map(_), Some(Mock::Error(failure))) => {
                let failure = failure.clone().bounded();
                self.guard(BRANCH, |_, _| Err(Exit::Failed(failure)))?;
            }
            _ => self.guard(BRANCH, |state, machine| state.wake(machine, BRANCH))?,
        }
        Ok(None)
    }

    /// Whether this is an array with a value of each run. Where the results are written elsewhere, nobody can tell.
    fn is_of_each_run(&self, map: &Map, output: &str) -> bool {
        let is_written = map.distributed().is_some_and(Distributed::writes);
        let Some(iterations) = self.inspection().iterations.filter(|_| !is_written) else { return true };
        serde_json::from_str::<Vec<IgnoredAny>>(output).is_ok_and(|results| results.len() == iterations)
    }

    /// The state was left, will be tried again, or has failed.
    fn is_over(&self) -> bool {
        self.execution().status() != Status::Running
            || self.events().iter().any(|event| {
                matches!(event.detail, Detail::StateExited { .. } | Detail::RetryScheduled { .. })
            })
    }

    /// What the events say became of the state.
    fn report(&self) -> Report {
        let last = |found: fn(&Event) -> bool| self.events().iter().rev().find(|event| found(event));
        let exit = last(|event| matches!(event.detail, Detail::StateExited { .. }));
        let failed = last(|event| matches!(event.detail, Detail::ExecutionFailed(_)));
        let failure = match failed.map(|event| &event.detail) {
            Some(Detail::ExecutionFailed(failure)) => Some(failure.clone()),
            _ => self.inspection().failure,
        };
        let next = match exit.map(|event| &event.detail) {
            Some(Detail::StateExited { next, .. }) => next.map(|next| self.definition.name(next).to_owned()),
            _ => None,
        };
        let status = match (failed, exit, &failure) {
            (Some(_), ..) => TrialStatus::Failed,
            (None, Some(_), None) => TrialStatus::Succeeded,
            (None, Some(_), Some(_)) => TrialStatus::CaughtError,
            (None, None, _) => TrialStatus::Retriable,
        };
        let output = exit.and_then(|_| self.execution().frame(BRANCH)).map(|frame| frame.data.clone());
        let mut inspection = self.inspection();
        inspection.variables = self.variables();
        Report { status, output, failure, next, inspection }
    }

    /// All variables as they stand now, when there are any.
    fn variables(&self) -> Option<Value> {
        let variables = self.execution().frame(BRANCH)?.variables.iter();
        let shown: serde_json::Map<String, Value> = variables
            .map(|(name, text)| (name.to_string(), serde_json::from_str(text).unwrap_or(Value::Null)))
            .collect();
        (!shown.is_empty()).then(|| shown.into())
    }
}
