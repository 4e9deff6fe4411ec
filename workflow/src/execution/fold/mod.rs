//! What each event means. Every arm first checks that the event can follow, then copies.

use super::frame::{Entry, Frame, Items, Join, Phase, Task, after};
use super::{Execution, Status};
use crate::history::{Detail, Event, Failure, Payload};
use crate::{Millis, StateId};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) type Fold = Result<(), &'static str>;

/// The frame of the execution itself.
pub(super) const ROOT: u32 = 0;

const NO_FRAME: &str = "its branch does not run";
const WRONG_PHASE: &str = "its branch stands elsewhere";
pub(super) const NO_PAYLOAD: &str = "its payload refers to nothing";

impl Execution {
    pub(super) fn fold(&mut self, event: &Event) -> Fold {
        let may_follow = match event.detail {
            Detail::ExecutionRedriven { .. } => self.has_failed(),
            _ => self.status == Status::Running,
        };
        if !may_follow {
            return Err("the execution is closed, or not");
        }
        if event.id != if event.detail.is_private() { 0 } else { self.length + 1 } {
            return Err("its number does not follow");
        }
        match &event.detail {
            Detail::ExecutionStarted { input, start, timeout } => {
                self.start(event.at, input, *start, *timeout)?
            }
            Detail::ExecutionRedriven { timeout, token } => {
                self.revive(event, token.as_ref(), after(event.at, *timeout));
            }
            Detail::ExecutionSucceeded => {
                let root = self.frame(ROOT).filter(|root| root.phase == Phase::Ended).ok_or(WRONG_PHASE)?;
                self.output = Some(root.data.clone());
                self.close(Status::Succeeded, event.at, None);
            }
            Detail::ExecutionFailed(failure) => self.fail(Status::Failed, event.at, failure)?,
            Detail::ExecutionTimedOut(failure) => self.fail(Status::TimedOut, event.at, failure)?,
            Detail::ExecutionAborted(failure) => self.fail(Status::Aborted, event.at, failure)?,
            Detail::Mocked { test_case } => self.test_case = Some(test_case.clone()),
            _ => self.fold_branch(event)?,
        }
        self.length += u32::from(event.id > 0);
        Ok(())
    }

    fn start(&mut self, at: Millis, input: &Arc<str>, start: StateId, timeout: Option<u32>) -> Fold {
        if self.length > 0 {
            return Err("the execution was started already");
        }
        self.started_at = Some(at);
        self.timeout_at = after(at, timeout);
        self.input = input.clone();
        self.next_frame = ROOT + 1;
        self.insert(ROOT, Frame::begin(None, 0, 0, input.clone(), start));
        Ok(())
    }

    fn fail(&mut self, status: Status, at: Millis, failure: &Failure) -> Fold {
        if self.length == 0 {
            return Err("the execution was not started");
        }
        self.close(status, at, Some(failure.clone()));
        Ok(())
    }

    fn close(&mut self, status: Status, at: Millis, failure: Option<Failure>) {
        self.status = status;
        self.failure = failure;
        self.stopped_at = Some(at);
        self.timeout_at = None;
        // What had not succeeded may be redriven.
        if status == Status::Succeeded {
            self.frames.clear();
        }
        self.ready.clear();
        self.due.clear();
        self.awaiting.clear();
        self.tokens.clear();
    }

    fn fold_branch(&mut self, event: &Event) -> Fold {
        let (id, at) = (event.frame, event.at);
        self.frame(id).ok_or(NO_FRAME)?;
        match &event.detail {
            Detail::StateEntered { state, kind } => {
                self.expect(id, |phase| *phase == Phase::Next(*state))?;
                let entry = Entry {
                    state: *state,
                    kind: *kind,
                    id: event.id,
                    previous: event.previous,
                    at,
                    attempt: 0,
                    retries: Vec::new(),
                    result: None,
                    assigned: Vec::new(),
                    role: None,
                    remnant: None,
                };
                self.change(id, |frame| {
                    frame.entry = Some(entry);
                    frame.phase = Phase::Acting;
                });
            }
            Detail::StateExited { output, next, .. } => self.exit(id, event.id, output, *next)?,
            Detail::Assigned { variables } => {
                self.expect(id, Phase::can_leave)?;
                self.change(id, |frame| {
                    frame.variables.assign(variables);
                    if let Some(entry) = &mut frame.entry {
                        entry.assigned.clone_from(variables);
                    }
                });
            }
            Detail::RoleTaken { role } => {
                self.expect(id, |phase| matches!(phase, Phase::Acting | Phase::Retry(_)))?;
                self.change(id, |frame| {
                    if let Some(entry) = &mut frame.entry {
                        entry.role = Some(role.clone());
                    }
                });
            }
            Detail::EvaluationFailed { .. } => {
                self.expect(id, |phase| {
                    matches!(phase, Phase::Acting | Phase::Wait(_) | Phase::Retry(_) | Phase::Join(_))
                })?;
            }
            Detail::WaitStarted { until } => self.move_on(id, Phase::Wait(*until))?,
            Detail::RetryScheduled { retrier, due, .. } => {
                self.expect(id, Phase::can_leave)?;
                self.change(id, |frame| {
                    frame.phase = Phase::Retry(*due);
                    if let Some(entry) = &mut frame.entry {
                        entry.count_retry(*retrier);
                        entry.remnant = None;
                    }
                });
            }
            detail if detail.is_of_task() => self.fold_task(event)?,
            detail if detail.is_of_run() => self.fold_run(event)?,
            _ => self.fold_join(event)?,
        }
        self.follow(event);
        Ok(())
    }

    /// The next event of the branch follows this one, but for those that AWS leaves out of the chain.
    fn follow(&mut self, event: &Event) {
        let outside = matches!(
            event.detail,
            Detail::ParallelSucceeded
                | Detail::MapSucceeded
                | Detail::MapRunSucceeded { .. }
                | Detail::IterationStarted { .. }
                | Detail::IterationSucceeded { .. }
                | Detail::IterationFailed { .. }
                | Detail::IterationAborted { .. }
        );
        // A branch that has just ended is gone, and has told its parent.
        if event.id > 0 && !outside {
            self.change(event.frame, |frame| frame.last = event.id);
        }
    }

    fn fold_task(&mut self, event: &Event) -> Fold {
        let (id, at) = (event.frame, event.at);
        match &event.detail {
            Detail::TaskScheduled { family, input, timeout, heartbeat, token, callback } => {
                self.expect(id, |phase| matches!(phase, Phase::Acting | Phase::Retry(_)))?;
                let input = match input {
                    Payload::Data => None,
                    payload => Some(self.resolve(id, payload).ok_or(NO_PAYLOAD)?),
                };
                let mut task = Task {
                    family: *family,
                    input,
                    timeout: *timeout,
                    heartbeat: *heartbeat,
                    token: *token,
                    callback: *callback,
                    started: false,
                    submitted: false,
                    dispatches: 1,
                    timeout_at: after(at, *timeout),
                    heartbeat_at: None,
                };
                if *callback {
                    task.beat(at);
                }
                self.change(id, |frame| {
                    if let Some(entry) = &mut frame.entry {
                        entry.attempt += 1;
                    }
                    frame.phase = Phase::Task(Box::new(task));
                });
            }
            Detail::TaskStarted { .. } => self.change_task(id, |task| {
                task.started = true;
                task.restart(at);
            })?,
            Detail::TaskSubmitted { .. } => self.change_task(id, |task| task.submitted = true)?,
            Detail::Redispatched => self.change_task(id, |task| {
                task.dispatches += 1;
                // The deadline of a callback is the wall clock's.
                if !task.callback {
                    task.restart(at);
                }
            })?,
            // A dispatch that was taken back is none: what did not kill the engine is not suspected of it.
            Detail::Withdrawn => {
                self.change_task(id, |task| task.dispatches = task.dispatches.saturating_sub(1))?
            }
            Detail::Heartbeat => self.change_task(id, |task| task.beat(at))?,
            Detail::TaskSucceeded { output } => {
                self.expect(id, |phase| matches!(phase, Phase::Task(_)))?;
                let output = self.resolve(id, output).ok_or(NO_PAYLOAD)?;
                self.change(id, |frame| {
                    frame.phase = Phase::Acting;
                    if let Some(entry) = &mut frame.entry {
                        entry.result = Some(output);
                    }
                });
            }
            _ => {
                self.expect(id, |phase| matches!(phase, Phase::Task(_)))?;
                self.change(id, |frame| frame.phase = Phase::Acting);
            }
        }
        Ok(())
    }

    fn fold_join(&mut self, event: &Event) -> Fold {
        let id = event.frame;
        match &event.detail {
            Detail::ParallelStarted { first, starts, input } => {
                self.expect(id, |phase| matches!(phase, Phase::Acting | Phase::Retry(_)))?;
                let input = self.resolve(id, input).ok_or(NO_PAYLOAD)?;
                if *first != self.next_frame {
                    return Err("its branches are misnumbered");
                }
                for (index, start) in (0_u32..).zip(starts) {
                    self.insert(
                        first + index,
                        Frame::begin(Some(id), index, event.id, input.clone(), *start),
                    );
                }
                let count = u32::try_from(starts.len()).map_err(|_| "it has too many branches")?;
                self.next_frame = first + count;
                let join = Join::new(starts.len(), (*first..first + count).collect(), count, None);
                self.change(id, |frame| frame.phase = Phase::Join(Box::new(join)));
            }
            Detail::MapStarted { items, length, concurrency } => {
                self.expect(id, |phase| matches!(phase, Phase::Acting | Phase::Retry(_)))?;
                let items = self.resolve(id, items).and_then(Items::split).ok_or(NO_PAYLOAD)?;
                if items.spans.len() != *length as usize {
                    return Err("it has another number of items");
                }
                let join = Join::new(items.spans.len(), BTreeSet::new(), 0, Some((items, *concurrency)));
                self.change(id, |frame| frame.phase = Phase::Join(Box::new(join)));
            }
            Detail::IterationStarted { index, frame, input, start } => {
                let input = self.resolve(id, input).ok_or(NO_PAYLOAD)?;
                self.expect(
                    id,
                    |phase| matches!(phase, Phase::Join(join) if join.next == *index && join.can_start()),
                )?;
                if *frame != self.next_frame {
                    return Err("its branch is misnumbered");
                }
                self.next_frame += 1;
                self.insert(*frame, Frame::begin(Some(id), *index, event.id, input, *start));
                self.change_join(id, |join| {
                    join.next += 1;
                    join.running.insert(*frame);
                });
            }
            Detail::IterationSucceeded { .. } => {
                self.expect(id, |phase| *phase == Phase::Ended)?;
                self.end_branch(id, |complete| if complete { event.id } else { event.previous })?;
            }
            Detail::IterationFailed { .. } | Detail::IterationAborted { .. } => {
                let parent =
                    self.frame(id).and_then(|frame| frame.parent).ok_or("the execution is no iteration")?;
                let lost = self.detach(id);
                self.change_join(parent, |join| {
                    join.running.remove(&id);
                    join.stopped = true;
                    join.lost.extend(lost);
                });
            }
            // A distributed Map has no branches here: when its run has ended it stands in its state.
            Detail::MapSucceeded | Detail::MapFailed if self.acts(id) => {}
            Detail::ParallelSucceeded | Detail::MapSucceeded => {
                self.expect(id, |phase| matches!(phase, Phase::Join(join) if join.is_complete()))?;
            }
            // A state that fails before it has begun has no branches to drop.
            _ => {
                self.expect(id, |phase| matches!(phase, Phase::Join(_) | Phase::Acting | Phase::Retry(_)))?;
                self.put_branches_aside(id);
            }
        }
        Ok(())
    }

    fn exit(&mut self, id: u32, event: u32, output: &Payload, next: Option<StateId>) -> Fold {
        self.expect(id, Phase::can_leave)?;
        let output = self.resolve(id, output).ok_or(NO_PAYLOAD)?;
        let frame = self.frame(id).ok_or(NO_FRAME)?;
        let parent = frame.parent.and_then(|parent| self.frame(parent)).map(|parent| &parent.phase);
        let in_parallel = matches!(parent, Some(Phase::Join(join)) if join.items.is_none());
        self.change(id, |frame| {
            frame.data = output;
            frame.entry = None;
            frame.last = event;
            frame.phase = next.map_or(Phase::Ended, Phase::Next);
        });
        // An iteration ends with an event of its own; a branch of a Parallel has none.
        if next.is_none() && in_parallel { self.end_branch(id, |_| event) } else { Ok(()) }
    }

    /// Hands the output of an ended branch to its parent.
    fn end_branch(&mut self, id: u32, last: impl FnOnce(bool) -> u32) -> Fold {
        let frame = self.frame(id).ok_or(NO_FRAME)?;
        let (parent, index, data) =
            (frame.parent.ok_or("the execution is no branch")?, frame.index, frame.data.clone());
        self.expect(parent, |phase| matches!(phase, Phase::Join(_)))?;
        self.detach(id);
        let mut complete = false;
        self.change_join(parent, |join| {
            if let Some(slot) = Arc::make_mut(&mut join.outputs).get_mut(index as usize) {
                *slot = Some(data);
            }
            join.done += 1;
            join.running.remove(&id);
            complete = join.is_complete();
        });
        let last = last(complete);
        self.change(parent, |frame| frame.last = last);
        Ok(())
    }

    fn acts(&self, id: u32) -> bool {
        self.frame(id).is_some_and(|frame| frame.phase == Phase::Acting)
    }

    pub(super) fn expect(&self, id: u32, holds: impl FnOnce(&Phase) -> bool) -> Fold {
        if holds(&self.frame(id).ok_or(NO_FRAME)?.phase) { Ok(()) } else { Err(WRONG_PHASE) }
    }

    fn move_on(&mut self, id: u32, phase: Phase) -> Fold {
        self.expect(id, |phase| *phase == Phase::Acting)?;
        self.change(id, |frame| frame.phase = phase);
        Ok(())
    }

    fn change_task(&mut self, id: u32, change: impl FnOnce(&mut Task)) -> Fold {
        self.expect(id, |phase| matches!(phase, Phase::Task(_)))?;
        self.change(id, |frame| {
            if let Phase::Task(task) = &mut frame.phase {
                change(task);
            }
        });
        Ok(())
    }

    fn change_join(&mut self, id: u32, change: impl FnOnce(&mut Join)) {
        self.change(id, |frame| {
            if let Phase::Join(join) = &mut frame.phase {
                change(join);
            }
        });
    }
}

impl Phase {
    /// Nothing runs inside the state any more, so that it may be left or tried again.
    fn can_leave(&self) -> bool {
        match self {
            Phase::Acting | Phase::Wait(_) | Phase::Retry(_) => true,
            Phase::Join(join) => join.running.is_empty(),
            Phase::Next(_) | Phase::Task(_) | Phase::Run(_) | Phase::Ended => false,
        }
    }
}

impl Entry {
    fn count_retry(&mut self, retrier: u16) {
        match self.retries.iter_mut().find(|(index, _)| *index == retrier) {
            Some((_, count)) => *count += 1,
            None => self.retries.push((retrier, 1)),
        }
    }
}

impl Join {
    fn new(length: usize, running: BTreeSet<u32>, next: u32, items: Option<(Items, u32)>) -> Join {
        let concurrency = items.as_ref().map_or(0, |(_, concurrency)| *concurrency);
        Join {
            outputs: Arc::new(vec![None; length]),
            done: 0,
            next,
            concurrency,
            running,
            items: items.map(|(items, _)| items),
            stopped: false,
            lost: Vec::new(),
        }
    }
}
