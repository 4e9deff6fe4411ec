//! One execution: the fold of its events. [`fold`] says what each event means; [`pending`] what the edge owes then.
//! Nothing here evaluates an expression or asks the definition, so that a history keeps its meaning for ever.

mod fold;
pub(crate) mod frame;
mod pending;
mod revival;

pub use pending::{Pending, TaskKey};

use crate::Millis;
use crate::history::{Event, Failure, Payload, RunId, Token};
use frame::{Frame, Marks, Phase};
use revival::Redrive;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// What is known of an execution before its first event; the context object shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub execution_arn: String,
    pub execution_name: String,
    pub state_machine_arn: String,
    pub state_machine_name: String,
    pub role_arn: String,
}

impl Facts {
    /// The ARN of a map run of this execution, or of one of the same machine.
    pub fn map_run_arn(&self, label: &str, run: RunId) -> String {
        format!("{}/{label}:{run}", self.state_machine_arn.replacen(":stateMachine:", ":mapRun:", 1))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

/// An event that cannot follow what came before: a damaged history. It parks this execution and no other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event after {length} cannot follow here: {reason}")]
pub struct IllegalEvent {
    pub length: u32,
    pub reason: &'static str,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    facts: Arc<Facts>,
    status: Status,
    length: u32,
    started_at: Option<Millis>,
    stopped_at: Option<Millis>,
    timeout_at: Option<Millis>,
    input: Arc<str>,
    output: Option<Arc<str>>,
    failure: Option<Failure>,
    test_case: Option<Arc<str>>,
    /// Those of an execution that did not succeed are kept: it may be redriven.
    frames: BTreeMap<u32, Arc<Frame>>,
    next_frame: u32,
    redrives: u32,
    recent_redrives: VecDeque<Redrive>,
    // What `pending` reads; kept by `change`, `insert` and `remove` alone.
    ready: VecDeque<u32>,
    due: BTreeSet<(Millis, u32)>,
    awaiting: BTreeSet<u32>,
    tokens: BTreeMap<Token, u32>,
}

impl Execution {
    pub fn new(facts: Arc<Facts>) -> Execution {
        Execution {
            facts,
            status: Status::Running,
            length: 0,
            started_at: None,
            stopped_at: None,
            timeout_at: None,
            input: "".into(),
            output: None,
            failure: None,
            test_case: None,
            frames: BTreeMap::new(),
            next_frame: 0,
            redrives: 0,
            recent_redrives: VecDeque::new(),
            ready: VecDeque::new(),
            due: BTreeSet::new(),
            awaiting: BTreeSet::new(),
            tokens: BTreeMap::new(),
        }
    }

    /// Folds one event in; nothing is changed when it cannot follow.
    pub fn apply(&mut self, event: &Event) -> Result<(), IllegalEvent> {
        self.fold(event).map_err(|reason| IllegalEvent { length: self.length, reason })
    }

    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    pub fn status(&self) -> Status {
        self.status
    }

    pub fn input(&self) -> &Arc<str> {
        &self.input
    }

    pub fn output(&self) -> Option<&Arc<str>> {
        self.output.as_ref()
    }

    /// Error and cause, when it failed, timed out or was stopped.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// The test case whose mocks answer its tasks.
    pub fn test_case(&self) -> Option<&Arc<str>> {
        self.test_case.as_ref()
    }

    pub fn started_at(&self) -> Option<Millis> {
        self.started_at
    }

    pub fn stopped_at(&self) -> Option<Millis> {
        self.stopped_at
    }

    /// Number of visible events: the id of the last.
    pub fn length(&self) -> u32 {
        self.length
    }

    pub(crate) fn frame(&self, frame: u32) -> Option<&Frame> {
        self.frames.get(&frame).map(Arc::as_ref)
    }

    /// The JSON text of a variable as this branch sees it.
    pub(crate) fn variable(&self, frame: u32, name: &str) -> Option<&Arc<str>> {
        let mut frame = self.frame(frame)?;
        loop {
            if let Some(value) = frame.variables.get(name) {
                return Some(value);
            }
            frame = self.frame(frame.parent?)?;
        }
    }

    /// What the task of this branch is called with.
    pub(crate) fn task_input(&self, frame: u32) -> Option<Arc<str>> {
        let frame = self.frame(frame)?;
        Some(frame.task()?.input.clone().unwrap_or_else(|| frame.data.clone()))
    }

    pub(crate) fn variable_bytes(&self) -> usize {
        self.frames.values().map(|frame| frame.variables.bytes()).sum()
    }

    pub(crate) fn next_frame(&self) -> u32 {
        self.next_frame
    }

    pub(crate) fn timeout_at(&self) -> Option<Millis> {
        self.timeout_at
    }

    pub(crate) fn first_ready(&self) -> Option<u32> {
        self.ready.front().copied()
    }

    /// The frame whose timer is due first.
    pub(crate) fn first_due(&self) -> Option<(Millis, u32)> {
        self.due.first().copied()
    }

    /// The text a payload of this branch stands for.
    pub(crate) fn resolve(&self, frame: u32, payload: &Payload) -> Option<Arc<str>> {
        let frame = self.frame(frame)?;
        match (payload, &frame.phase) {
            (Payload::Inline(text), _) => Some(text.clone()),
            (Payload::Data, _) => Some(frame.data.clone()),
            (Payload::Result, _) => frame.entry.as_ref()?.result.clone(),
            (Payload::Gathered, Phase::Join(join)) => gather(&join.outputs),
            (Payload::Item(index), Phase::Join(join)) => join.items.as_ref()?.get(*index).map(Into::into),
            _ => None,
        }
    }

    fn change(&mut self, id: u32, change: impl FnOnce(&mut Frame)) {
        let Some(frame) = self.frames.get_mut(&id).map(Arc::make_mut) else { return };
        let before = frame.marks();
        change(frame);
        let after = frame.marks();
        self.index(id, before, after);
    }

    fn insert(&mut self, id: u32, frame: Frame) {
        self.index(id, Marks::NONE, frame.marks());
        self.frames.insert(id, Arc::new(frame));
    }

    fn index(&mut self, id: u32, before: Marks, after: Marks) {
        if before.due != after.due {
            before.due.map(|due| self.due.remove(&(due, id)));
            after.due.map(|due| self.due.insert((due, id)));
        }
        if before.token != after.token {
            before.token.map(|token| self.tokens.remove(&token));
            after.token.map(|token| self.tokens.insert(token, id));
        }
        match (before.awaits, after.awaits) {
            (false, true) => {
                self.awaiting.insert(id);
            }
            (true, false) => {
                self.awaiting.remove(&id);
            }
            _ => {}
        }
        match (before.ready, after.ready) {
            (false, true) => self.ready.push_back(id),
            (true, false) => self.ready.retain(|&ready| ready != id),
            _ => {}
        }
    }
}

/// The outputs as one array; `None` while one is missing.
fn gather(outputs: &[Option<Arc<str>>]) -> Option<Arc<str>> {
    let mut text = String::from("[");
    for (index, output) in outputs.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(output.as_ref()?);
    }
    text.push(']');
    Some(text.into())
}
