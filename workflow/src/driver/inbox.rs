//! What reaches the loop from outside, and how it answers: only when what it did is durable.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::Error;
use super::pollers::Poller;
use crate::errors::RUNTIME;
use crate::history::{Limits, RunId, Token};
use crate::journal::{ExecutionId, ItemsOf};
use crate::{Execution, Input, Millis, Refused, StateId, TaskKey};

/// Commands that may wait. Past it a start is refused; whoever ends work that runs already waits for room.
pub(super) const QUEUE: usize = 4096;

pub(super) enum Command {
    Start {
        start: Start,
        answer: Answer,
    },
    /// To an execution by its id.
    Deliver {
        to: ExecutionId,
        input: Input,
        answer: Answer,
    },
    /// To whatever awaits this token.
    Complete {
        token: Token,
        completion: Completion,
        guard: Guard,
        answer: Answer,
    },
    /// A worker asks for work.
    Poll {
        activity: String,
        poller: Poller,
    },
    /// Tells when the execution has closed; at once when it is not running.
    Watch {
        execution: ExecutionId,
        closed: oneshot::Sender<()>,
    },
    /// What a map run may do has changed.
    Limit {
        run: RunId,
        limits: Limits,
    },
    /// Stop taking in; end when nothing runs any more, or at this time.
    Shutdown {
        until: Millis,
        done: oneshot::Sender<()>,
    },
}

pub(super) struct Start {
    pub(super) revision: crate::journal::RevisionId,
    pub(super) name: String,
    pub(super) origin: crate::journal::Origin,
    pub(super) input: Arc<str>,
    /// The test case whose mocks answer its tasks.
    pub(super) test_case: Option<Arc<str>>,
    /// When it is the child of a map run.
    pub(super) item: Option<ItemStart>,
    /// Who starts it and waits for its end: is sent the execution when that is durable.
    pub(super) end: Option<oneshot::Sender<Execution>>,
}

/// Which part of a map run is started.
pub(super) struct ItemStart {
    pub(super) map: StateId,
    pub(super) run: RunId,
    pub(super) label: String,
    pub(super) items: ItemsOf,
}

pub(super) enum Completion {
    Succeeded { output: Arc<str> },
    Failed { error: Option<Arc<str>>, cause: Option<Arc<str>> },
    Heartbeat,
}

impl Completion {
    pub(super) fn of(self, key: TaskKey) -> Input {
        match self {
            Self::Succeeded { output } => Input::TaskSucceeded { key, output },
            Self::Failed { error, cause } => Input::TaskFailed { key, error, cause },
            Self::Heartbeat => Input::Heartbeat { key },
        }
    }
}

/// The machines and activities, by name, that whoever sent a command may only look at.
#[derive(Clone, Default)]
pub(super) struct Guard {
    read_only: Option<Arc<[String]>>,
}

impl Guard {
    pub(super) fn over(machines: impl IntoIterator<Item = String>) -> Self {
        Self { read_only: Some(machines.into_iter().collect()) }
    }

    pub(super) fn check(&self, machine: &str) -> Result<(), Error> {
        match &self.read_only {
            Some(names) if names.iter().any(|name| name == machine) => {
                Err(Error::ReadOnly(machine.to_owned()))
            }
            _ => Ok(()),
        }
    }
}

/// Work handed to a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityTask {
    pub token: String,
    pub input: Arc<str>,
    /// The state machine whose task it is.
    pub machine: String,
    /// Which try of its state it is, counted from 1.
    pub attempt: u32,
}

/// Who waits for an input to become durable.
pub(super) enum Answer {
    Nobody,
    /// Learns at what time the input was taken.
    Caller(oneshot::Sender<Result<Millis, Error>>),
    /// Gets the task, once it is durable that it has it.
    Worker(oneshot::Sender<Result<Option<ActivityTask>, Error>>, ActivityTask),
    /// The result of work done in the process: it is not lost when a commit fails, but given in again.
    Again(Input),
}

impl Answer {
    /// Gives the answer. What is left is an input that has to be given in after it: a result whose commit failed, or
    /// the failure of a task whose result was no result.
    pub(super) fn give(self, outcome: Result<Millis, Error>) -> Option<Input> {
        // Whoever asked may have gone; what was done stands all the same.
        match self {
            Self::Nobody => {}
            Self::Caller(caller) => drop(caller.send(outcome)),
            Self::Worker(worker, task) => drop(worker.send(outcome.map(|_| Some(task)))),
            Self::Again(input) => return again(input, outcome.err()?),
        }
        None
    }
}

fn again(input: Input, error: Error) -> Option<Input> {
    match (error, input) {
        (Error::Journal(_), input) => Some(input),
        (
            Error::Refused(Refused::NotJson),
            Input::TaskSucceeded { key, .. } | Input::TaskSubmitted { key, .. },
        ) => {
            let cause = Some("The task's output is not JSON.".into());
            Some(Input::TaskFailed { key, error: Some(RUNTIME.into()), cause })
        }
        _ => None,
    }
}

/// An input on its way into `step`.
pub(super) struct Arrival {
    pub(super) input: Input,
    pub(super) answer: Answer,
}

impl Arrival {
    pub(super) fn unasked(input: Input) -> Self {
        Self { input, answer: Answer::Nobody }
    }

    /// The result of a task in the process.
    pub(super) fn of_task(input: Input) -> Self {
        Self { answer: Answer::Again(input.clone()), input }
    }
}

/// Lets a task in the process say that it lives.
#[derive(Clone)]
pub struct HeartbeatHandle {
    pub(super) commands: mpsc::WeakSender<Command>,
    pub(super) execution: ExecutionId,
    pub(super) key: TaskKey,
}

impl HeartbeatHandle {
    /// Records a sign of life. An error means that nobody waits for the result any more.
    pub async fn beat(&self) -> Result<(), Error> {
        deliver(&self.commands, self.execution, Input::Heartbeat { key: self.key }).await
    }
}

/// Lets a task in the process say that its work begins now, after it has waited for its turn.
///
/// The first dispatch is recorded when the task is scheduled. One after a restart is recorded here: a task that takes the
/// process with it time and again is given up in the end, and one that was still waiting each time is not.
#[derive(Clone)]
pub struct Begin {
    pub(super) commands: mpsc::WeakSender<Command>,
    pub(super) execution: ExecutionId,
    pub(super) key: TaskKey,
    pub(super) again: bool,
}

impl Begin {
    /// Whether the task was given out before, by an engine that is no more: what it was to do may be done already.
    pub(crate) fn is_again(&self) -> bool {
        self.again
    }

    /// Returns once the beginning is durable. An error means that nobody waits for the result any more.
    pub async fn begin(&self) -> Result<(), Error> {
        if !self.again {
            return Ok(());
        }
        deliver(&self.commands, self.execution, Input::Redispatched { key: self.key }).await
    }
}

/// Lets a task in the process say that a service has taken its call, whose end it goes on to wait for.
#[derive(Clone)]
pub struct Submit {
    pub(super) commands: mpsc::WeakSender<Command>,
    pub(super) execution: ExecutionId,
    pub(super) key: TaskKey,
    pub(super) done: bool,
}

impl Submit {
    /// Returns once it is durable; at once when it was said before, by this process or by one before it. An error means
    /// that nobody waits for the result any more.
    pub async fn submitted(&self, output: String) -> Result<(), Error> {
        if self.done {
            return Ok(());
        }
        deliver(&self.commands, self.execution, Input::TaskSubmitted { key: self.key, output: output.into() })
            .await
    }
}

async fn deliver(commands: &mpsc::WeakSender<Command>, to: ExecutionId, input: Input) -> Result<(), Error> {
    let (answer, answered) = oneshot::channel();
    let commands = commands.upgrade().ok_or(Error::Closed)?;
    let command = Command::Deliver { to, input, answer: Answer::Caller(answer) };
    commands.send(command).await.map_err(|_| Error::Closed)?;
    drop(commands);
    answered.await.map_err(|_| Error::Closed)?.map(|_| ())
}
