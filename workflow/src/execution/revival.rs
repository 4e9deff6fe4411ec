//! What is left of a state whose branches failed, and how an execution that has ended goes on with it.
//!
//! A branch that fails is taken out of the tree with all that ran beside it. As long as nothing retries or catches that,
//! it is kept: a redrive puts it back, so that what had succeeded keeps its output and only the rest runs again. So is a
//! map run: its children that had succeeded are not run again.

use super::frame::{Frame, Join, Marks, Phase};
use super::{Execution, Status};
use crate::Millis;
use crate::history::{Event, StateKind};
use std::sync::Arc;

/// Branches with their numbers.
pub(crate) type Detached = Vec<(u32, Arc<Frame>)>;

/// A Parallel or a Map that failed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Remnant {
    pub(super) join: Join,
    /// The branches that had not succeeded, with all inside them.
    pub(super) branches: Detached,
}

/// Redrives whose client tokens are remembered, as on AWS.
const TOKENS: usize = 10;

/// A redrive that was asked for under a token of the client's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redrive {
    token: Option<Arc<str>>,
    at: Millis,
}

impl Execution {
    /// Whether it has ended, and not with success.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.status, Status::Failed | Status::TimedOut | Status::Aborted)
    }

    /// How often it was redriven.
    pub fn redrives(&self) -> u32 {
        self.redrives
    }

    /// When it was redriven last.
    pub fn redriven_at(&self) -> Option<Millis> {
        self.recent_redrives.back().map(|redrive| redrive.at)
    }

    /// When it was redriven under this token, if that is one of the last.
    pub fn redriven_by(&self, token: &str) -> Option<Millis> {
        let by = |redrive: &&Redrive| redrive.token.as_deref() == Some(token);
        self.recent_redrives.iter().find(by).map(|redrive| redrive.at)
    }

    /// Takes a branch out, and all that run inside it.
    pub(super) fn detach(&mut self, id: u32) -> Detached {
        let (mut detached, mut open) = (Detached::new(), vec![id]);
        while let Some(id) = open.pop() {
            let Some(frame) = self.frames.remove(&id) else { continue };
            self.index(id, frame.marks(), Marks::NONE);
            if let Phase::Join(join) = &frame.phase {
                open.extend(&join.running);
            }
            detached.push((id, frame));
        }
        detached
    }

    /// The state's branches have failed with it: they are put aside.
    pub(super) fn put_branches_aside(&mut self, id: u32) {
        let running = match self.frame(id).map(|frame| &frame.phase) {
            Some(Phase::Join(join)) => join.running.clone(),
            // It failed before it had any.
            _ => return self.change(id, |frame| frame.phase = Phase::Acting),
        };
        let mut branches: Detached = running.into_iter().flat_map(|branch| self.detach(branch)).collect();
        self.change(id, |frame| {
            if let Phase::Join(mut join) = std::mem::replace(&mut frame.phase, Phase::Acting)
                && let Some(entry) = &mut frame.entry
            {
                branches.append(&mut join.lost);
                join.running.clear();
                entry.remnant = Some(Box::new(Remnant { join: *join, branches }));
            }
        });
    }

    /// Runs again whatever had not succeeded.
    pub(super) fn revive(&mut self, event: &Event, token: Option<&Arc<str>>, timeout_at: Option<Millis>) {
        self.status = Status::Running;
        self.failure = None;
        self.stopped_at = None;
        self.timeout_at = timeout_at;
        self.redrives += 1;
        self.recent_redrives.push_back(Redrive { token: token.cloned(), at: event.at });
        if self.recent_redrives.len() > TOKENS {
            self.recent_redrives.pop_front();
        }
        let mut open = vec![super::fold::ROOT];
        while let Some(id) = open.pop() {
            let Some(frame) = self.frames.remove(&id) else { continue };
            let mut frame = Arc::unwrap_or_clone(frame);
            let branches = frame.revive(id, event);
            // On AWS what is done again in a state follows the entry into it.
            frame.last = frame.entry.as_ref().map_or(event.id, |entry| entry.id);
            for (id, branch) in branches {
                self.frames.insert(id, branch);
            }
            if let Phase::Join(join) = &frame.phase {
                open.extend(&join.running);
            }
            self.insert(id, frame);
        }
    }
}

impl Frame {
    /// Sets the branch to where it goes on, as if its tries had never been counted; the branches to put back with it.
    fn revive(&mut self, id: u32, event: &Event) -> Detached {
        let Some(entry) = &mut self.entry else { return Detached::new() };
        entry.retries.clear();
        entry.assigned.clear();
        let remnant = entry.remnant.take();
        match (&mut self.phase, remnant) {
            (Phase::Wait(_), _) => {}
            (Phase::Acting, _) if entry.kind == StateKind::Fail => {
                self.phase = Phase::Next(entry.state);
                self.entry = None;
            }
            (Phase::Acting, Some(remnant)) if !remnant.join.is_complete() => {
                let Remnant { mut join, branches } = *remnant;
                let own = branches.iter().filter(|(_, branch)| branch.parent == Some(id));
                join.running = own.map(|(branch, _)| *branch).collect();
                join.stopped = false;
                self.phase = Phase::Join(Box::new(join));
                return branches;
            }
            (Phase::Join(join), _) if !join.is_complete() => join.stopped = false,
            (Phase::Run(_), _) => {
                self.lose_run();
                self.phase = Phase::Retry(event.at);
            }
            // Due at once: the state is tried again.
            _ => self.phase = Phase::Retry(event.at),
        }
        Detached::new()
    }

    /// The map run is over, or nobody waits for it. One that never knew its items has nothing to go on with.
    pub(super) fn lose_run(&mut self) {
        if let Phase::Run(run) = std::mem::replace(&mut self.phase, Phase::Acting)
            && let Some(entry) = &mut self.entry
        {
            entry.lost_run = run.plan.is_some().then_some(run);
        }
    }

    /// The map run goes on.
    pub(super) fn find_run(&mut self) {
        if let Some(entry) = &mut self.entry
            && let Some(mut run) = entry.lost_run.take()
        {
            entry.attempt += 1;
            run.redrives += 1;
            self.phase = Phase::Run(run);
        }
    }
}
