//! What each event means. Every arm first checks that the event can follow, then copies. Here are the execution, its
//! branches and their states; in [`task`], [`join`] and [`run`] what a state waits for.

mod join;
mod run;
mod task;

use super::frame::{Entry, Frame, Phase, after};
use super::{Execution, Status};
use crate::history::{Detail, Event, Failure, Payload};
use crate::{Millis, StateId};
use std::sync::Arc;

type Fold = Result<(), &'static str>;

/// The frame of the execution itself.
pub(super) const ROOT: u32 = 0;

const NO_FRAME: &str = "its branch does not run";
const WRONG_PHASE: &str = "its branch stands elsewhere";
const NO_RUN: &str = "its run is another one";
const NO_PAYLOAD: &str = "its payload refers to nothing";

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
                    lost_run: None,
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
                        entry.lost_run = None;
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
                | Detail::StateAborted { .. }
        );
        // A branch that has just ended is gone, and has told its parent.
        if event.id > 0 && !outside {
            self.change(event.frame, |frame| frame.last = event.id);
        }
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

    fn expect(&self, id: u32, holds: impl FnOnce(&Phase) -> bool) -> Fold {
        if holds(&self.frame(id).ok_or(NO_FRAME)?.phase) { Ok(()) } else { Err(WRONG_PHASE) }
    }

    fn move_on(&mut self, id: u32, phase: Phase) -> Fold {
        self.expect(id, |phase| *phase == Phase::Acting)?;
        self.change(id, |frame| frame.phase = phase);
        Ok(())
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
