//! One execution: the fold of its events.

use crate::history::{Event, Failure, Token};
use crate::{Millis, StateId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is known of an execution before its first event; the context object shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub execution_arn: String,
    pub execution_name: String,
    pub state_machine_arn: String,
    pub state_machine_name: String,
    pub role_arn: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

/// Names one try of one entry into a state, for as long as the execution lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskKey {
    pub frame: u32,
    /// The id of the event that entered the state.
    pub entered: u32,
    /// Counted from 1.
    pub attempt: u32,
}

/// What the edge still owes. Never stored: it follows from the events.
#[derive(Debug, Clone, PartialEq)]
pub enum Pending<'a> {
    /// Run the task in the process or call the service; `Definition::resource(state)` names it.
    RunTask {
        key: TaskKey,
        state: StateId,
        input: &'a str,
        token: Option<Token>,
        timeout: Option<u32>,
        heartbeat: Option<u32>,
        dispatches: u32,
    },
    /// Offer it to whoever polls the activity.
    Activity { key: TaskKey, state: StateId, input: &'a str, token: Token },
    /// Somebody holds the token and is to come back with it; nothing to do but to know the token.
    Callback { key: TaskKey, token: Token },
    /// Give `Input::Time` at this instant.
    WakeAt { at: Millis },
    /// Give `Input::Continue`.
    Continue,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {id} cannot follow here: {reason}")]
pub struct IllegalEvent {
    pub id: u32,
    pub reason: &'static str,
}

#[derive(Debug, Clone)]
pub struct Execution {
    facts: Arc<Facts>,
    status: Status,
    output: Option<Arc<str>>,
    failure: Option<Failure>,
}

impl Execution {
    pub fn new(facts: Arc<Facts>) -> Execution {
        Execution { facts, status: Status::Running, output: None, failure: None }
    }

    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Folds one event in; nothing is changed when it cannot follow.
    pub fn apply(&mut self, _event: &Event) -> Result<(), IllegalEvent> {
        Ok(())
    }

    /// Everything the edge owes now.
    pub fn pending(&self) -> impl Iterator<Item = Pending<'_>> {
        std::iter::empty()
    }

    /// What one try owes, `None` when its result is no longer awaited.
    pub fn pending_task(&self, _key: TaskKey) -> Option<Pending<'_>> {
        None
    }

    /// The earliest instant at which `Input::Time` has something to do.
    pub fn next_due(&self) -> Option<Millis> {
        None
    }

    /// Whether `Input::Continue` has something to do.
    pub fn must_continue(&self) -> bool {
        false
    }

    /// The try that this token was drawn for, while its result is awaited.
    pub fn key_of(&self, _token: Token) -> Option<TaskKey> {
        None
    }

    pub fn status(&self) -> Status {
        self.status
    }

    pub fn output(&self) -> Option<&Arc<str>> {
        self.output.as_ref()
    }

    /// Error and cause, when it failed, timed out or was stopped.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    pub fn started_at(&self) -> Option<Millis> {
        None
    }

    pub fn stopped_at(&self) -> Option<Millis> {
        None
    }

    /// Number of visible events: the id of the last.
    pub fn length(&self) -> u32 {
        0
    }
}
