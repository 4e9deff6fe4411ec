//! What the edge still owes. It is never stored: it follows from the events, so that recovery has no code of its own.

use super::frame::{Frame, Phase, Task};
use super::{Execution, Status};
use crate::history::{Family, Plan, RunId, Token};
use crate::{Millis, StateId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Names one try of one entry into a state, for as long as the execution lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskKey {
    pub frame: u32,
    /// The id of the event that entered the state.
    pub entered: u32,
    /// Counted from 1.
    pub attempt: u32,
}

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
        /// Whether the service has taken the call already, and only its end is awaited.
        submitted: bool,
    },
    /// Offer it to whoever polls the activity.
    Activity { key: TaskKey, state: StateId, input: &'a str, token: Token },
    /// Somebody holds the token and is to come back with it; nothing to do but to know the token.
    Callback { key: TaskKey, token: Token },
    /// Let the run work; `items` is the array of its items when it stands in the history.
    MapRun {
        key: TaskKey,
        state: StateId,
        run: RunId,
        label: &'a Arc<str>,
        plan: &'a Plan,
        items: Option<&'a Arc<str>>,
    },
    /// Give `Input::Time` at this instant.
    WakeAt { at: Millis },
    /// Give `Input::Continue`.
    Continue,
}

impl Execution {
    /// Everything the edge owes now: tasks and map runs in the order of their branches, then when to wake, then whether
    /// to go on.
    pub fn pending(&self) -> impl Iterator<Item = Pending<'_>> {
        let tasks = self.awaiting.iter().filter_map(|&id| self.frame(id).and_then(|frame| owed(id, frame)));
        let wake = self.next_due().map(|at| Pending::WakeAt { at });
        tasks.chain(wake).chain(self.must_continue().then_some(Pending::Continue))
    }

    /// What one try owes, `None` when its result is no longer awaited.
    pub fn pending_task(&self, key: TaskKey) -> Option<Pending<'_>> {
        let frame = self.frame(key.frame).filter(|_| self.status == Status::Running)?;
        if frame.key(key.frame) == Some(key) { owed(key.frame, frame) } else { None }
    }

    /// The earliest instant at which `Input::Time` has something to do.
    pub fn next_due(&self) -> Option<Millis> {
        let timer = self.due.first().map(|(due, _)| *due);
        self.timeout_at.into_iter().chain(timer).min()
    }

    /// Whether `Input::Continue` has something to do.
    pub fn must_continue(&self) -> bool {
        self.status == Status::Running && !self.ready.is_empty()
    }

    /// The try that this token was drawn for, while its result is awaited.
    pub fn key_of(&self, token: Token) -> Option<TaskKey> {
        let id = *self.tokens.get(&token)?;
        self.frame(id)?.key(id)
    }
}

fn owed(id: u32, frame: &Frame) -> Option<Pending<'_>> {
    let (key, state) = (frame.key(id)?, frame.entry.as_ref()?.state);
    if let Phase::Run(run) = &frame.phase {
        let (plan, items) = (run.plan.as_ref()?, run.items.as_ref());
        return Some(Pending::MapRun { key, state, run: run.id, label: &run.label, plan, items });
    }
    let task: &Task = frame.task()?;
    let input = task.input.as_deref().unwrap_or(&frame.data);
    let awaited = match task.family {
        Family::Activity => task.started,
        Family::Lambda | Family::Service => task.callback && task.submitted,
    };
    Some(match (task.family, task.token) {
        (_, Some(token)) if awaited => Pending::Callback { key, token },
        (Family::Activity, Some(token)) => Pending::Activity { key, state, input, token },
        (_, token) => {
            let Task { timeout, heartbeat, dispatches, submitted, .. } = *task;
            Pending::RunTask { key, state, input, token, timeout, heartbeat, dispatches, submitted }
        }
    })
}
