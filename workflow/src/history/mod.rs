//! The history of an execution: the events as they are stored. [`encode`] and [`decode`] turn the events of one
//! commit into one row; [`Event::public`] renders what GetExecutionHistory shows. What an event means is written in
//! [`crate::execution`]; the rows are written in [`row`], the public form in [`public`]; what is kept of a map run is in
//! [`map_run`].

mod map_run;
mod public;
mod row;

pub use map_run::{Batch, Form, Limits, ManifestOf, Plan, RunId, Source, Transformation, Writer};
pub use row::{Damaged, FORMAT, decode, encode};

use crate::errors::EXCEED_TOLERATED_FAILURE_THRESHOLD;
use crate::{Millis, StateId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::EnumIter)]
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

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub error: Option<Arc<str>>,
    pub cause: Option<Arc<str>>,
}

/// The characters that an error and a cause have at most, as on AWS.
const MAX_ERROR: usize = 256;
const MAX_CAUSE: usize = 32 * 1024;

impl Failure {
    pub(crate) fn new(error: &str, cause: &str) -> Failure {
        Failure { error: Some(error.into()), cause: Some(cause.into()) }.bounded()
    }

    /// A map run had more failures than it tolerates.
    pub(crate) fn exceeded() -> Failure {
        let cause = "The specified tolerated failure threshold was exceeded";
        Failure::new(EXCEED_TOLERATED_FAILURE_THRESHOLD, cause)
    }

    /// A failure whose words are short enough to be stored with every event that carries it.
    pub(crate) fn bounded(self) -> Failure {
        let error = self.error.map(|error| cut(error, MAX_ERROR));
        Failure { error, cause: self.cause.map(|cause| cut(cause, MAX_CAUSE)) }
    }
}

fn cut(text: Arc<str>, most: usize) -> Arc<str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => text[..end].into(),
        None => text,
    }
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
    },
    /// Private: the task was given out again after a restart.
    Redispatched,
    /// Private: the worker lives.
    Heartbeat,
    /// Private: the task was taken back by an engine that stopped in order.
    Withdrawn,
    /// A call whose end would have come later was not taken by the service.
    TaskSubmitFailed(Failure),
    /// Private: tasks of the execution are answered by the mocks of this test case.
    Mocked {
        test_case: Arc<str>,
    },
    /// Private: variables of the branch get new values, and the state is left right after it.
    Assigned {
        variables: Vec<(Arc<str>, Arc<str>)>,
    },
    /// An expression of the state had no value, or none that fits; `location` is the field it stands in.
    EvaluationFailed {
        failure: Failure,
        location: Option<Arc<str>>,
    },
    /// Private: the task that is scheduled next takes on this role.
    RoleTaken {
        role: Arc<str>,
    },
    /// An execution that had ended without success goes on; the client may have named the request.
    ExecutionRedriven {
        timeout: Option<u32>,
        token: Option<Arc<str>>,
    },
    /// A distributed Map starts; its items are with its run. The length is 0 when they have to be read first.
    DistributedMapStarted {
        length: u32,
    },
    MapRunStarted {
        run: RunId,
        label: Arc<str>,
        /// How many there are, when that is known.
        items: Option<u32>,
        limits: Limits,
    },
    /// Private: by what the run works.
    MapRunPlanned(Box<Plan>),
    MapRunSucceeded {
        run: RunId,
        output: Payload,
    },
    MapRunFailed {
        run: RunId,
        failure: Failure,
    },
    /// A run that ended without success goes on; this is its redrive number `count`.
    MapRunRedriven {
        run: RunId,
        count: u32,
    },
    /// A branch stood in a state of this kind when what it runs in failed; that is the branch of this event.
    StateAborted {
        kind: StateKind,
    },
}

/// Names one scheduled try to the outside; drawn from the tick's seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Token(pub [u8; 16]);

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Detail {
    /// Private events take no number and are not shown.
    pub(crate) fn is_private(&self) -> bool {
        matches!(
            self,
            Detail::WaitStarted { .. }
                | Detail::RetryScheduled { .. }
                | Detail::Redispatched
                | Detail::Heartbeat
                | Detail::Withdrawn
                | Detail::Mocked { .. }
                | Detail::Assigned { .. }
                | Detail::RoleTaken { .. }
                | Detail::MapRunPlanned(_)
        )
    }

    /// It closes the execution.
    pub(crate) fn is_last(&self) -> bool {
        matches!(
            self,
            Detail::ExecutionSucceeded
                | Detail::ExecutionFailed(_)
                | Detail::ExecutionTimedOut(_)
                | Detail::ExecutionAborted(_)
        )
    }

    pub(crate) fn is_of_task(&self) -> bool {
        matches!(
            self,
            Detail::TaskScheduled { .. }
                | Detail::TaskStarted { .. }
                | Detail::TaskSubmitted { .. }
                | Detail::TaskSucceeded { .. }
                | Detail::TaskFailed(_)
                | Detail::TaskTimedOut(_)
                | Detail::TaskSubmitFailed(_)
                | Detail::Redispatched
                | Detail::Heartbeat
                | Detail::Withdrawn
        )
    }

    pub(crate) fn is_of_run(&self) -> bool {
        matches!(
            self,
            Detail::DistributedMapStarted { .. }
                | Detail::MapRunStarted { .. }
                | Detail::MapRunPlanned(_)
                | Detail::MapRunSucceeded { .. }
                | Detail::MapRunFailed { .. }
                | Detail::MapRunRedriven { .. }
        )
    }

    /// About how many bytes it takes in a row.
    pub(crate) fn size(&self) -> usize {
        let text = |payload: &Payload| match payload {
            Payload::Inline(text) => text.len(),
            _ => 0,
        };
        let failure = |failure: &Failure| {
            failure.error.as_ref().map_or(0, |e| e.len()) + failure.cause.as_ref().map_or(0, |c| c.len())
        };
        16 + match self {
            Detail::ExecutionStarted { input, .. } => input.len(),
            Detail::StateExited { output: payload, .. }
            | Detail::TaskScheduled { input: payload, .. }
            | Detail::TaskSubmitted { output: payload }
            | Detail::TaskSucceeded { output: payload }
            | Detail::ParallelStarted { input: payload, .. }
            | Detail::MapStarted { items: payload, .. }
            | Detail::IterationStarted { input: payload, .. }
            | Detail::MapRunSucceeded { output: payload, .. } => text(payload),
            Detail::MapRunPlanned(plan) => plan.size(),
            Detail::RoleTaken { role } => role.len(),
            Detail::Assigned { variables } => {
                variables.iter().map(|(name, value)| name.len() + value.len()).sum()
            }
            Detail::EvaluationFailed { failure: it, .. }
            | Detail::MapRunFailed { failure: it, .. }
            | Detail::ExecutionFailed(it)
            | Detail::ExecutionTimedOut(it)
            | Detail::ExecutionAborted(it)
            | Detail::TaskFailed(it)
            | Detail::TaskTimedOut(it)
            | Detail::TaskSubmitFailed(it) => failure(it),
            Detail::Mocked { test_case } => test_case.len(),
            Detail::ExecutionRedriven { token, .. } => token.as_ref().map_or(0, |token| token.len()),
            _ => 0,
        }
    }
}
