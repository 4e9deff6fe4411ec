//! Map runs: each is seen to by a [`supervisor`] of its own, which reads the items ([`feed`], [`source`]), starts the
//! children through the loop like anybody else and learns of their ends ([`conduct`]), and says at last what came of them
//! ([`gather`]), in files where that is wanted ([`export`]).
//!
//! What a supervisor knows it can learn again: the plan stands in the history of the execution that waits, the children
//! are counted in the journal ([`standing`]), and the items are read again. Here is who is seen to, and nothing else.

mod busy;
mod conduct;
mod export;
mod feed;
mod gather;
mod source;
mod standing;
mod supervisor;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::definitions::Pinned;
use super::inbox::Command;
use super::{Place, Ticks};
use crate::history::{Limits, RunId};
use crate::journal::{ChildOf, ExecutionId, Journal, RunStatus};
use crate::objects::Objects;
use crate::{Execution, TaskKey};
pub(super) use busy::Busy;
use supervisor::Supervisor;

/// What every supervisor works with.
#[derive(Clone)]
pub(super) struct Tools {
    pub(super) journal: Arc<dyn Journal>,
    pub(super) objects: Arc<dyn Objects>,
    pub(super) place: Place,
    pub(super) ticks: Ticks,
    pub(super) commands: mpsc::WeakSender<Command>,
    pub(super) busy: Busy,
}

/// The execution that waits for a run, as it stood when the run began.
pub(super) struct Waiting {
    pub(super) id: ExecutionId,
    pub(super) key: TaskKey,
    pub(super) pinned: Arc<Pinned>,
    pub(super) execution: Execution,
    /// When it is a child itself.
    pub(super) label: Option<String>,
}

/// A child has come to its end.
#[derive(Clone, Copy, Debug)]
struct Ended {
    first: u32,
    count: u32,
    status: RunStatus,
}

/// How the loop reaches a supervisor. Dropping it says that nobody waits for the run any more.
struct Line {
    ended: mpsc::UnboundedSender<Ended>,
    limits: watch::Sender<Option<Limits>>,
}

pub(super) struct MapRuns {
    tools: Tools,
    lines: HashMap<RunId, Line>,
    /// Dropped with the engine, and all supervisors with it.
    supervisors: JoinSet<()>,
    /// Runs that were open when the engine started and that nobody has claimed since.
    unclaimed: HashMap<ExecutionId, Vec<RunId>>,
}

impl MapRuns {
    pub(super) fn new(tools: Tools) -> Self {
        Self { tools, lines: HashMap::new(), supervisors: JoinSet::new(), unclaimed: HashMap::new() }
    }

    pub(super) fn is_supervised(&self, run: RunId) -> bool {
        self.lines.contains_key(&run)
    }

    /// Sees to a run that an execution waits for.
    pub(super) fn supervise(&mut self, run: RunId, waiting: Waiting) {
        if let Some(unclaimed) = self.unclaimed.get_mut(&waiting.id) {
            unclaimed.retain(|other| *other != run);
        }
        self.spawn(run, waiting.id, Some(waiting));
    }

    fn spawn(&mut self, run: RunId, execution: ExecutionId, waiting: Option<Waiting>) {
        while self.supervisors.try_join_next().is_some() {}
        let (ended, endings) = mpsc::unbounded_channel();
        let (limits, changes) = watch::channel(None);
        if waiting.is_some() {
            self.lines.insert(run, Line { ended, limits });
        } // and otherwise nobody waits from the beginning
        let supervisor = Supervisor::new(self.tools.clone(), run, endings, changes);
        let busy = self.tools.busy.enter(execution);
        self.supervisors.spawn(async move {
            supervisor.see_to(waiting).await;
            drop(busy);
        });
    }

    /// Nobody waits for this run any more: it has ended, or is stopped.
    pub(super) fn release(&mut self, run: RunId) {
        self.lines.remove(&run);
    }

    pub(super) fn child_ended(&self, child: &ChildOf, status: RunStatus) {
        if let Some(line) = self.lines.get(&child.run) {
            let ended = Ended { first: child.items.first, count: child.items.count, status };
            let _ = line.ended.send(ended); // the supervisor may have come to its end already
        }
    }

    pub(super) fn limit(&self, run: RunId, limits: Limits) {
        if let Some(line) = self.lines.get(&run) {
            line.limits.send_replace(Some(limits));
        }
    }

    /// Remembers which runs were open when the engine started.
    pub(super) fn recover(&mut self) -> Result<(), crate::journal::Error> {
        for (execution, run) in self.tools.journal.open_map_runs()? {
            self.unclaimed.entry(execution).or_default().push(run);
        }
        Ok(())
    }

    /// The execution was taken up: what it did not claim is left over from before, and is stopped.
    pub(super) fn disown(&mut self, execution: ExecutionId) {
        for run in self.unclaimed.remove(&execution).unwrap_or_default() {
            self.spawn(run, execution, None);
        }
    }

    /// The executions with runs that nobody has claimed.
    pub(super) fn unclaimed(&self) -> Vec<ExecutionId> {
        self.unclaimed.keys().copied().collect()
    }
}
