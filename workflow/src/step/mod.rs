//! What happens next: an input and the execution as it stands give the events that follow. [`machine`] carries a step
//! out; what a state does is in `state/`; what the items of a map run become is in [`items`].

pub(crate) mod evaluate;
mod failing;
pub(crate) mod inspection;
mod items;
pub(crate) mod machine;
pub(crate) mod trial;

pub use inspection::{ErrorDetails, Inspection};
pub use trial::{Mock, Report, Trial, TrialStatus, Tried, Unfit, try_state};

pub(crate) use items::item_inputs;

use crate::data;
use crate::errors::{HEARTBEAT_TIMEOUT, TIMEOUT};
use crate::execution::{Pending, Status};
use crate::history::{Detail, Failure};
use crate::state::Body;
use crate::state::map::distributed::Distributed;
use crate::state::task::Task;
use crate::{Definition, Event, Execution, Millis, StateId, TaskKey};
use machine::{Exit, Machine, Outcome};
use std::sync::Arc;

/// A task that was given out this often and never came back is given up: it may be what kills the server.
const MAX_DISPATCHES: u32 = 3;
/// Seconds that an execution may take, with all its redrives: a year, as on AWS.
pub(crate) const LONGEST: u32 = 365 * 24 * 60 * 60;
/// The error of a task that is given up.
pub const WORKER_LOST: &str = "WorkerLost";

/// The time and the randomness of one step; what comes of both ends up in its events. Task tokens are drawn from the
/// seed, so that it must come from a generator nobody can guess.
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
    /// Start as the child of a map run: inside this Map.
    StartItem {
        map: StateId,
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
    /// The engine stops in order and takes back the task it gave out; it will be given out again by the next one.
    Withdrawn {
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
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    /// A call whose end would have come later was refused by the service; one that it had taken, failed.
    TaskSubmitFailed {
        key: TaskKey,
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    Heartbeat {
        key: TaskKey,
    },
    /// The execution is a test: the mocks of this case answer its tasks. Given with the start, in the same append.
    Mocked {
        test_case: Arc<str>,
    },
    MapRunEnded {
        key: TaskKey,
        end: RunEnd,
    },
    Stop {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    /// Go on with an execution that has ended without success.
    Redrive {
        token: Option<Arc<str>>,
    },
}

/// The events that an execution may have and still be redriven: there must be room for that and for one more.
pub(crate) const MAX_REDRIVABLE: u32 = machine::MAX_HISTORY - 2;
/// How a map run came to its end.
#[derive(Debug, Clone, PartialEq)]
pub enum RunEnd {
    /// With the output of the state; `None` when it is larger than a state's may be.
    Succeeded(Option<Arc<str>>),
    Failed(Failure),
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
    #[error("the execution cannot be redriven")]
    NotRedrivable,
    /// The key was awaited once, and something else came first.
    #[error("the task has a result already or is timed out")]
    TaskTimedOut,
    /// The key never was.
    #[error("there is no such task")]
    TaskDoesNotExist,
    #[error("the input or output is not JSON, or nests too deep")]
    NotJson,
}

/// What follows from an input.
#[derive(Debug, Clone, PartialEq)]
pub struct Stepped {
    /// One atomic append. Empty when nothing was to be done (`Time` before anything is due).
    pub events: Vec<Event>,
    /// The execution with these events applied.
    pub execution: Execution,
}

/// Decides what follows from `input`; the events apply to `execution` in their order.
pub fn step(
    definition: &Definition,
    execution: &Execution,
    input: Input,
    tick: Tick,
) -> Result<Stepped, Refused> {
    check(execution, &input)?;
    let mut machine = Machine::new(definition, execution, tick);
    let key = |key: TaskKey| await_key(execution, key).map(|()| key.frame);
    let halted = match input {
        Input::Start { input } => machine.start(&input),
        Input::StartItem { map, input } => machine.start_item(map, &input),
        Input::Continue => Ok(()),
        Input::Time => machine.fire(),
        Input::Stop { error, cause } => {
            machine.emit_after(0, 0, Detail::ExecutionAborted(Failure { error, cause }.bounded()))
        }
        Input::Redrive { token } => machine.redrive(token),
        Input::Redispatched { key: task } => match (key(task)?, execution.pending_task(task)) {
            (frame, Some(Pending::RunTask { .. })) => machine.redispatch(frame),
            // Whoever holds the token of an activity or a callback is not gone with this process.
            _ => return Err(Refused::TaskTimedOut),
        },
        Input::Withdrawn { key: task } => match (key(task)?, execution.pending_task(task)) {
            (frame, Some(Pending::RunTask { dispatches: 1.., .. })) => machine.emit(frame, Detail::Withdrawn),
            _ => return Err(Refused::TaskTimedOut),
        },
        Input::TaskStarted { key: task, worker } => {
            let frame = key(task)?;
            if execution.frame(frame).and_then(|frame| frame.task()).is_some_and(|task| task.started) {
                return Err(Refused::TaskTimedOut);
            }
            machine.emit(frame, Detail::TaskStarted { worker })
        }
        Input::TaskSubmitted { key: task, output } => machine.submit(key(task)?, output),
        Input::TaskSucceeded { key: task, output } => {
            let frame = key(task)?;
            machine.in_task(frame, |task, state, machine| task.succeeded(state, machine, frame, output))
        }
        Input::TaskFailed { key: task, error, cause } => {
            let frame = key(task)?;
            machine.in_task(frame, |_, _, machine| {
                Task::failed(machine, frame, Failure { error, cause }.bounded())
            })
        }
        Input::TaskSubmitFailed { key: task, error, cause } => {
            let frame = key(task)?;
            let failure = Failure { error, cause }.bounded();
            let submitted =
                execution.frame(frame).and_then(|frame| frame.task()).is_some_and(|task| task.submitted);
            machine.in_task(frame, |_, _, machine| {
                if submitted {
                    Task::failed(machine, frame, failure)
                } else {
                    Task::not_submitted(machine, frame, failure)
                }
            })
        }
        Input::Mocked { test_case } => machine.emit(0, Detail::Mocked { test_case }),
        Input::Heartbeat { key: task } => machine.emit(key(task)?, Detail::Heartbeat),
        Input::MapRunEnded { key, end } => {
            let Some(Pending::MapRun { .. }) = execution.pending_task(key) else {
                return Err(Refused::TaskDoesNotExist);
            };
            machine.guard(key.frame, |state, machine| Distributed::ended(state, machine, key.frame, end))
        }
    };
    if !matches!(halted, Err(Exit::Closed)) {
        machine.run();
    }
    Ok(machine.into_stepped())
}

fn check(execution: &Execution, input: &Input) -> Result<(), Refused> {
    if matches!(input, Input::Redrive { .. }) {
        let room = execution.length() <= MAX_REDRIVABLE;
        return if execution.has_failed() && room { Ok(()) } else { Err(Refused::NotRedrivable) };
    }
    if execution.status() != Status::Running {
        return Err(Refused::Closed);
    }
    match (execution.started_at().is_some(), input) {
        (true, Input::Start { .. } | Input::StartItem { .. }) => return Err(Refused::AlreadyStarted),
        (false, Input::Start { .. } | Input::StartItem { .. }) | (true, _) => {}
        (false, _) => return Err(Refused::NotStarted),
    }
    match input {
        Input::Start { input: text }
        | Input::StartItem { input: text, .. }
        | Input::TaskSucceeded { output: text, .. }
        | Input::TaskSubmitted { output: text, .. } => data::check(text).map_err(|_| Refused::NotJson),
        _ => Ok(()),
    }
}

/// The first durable result of a key wins; whoever comes later is told so.
fn await_key(execution: &Execution, key: TaskKey) -> Result<(), Refused> {
    match execution.pending_task(key) {
        // Nobody but the driver ends a map run.
        Some(Pending::MapRun { .. }) => return Err(Refused::TaskDoesNotExist),
        Some(_) => return Ok(()),
        None => {}
    }
    if key.frame < execution.next_frame() && key.entered <= execution.length() && key.attempt > 0 {
        Err(Refused::TaskTimedOut)
    } else {
        Err(Refused::TaskDoesNotExist)
    }
}

impl Machine<'_> {
    fn start(&mut self, input: &Arc<str>) -> Outcome {
        let (start, timeout) = (self.definition.start, self.definition.timeout);
        self.emit(0, Detail::ExecutionStarted { input: input.clone(), start, timeout })
    }

    /// What had not succeeded is due at once.
    fn redrive(&mut self, token: Option<Arc<str>>) -> Outcome {
        let last = self.execution().length();
        let timeout = self.definition.timeout.map(|timeout| timeout.min(self.left()));
        self.emit_after(last, 0, Detail::ExecutionRedriven { timeout, token })?;
        self.fire()
    }

    /// How many seconds are left of the longest time that an execution may take.
    fn left(&self) -> u32 {
        let taken = self.now() - self.execution().started_at().unwrap_or_else(|| self.now());
        LONGEST.saturating_sub(u32::try_from(taken / 1000).unwrap_or(LONGEST))
    }

    fn start_item(&mut self, map: StateId, input: &Arc<str>) -> Outcome {
        let Some(Body::Map(map)) = self.definition.state(map).map(|state| &state.body) else {
            return Err(Exit::Closed);
        };
        let timeout = map.distributed().and_then(Distributed::seconds);
        self.emit(0, Detail::ExecutionStarted { input: input.clone(), start: map.start(), timeout })
    }

    /// Everything that is due, in the order of the instants, as far as a step may go.
    fn fire(&mut self) -> Outcome {
        if self.execution().timeout_at().is_some_and(|due| due <= self.now()) {
            let failure = Failure { error: Some(TIMEOUT.into()), cause: None };
            return self.emit_after(0, 0, Detail::ExecutionTimedOut(failure));
        }
        while let Some((due, frame)) = self.execution().first_due()
            && due <= self.now()
            && !self.is_long()
        {
            self.wake(frame)?;
        }
        Ok(())
    }

    fn wake(&mut self, frame: u32) -> Outcome {
        use crate::execution::frame::Phase;
        let task_due = match self.execution().frame(frame).map(|frame| &frame.phase) {
            Some(Phase::Task(task)) => Some(task.timeout_at.is_some_and(|due| due <= self.now())),
            Some(Phase::Retry(_)) => return self.guard(frame, |state, machine| state.act(machine, frame)),
            _ => None,
        };
        match task_due {
            None => self.guard(frame, |state, machine| state.wake(machine, frame)),
            Some(whole) => {
                let error = if whole { TIMEOUT } else { HEARTBEAT_TIMEOUT };
                self.in_task(frame, |_, _, machine| Task::timed_out(machine, frame, error))
            }
        }
    }

    fn redispatch(&mut self, frame: u32) -> Outcome {
        let dispatches =
            self.execution().frame(frame).and_then(|frame| frame.task()).map_or(0, |task| task.dispatches);
        if dispatches < MAX_DISPATCHES {
            return self.emit(frame, Detail::Redispatched);
        }
        let cause = format!("The task was given out {dispatches} times and never came back.");
        self.in_task(frame, |_, _, machine| Task::failed(machine, frame, Failure::new(WORKER_LOST, &cause)))
    }

    fn submit(&mut self, frame: u32, output: Arc<str>) -> Outcome {
        if self.execution().frame(frame).and_then(|frame| frame.task()).is_some_and(|task| task.submitted) {
            return Ok(()); // it was said before, and the answer was lost
        }
        self.emit(frame, Detail::TaskSubmitted { output: crate::history::Payload::Inline(output) })
    }
}
