//! One execution in memory: the fold of its events, and what has been decided but is not durable yet.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tokio::sync::oneshot;

use super::definitions::{Definitions, Pinned};
use super::inbox::{Answer, Arrival};
use super::names::{self, label_of, labelled};
use super::stored::{Portion, Stored};
use super::{Error, Place};
use crate::history::{self, Detail, RunId, Token};
use crate::journal::{
    Append, ChildOf, Closed, EventRow, ExecutionId, ExecutionRow, Executions, Journal, MapRunEvent,
    NewExecution, NewMapRun, Origin, Redriven, RunStatus,
};
use crate::{Event, Execution, Facts, Millis, Pending, Refused, Status, TaskKey};

pub(super) struct Live {
    pub(super) pinned: Arc<Pinned>,
    /// With the events in `fresh` applied.
    pub(super) execution: Execution,
    /// Events in the journal.
    stored: u32,
    /// Until the first commit is durable.
    pub(super) start: Option<NewExecution>,
    /// What the journal says it sleeps for.
    wake: Option<Millis>,
    /// Decided, and not durable.
    pub(super) fresh: Vec<Event>,
    pub(super) answers: Vec<(Answer, Result<Millis, Refused>)>,
    /// Whether `fresh` is being committed: nothing is decided meanwhile, what arrives waits.
    pub(super) flying: bool,
    pub(super) waiting: VecDeque<Arrival>,
    /// Who started it and waits for its end.
    pub(super) end: Option<oneshot::Sender<Execution>>,
    /// The tries whose result is awaited, and the tokens that lead to them.
    pub(super) owed: HashMap<TaskKey, Option<Token>>,
    /// Activities that were offered to workers.
    pub(super) offered: HashSet<TaskKey>,
    /// Tasks that were given out before the engine stopped and not since.
    pub(super) lost: HashSet<TaskKey>,
    /// When it is the child of a map run.
    pub(super) child: Option<ChildOf>,
    /// The map runs that it waits for.
    pub(super) runs: HashMap<TaskKey, RunId>,
}

impl Live {
    pub(super) fn new(
        place: &Place,
        pinned: Arc<Pinned>,
        name: String,
        origin: Origin,
        child: Option<ChildOf>,
    ) -> Self {
        let start = NewExecution {
            machine: pinned.machine,
            revision: pinned.revision,
            name: name.clone(),
            origin,
            format: history::FORMAT,
            started: 0, // the time of the first event, once it is decided
            items: child.as_ref().map(|child| child.items),
        };
        let label = child.as_ref().map(|child| child.label.as_str());
        let execution = Execution::new(Arc::new(facts(place, &pinned, name, label)));
        Self { start: Some(start), child, ..Self::of(pinned, execution) }
    }

    fn of(pinned: Arc<Pinned>, execution: Execution) -> Self {
        Self {
            pinned,
            execution,
            stored: 0,
            start: None,
            wake: None,
            fresh: Vec::new(),
            answers: Vec::new(),
            flying: false,
            waiting: VecDeque::new(),
            end: None,
            owed: HashMap::new(),
            offered: HashSet::new(),
            lost: HashSet::new(),
            child: None,
            runs: HashMap::new(),
        }
    }

    /// Folds an execution from the journal.
    pub(super) fn fold(
        journal: &dyn Journal,
        definitions: &Definitions,
        place: &Place,
        row: ExecutionRow,
    ) -> Result<Self, Error> {
        let pinned = definitions.get(row.revision)?;
        let (execution, stored) = fold(journal, &pinned, place, &row)?;
        Ok(Self { wake: row.wake, child: row.child, stored, ..Self::of(pinned, execution) })
    }

    /// Whether it may leave memory and be folded again when something comes for it.
    pub(super) fn is_idle(&self) -> bool {
        let settled = !self.flying && self.fresh.is_empty() && self.waiting.is_empty();
        settled && self.lost.is_empty() && self.end.is_none()
    }

    /// Its share of the next commit.
    pub(super) fn append(&mut self, id: ExecutionId) -> Append {
        self.flying = true;
        let mut body = Vec::new();
        history::encode(&self.fresh, &mut body);
        let count = self.fresh.len() as u32; // `step` gives a few hundred at most
        let at = self.fresh.last().map_or(0, |event| event.at);
        let status = run_status(self.execution.status());
        let closed = (status != RunStatus::Running).then_some(Closed { status, at });
        let wake = self.sleeps_until();
        let changed = (wake != self.wake).then_some(wake);
        let row = EventRow { first: self.stored, count, body };
        let redriven = |event: &Event| matches!(event.detail, history::Detail::ExecutionRedriven { .. });
        let redriven = self
            .fresh
            .iter()
            .find(|event| redriven(event))
            .map(|event| Redriven { count: self.execution.redrives(), at: event.at });
        let started = self.execution.started_at().unwrap_or_default();
        let start = self.start.clone().map(|start| NewExecution { started, ..start });
        let map_runs = self.map_run_events();
        Append { execution: id, start, row, redriven, closed, wake: changed, map_runs }
    }

    /// What the fresh events say of map runs.
    fn map_run_events(&self) -> Vec<MapRunEvent> {
        let outer = self.child.as_ref().map(|child| child.label.as_str());
        let mut events = Vec::new();
        for event in &self.fresh {
            let at = event.at;
            match &event.detail {
                Detail::MapRunStarted { run, label, items, limits } => {
                    let label = outer.map_or_else(|| label.to_string(), |outer| format!("{outer}/{label}"));
                    let (run, limits, items) = (*run, *limits, *items);
                    let new = NewMapRun { run, label, started: at, limits, items, batch: 1 };
                    events.push(MapRunEvent::Began(new));
                }
                Detail::MapRunPlanned(plan) => {
                    if let (Some(MapRunEvent::Began(new)), Some(batch)) = (events.last_mut(), &plan.batch) {
                        new.batch = batch.items.unwrap_or(0);
                    }
                }
                Detail::MapRunSucceeded { run, .. } => {
                    events.push(MapRunEvent::Ended { run: *run, status: RunStatus::Succeeded, at });
                }
                Detail::MapRunRedriven { run, .. } => events.push(MapRunEvent::Redriven { run: *run, at }),
                Detail::MapRunFailed { run, .. } => {
                    events.push(MapRunEvent::Ended { run: *run, status: RunStatus::Failed, at });
                }
                _ => {}
            }
        }
        events
    }

    /// The commit is durable.
    pub(super) fn landed(&mut self) -> Vec<(Answer, Result<Millis, Refused>)> {
        self.flying = false;
        self.start = None;
        self.stored += self.fresh.len() as u32;
        self.fresh.clear();
        self.wake = self.sleeps_until();
        std::mem::take(&mut self.answers)
    }

    /// When it has to be woken, if that is all there is to do for it.
    fn sleeps_until(&self) -> Option<Millis> {
        let sleeps = self.execution.pending().all(|pending| matches!(pending, Pending::WakeAt { .. }));
        if sleeps { self.execution.next_due() } else { None }
    }
}

/// An execution as its events make it, and how many they are.
pub(super) fn fold(
    journal: &(impl Executions + ?Sized),
    pinned: &Pinned,
    place: &Place,
    row: &ExecutionRow,
) -> Result<(Execution, u32), Error> {
    let mut execution = Execution::new(Arc::new(facts_of(place, pinned, row)));
    let mut stored = 0;
    for event in Stored::since(journal, row.id, 0, Portion::Large) {
        execution.apply(&event?).map_err(|illegal| damaged(row.id, &illegal))?;
        stored += 1;
    }
    Ok((execution, stored))
}

pub(super) fn facts_of(place: &Place, pinned: &Pinned, row: &ExecutionRow) -> Facts {
    facts(place, pinned, row.name.clone(), label_of(row))
}

fn facts(place: &Place, pinned: &Pinned, name: String, label: Option<&str>) -> Facts {
    let machine = labelled(&pinned.machine_name, label);
    Facts {
        execution_arn: place.execution(&machine, &name),
        execution_name: names::shown(&name).to_owned(),
        state_machine_arn: place.machine(&machine),
        state_machine_name: machine,
        role_arn: pinned.role.clone(),
    }
}

pub(super) fn damaged(execution: ExecutionId, reason: &dyn std::error::Error) -> Error {
    Error::Damaged { execution, reason: reason.to_string() }
}

pub(super) fn run_status(status: Status) -> RunStatus {
    match status {
        Status::Running => RunStatus::Running,
        Status::Succeeded => RunStatus::Succeeded,
        Status::Failed => RunStatus::Failed,
        Status::TimedOut => RunStatus::TimedOut,
        Status::Aborted => RunStatus::Aborted,
    }
}
