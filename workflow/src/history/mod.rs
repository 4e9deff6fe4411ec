//! The history of an execution: the events as they are stored. [`encode`] and [`decode`] turn the events of one
//! commit into one row; [`Event::public`] renders what GetExecutionHistory shows. What an event means is written in
//! [`crate::execution`].

use crate::{Millis, StateId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The format of a row. An execution pins it, so that an old history keeps its meaning.
pub const FORMAT: u16 = 1;

/// One event. Step Functions' history event with the fields that GetExecutionHistory leaves out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Gapless from 1; 0 for a private event, which takes no number.
    pub id: u32,
    /// The event before it in the same branch; 0 for the first two.
    pub previous: u32,
    pub at: Millis,
    /// The branch it belongs to: 0 is the execution itself, each Parallel branch and Map iteration has its own.
    pub frame: u32,
    pub detail: Detail,
}

/// A payload is stored once; an event that carries the same text says where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Payload {
    /// The text itself (JSON).
    Inline(Arc<str>),
    /// What flows through the branch at this point: the input of its current state.
    Data,
    /// The last result of the state's task.
    Result,
    /// The outputs of all branches or iterations, as one array.
    Gathered,
    /// The item of the Map with this index.
    Item(u32),
}

/// Which family of events a task speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Family {
    Lambda,
    Activity,
    Service,
}

/// The type of a state, as its entered and exited events name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StateKind {
    Pass,
    Task,
    Choice,
    Wait,
    Succeed,
    Fail,
    Parallel,
    Map,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub error: Option<Arc<str>>,
    pub cause: Option<Arc<str>>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Detail {
    ExecutionStarted {
        input: Arc<str>,
        start: StateId,
        timeout: Option<u32>,
    },
    ExecutionSucceeded,
    ExecutionFailed(Failure),
    ExecutionTimedOut(Failure),
    ExecutionAborted(Failure),
    /// The input is what flows through the branch.
    StateEntered {
        state: StateId,
        kind: StateKind,
    },
    /// Without `next` the branch has come to its end.
    StateExited {
        state: StateId,
        kind: StateKind,
        output: Payload,
        next: Option<StateId>,
    },
    /// A task, activity or function was scheduled; the token is drawn for activities and callbacks.
    TaskScheduled {
        family: Family,
        input: Payload,
        timeout: Option<u32>,
        heartbeat: Option<u32>,
        token: Option<Token>,
        /// The result of a callback comes from outside and not from the one who ran the task.
        callback: bool,
    },
    TaskStarted {
        worker: Option<Arc<str>>,
    },
    TaskSubmitted {
        output: Payload,
    },
    TaskSucceeded {
        output: Payload,
    },
    TaskFailed(Failure),
    TaskTimedOut(Failure),
    WaitStarted {
        until: Millis,
    },
    ParallelStarted {
        first: u32,
        starts: Vec<StateId>,
        input: Payload,
    },
    ParallelSucceeded,
    ParallelFailed,
    MapStarted {
        items: Payload,
        length: u32,
        concurrency: u32,
    },
    IterationStarted {
        index: u32,
        frame: u32,
        input: Payload,
        start: StateId,
    },
    IterationSucceeded {
        index: u32,
    },
    IterationFailed {
        index: u32,
    },
    IterationAborted {
        index: u32,
    },
    MapSucceeded,
    MapFailed,
    /// Private: the retrier with this index waits until `due`; `draw` is the jitter's random number.
    RetryScheduled {
        retrier: u16,
        due: Millis,
        draw: u64,
        failure: Failure,
    },
    /// Private: the task was given out again after a restart.
    Redispatched,
    /// Private: the worker lives.
    Heartbeat,
}

/// Names one scheduled try to the outside; drawn from the tick's seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Token(pub [u8; 16]);

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A stored row that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    #[error("a history row has the unknown format {0}")]
    Format(u16),
    #[error("a history row cannot be read: {0}")]
    Row(#[from] postcard::Error),
}

/// Appends the events of one commit to `out` as one row.
pub fn encode(events: &[Event], out: &mut Vec<u8>) {
    out.extend_from_slice(&FORMAT.to_le_bytes());
    out.extend(postcard::to_stdvec(events).expect("events hold nothing that postcard cannot write"));
}

/// The events of one row.
pub fn decode(row: &[u8]) -> Result<Vec<Event>, Damaged> {
    let (format, rest) = row.split_first_chunk::<2>().ok_or(postcard::Error::DeserializeUnexpectedEnd)?;
    match u16::from_le_bytes(*format) {
        FORMAT => Ok(postcard::from_bytes(rest)?),
        other => Err(Damaged::Format(other)),
    }
}

impl Event {
    /// What GetExecutionHistory shows, `None` for a private event. `before` is the execution just before this event:
    /// fold the history and render each event before applying it.
    pub fn public(
        &self,
        _definition: &crate::Definition,
        _before: &crate::Execution,
    ) -> Option<serde_json::Value> {
        (self.id > 0).then(|| serde_json::json!({ "id": self.id, "previousEventId": self.previous }))
    }
}
