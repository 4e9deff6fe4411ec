//! One branch of an execution: where it stands and what flows through it.

use super::TaskKey;
use super::revival::{Detached, Remnant};
use crate::history::{Family, Plan, RunId, StateKind, Token};
use crate::{Millis, StateId};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    pub(crate) parent: Option<u32>,
    /// Which branch or iteration of the parent.
    pub(crate) index: u32,
    /// The id of its last visible event that others follow.
    pub(crate) last: u32,
    /// The input of its state; between two states, the output of the one and the input of the other.
    pub(crate) data: Arc<str>,
    pub(crate) entry: Option<Entry>,
    pub(crate) phase: Phase,
    /// The variables of this branch alone; a branch inside it reads them too.
    pub(crate) variables: Variables,
}

/// Names and JSON texts. Most branches have none, and then it takes no room.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Variables(Option<Arc<BTreeMap<Arc<str>, Arc<str>>>>);

impl Variables {
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<str>> {
        self.0.as_ref()?.get(name)
    }

    pub(super) fn assign(&mut self, values: &[(Arc<str>, Arc<str>)]) {
        let variables = Arc::make_mut(self.0.get_or_insert_default());
        variables.extend(values.iter().cloned());
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.0.iter().flat_map(|variables| variables.iter())
    }

    pub(super) fn bytes(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + value.len()).sum()
    }
}

/// One entry into a state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) state: StateId,
    pub(crate) kind: StateKind,
    /// Id of the event that entered it, and of the one before that.
    pub(crate) id: u32,
    pub(crate) previous: u32,
    pub(crate) at: Millis,
    /// How often it was tried; counted from 1 when the first try is scheduled.
    pub(crate) attempt: u32,
    /// How often each retrier was used, and all together.
    pub(crate) retries: Vec<(u16, u32)>,
    pub(crate) result: Option<Arc<str>>,
    /// The variables it has just assigned; the event that leaves it shows them.
    pub(crate) assigned: Vec<(Arc<str>, Arc<str>)>,
    /// The role that its task takes on.
    pub(crate) role: Option<Arc<str>>,
    /// Its branches, once they have failed with it.
    pub(super) remnant: Option<Box<Remnant>>,
    /// Its map run, once it has failed with it: a redrive goes on with it, and a retry begins another.
    pub(crate) lost_run: Option<Box<Run>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Phase {
    /// The state to enter next.
    Next(StateId),
    /// In a state, within a step; no append ends here.
    Acting,
    Task(Box<Task>),
    Wait(Millis),
    Retry(Millis),
    Join(Box<Join>),
    Run(Box<Run>),
    /// Come to its end: an iteration until its Map has noted it, the execution until it is closed.
    Ended,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Task {
    pub(crate) family: Family,
    /// `None`: the data of the frame as it is.
    pub(crate) input: Option<Arc<str>>,
    pub(crate) timeout: Option<u32>,
    pub(crate) heartbeat: Option<u32>,
    pub(crate) token: Option<Token>,
    pub(crate) callback: bool,
    pub(crate) started: bool,
    pub(crate) submitted: bool,
    pub(crate) dispatches: u32,
    pub(crate) timeout_at: Option<Millis>,
    pub(crate) heartbeat_at: Option<Millis>,
}

/// A Parallel or a Map whose branches run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Join {
    pub(crate) outputs: Arc<Vec<Option<Arc<str>>>>,
    pub(crate) done: u32,
    /// The next item to start; for a Parallel all are started at once.
    pub(crate) next: u32,
    pub(crate) concurrency: u32,
    pub(crate) running: BTreeSet<u32>,
    pub(crate) items: Option<Items>,
    /// An iteration has failed: no more are started.
    pub(super) stopped: bool,
    /// The iterations that failed or were aborted, with all inside them.
    pub(super) lost: Detached,
}

/// A map run that works elsewhere, on its own executions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) id: RunId,
    pub(crate) label: Arc<str>,
    /// Until a step has said it, within that step.
    pub(crate) plan: Option<Plan>,
    /// The array of the items, when it stands in the history.
    pub(crate) items: Option<Arc<str>>,
    /// How often it was redriven.
    pub(crate) redrives: u32,
}

/// The items of a Map: the text of the array, and where each lies in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Items {
    pub(crate) text: Arc<str>,
    pub(crate) spans: Arc<[Range<u32>]>,
}

/// What the execution's indices know of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) due: Option<Millis>,
    pub(super) ready: bool,
    /// Something works for it elsewhere.
    pub(super) awaits: bool,
    pub(super) token: Option<Token>,
}

impl Marks {
    pub(super) const NONE: Marks = Marks { due: None, ready: false, awaits: false, token: None };
}

impl Frame {
    pub(super) fn begin(parent: Option<u32>, index: u32, last: u32, data: Arc<str>, start: StateId) -> Frame {
        Frame {
            parent,
            index,
            last,
            data,
            entry: None,
            phase: Phase::Next(start),
            variables: Variables::default(),
        }
    }

    pub(super) fn marks(&self) -> Marks {
        let (due, ready, token) = match &self.phase {
            Phase::Next(_) => (None, true, None),
            Phase::Wait(due) | Phase::Retry(due) => (Some(*due), false, None),
            Phase::Task(task) => (task.due(), false, task.token),
            Phase::Join(join) => (None, join.can_start() || join.is_complete(), None),
            Phase::Acting | Phase::Run(_) | Phase::Ended => (None, false, None),
        };
        Marks { due, ready, awaits: matches!(self.phase, Phase::Task(_) | Phase::Run(_)), token }
    }

    pub(crate) fn task(&self) -> Option<&Task> {
        match &self.phase {
            Phase::Task(task) => Some(task),
            _ => None,
        }
    }

    pub(crate) fn key(&self, frame: u32) -> Option<TaskKey> {
        let entry = self.entry.as_ref()?;
        Some(TaskKey { frame, entered: entry.id, attempt: entry.attempt })
    }
}

impl Task {
    pub(crate) fn due(&self) -> Option<Millis> {
        self.timeout_at.into_iter().chain(self.heartbeat_at).min()
    }

    pub(super) fn restart(&mut self, at: Millis) {
        self.timeout_at = after(at, self.timeout);
        self.heartbeat_at = after(at, self.heartbeat);
    }

    pub(super) fn beat(&mut self, at: Millis) {
        self.heartbeat_at = after(at, self.heartbeat);
    }
}

pub(super) fn after(at: Millis, seconds: Option<u32>) -> Option<Millis> {
    seconds.map(|seconds| at.saturating_add(i64::from(seconds) * 1000))
}

impl Join {
    pub(crate) fn is_complete(&self) -> bool {
        self.done as usize == self.outputs.len()
    }

    pub(crate) fn can_start(&self) -> bool {
        !self.stopped
            && (self.next as usize) < self.outputs.len()
            && (self.running.len() as u64) < u64::from(self.concurrency)
    }
}

impl Items {
    /// `None` when the text is no array.
    pub(super) fn split(text: Arc<str>) -> Option<Items> {
        let raw: Vec<&serde_json::value::RawValue> = serde_json::from_str(&text).ok()?;
        let base = text.as_ptr() as usize;
        let span = |item: &&serde_json::value::RawValue| {
            let start = u32::try_from(item.get().as_ptr() as usize - base).ok()?;
            Some(start..start + u32::try_from(item.get().len()).ok()?)
        };
        let spans = raw.iter().map(span).collect::<Option<Arc<[_]>>>()?;
        Some(Items { text, spans })
    }

    pub(crate) fn get(&self, index: u32) -> Option<&str> {
        let span = self.spans.get(index as usize)?;
        self.text.get(span.start as usize..span.end as usize)
    }
}
