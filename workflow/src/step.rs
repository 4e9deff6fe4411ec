//! What happens next.

use crate::{Definition, Event, Execution, Millis, TaskKey};
use std::sync::Arc;

/// The time and the randomness of one step; both end up in its events.
#[derive(Debug, Clone, Copy)]
pub struct Tick {
    pub now: Millis,
    pub seed: u64,
}

/// What came from outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    Start {
        input: Arc<str>,
    },
    /// Go on where the last step stopped for its length.
    Continue,
    /// Do whatever is due.
    Time,
    /// The task is given out again after a restart (not sent for the first time: scheduling dispatches).
    Redispatched {
        key: TaskKey,
    },
    /// A worker took the activity.
    TaskStarted {
        key: TaskKey,
        worker: Option<Arc<str>>,
    },
    /// A call that awaits a callback was accepted by the service, which answered this.
    TaskSubmitted {
        key: TaskKey,
        output: Arc<str>,
    },
    TaskSucceeded {
        key: TaskKey,
        output: Arc<str>,
    },
    TaskFailed {
        key: TaskKey,
        error: Arc<str>,
        cause: Option<Arc<str>>,
    },
    Heartbeat {
        key: TaskKey,
    },
    Stop {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
}

/// Why an input changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the execution is closed")]
    Closed,
    #[error("the execution was started already")]
    AlreadyStarted,
    #[error("the execution was not started yet")]
    NotStarted,
    /// The key was awaited once, and something else came first.
    #[error("the task has a result already or is timed out")]
    TaskTimedOut,
    /// The key never was.
    #[error("there is no such task")]
    TaskDoesNotExist,
    /// The result is not JSON.
    #[error("the output is not JSON")]
    InvalidOutput,
}

/// Decides what follows from `input`; the events are one atomic append and apply to `execution` in their order.
/// An empty list means that nothing was to be done (`Time` before anything is due).
pub fn step(
    _definition: &Definition,
    _execution: &Execution,
    _input: Input,
    _tick: Tick,
) -> Result<Vec<Event>, Refused> {
    Ok(Vec::new())
}
