//! What follows a failure: a retry, a catch, or the failure of whatever the branch runs in.

use super::machine::{Exit, Machine, Outcome};
use crate::errors::RUNTIME;
use crate::execution::frame::Phase;
use crate::history::{Detail, Failure, StateKind};
use crate::state::{Body, State};
use std::collections::BTreeSet;

impl Machine<'_> {
    /// The state cannot go on, for this reason.
    pub(super) fn fall(&mut self, frame: u32, exit: Exit) -> Outcome {
        let failure = self.note(frame, exit)?;
        self.fail(frame, failure)
    }

    /// Records that a query failed, if that is the reason.
    fn note(&mut self, frame: u32, exit: Exit) -> Result<Failure, Exit> {
        let (failure, location) = match exit {
            Exit::Closed => return Err(Exit::Closed),
            Exit::Failed(failure) => return Ok(failure),
            Exit::Unevaluated { failure, location } => (failure, location),
        };
        // On AWS it follows what the entry into the state followed, as long as nothing else has happened in the state.
        let branch = self.execution().frame(frame).ok_or(Exit::Closed)?;
        let previous = match &branch.entry {
            Some(entry) if entry.id == branch.last => entry.previous,
            _ => branch.last,
        };
        // A Map has a result when its run has succeeded.
        let has_result = branch.entry.as_ref().is_some_and(|entry| entry.result.is_some());
        let begun = matches!(branch.phase, Phase::Join(_)) || has_result;
        self.emit_after(previous, frame, Detail::EvaluationFailed { failure: failure.clone(), location })?;
        match self.state(frame)?.body {
            Body::Map(_) if !begun => self.emit(frame, Detail::MapFailed)?,
            Body::Parallel(_) if !begun => self.emit(frame, Detail::ParallelFailed)?,
            _ => {}
        }
        Ok(failure)
    }

    fn fail(&mut self, frame: u32, mut failure: Failure) -> Outcome {
        let state = self.state(frame)?;
        self.inspect(|it| it.failure = Some(failure.clone()));
        self.abandon(frame)?;
        if self.retry(state, frame, &failure)? {
            return Ok(());
        }
        let error = failure.error.as_deref();
        let catcher = state.catch.iter().enumerate().find(|(_, catcher)| catcher.matches(error));
        if let Some((index, catcher)) = catcher {
            self.inspect(|it| it.error_details.catch_index = Some(index));
            match catcher.take(self, frame, &failure) {
                // The error does not fit into the input: that is the failure now, and nothing catches it here.
                Ok(()) => return Ok(()),
                Err(worse) => failure = self.note(frame, worse)?,
            }
        }
        self.propagate(frame, failure)
    }

    /// A Map that fails of itself leaves its iterations behind first.
    fn abandon(&mut self, frame: u32) -> Outcome {
        let running = match self.execution().frame(frame).map(|frame| &frame.phase) {
            Some(Phase::Join(join)) if !join.is_complete() => join.running.clone(),
            _ => return Ok(()),
        };
        self.abort(running)?;
        self.emit(frame, Detail::MapFailed)
    }

    fn abort(&mut self, iterations: impl IntoIterator<Item = u32>) -> Outcome {
        for iteration in iterations {
            let index = self.execution().frame(iteration).map_or(0, |iteration| iteration.index);
            self.emit(iteration, Detail::IterationAborted { index })?;
        }
        Ok(())
    }

    /// Whether a retrier takes it.
    fn retry(&mut self, state: &State, frame: u32, failure: &Failure) -> Result<bool, Exit> {
        let error = failure.error.as_deref();
        let Some((index, retrier)) =
            state.retry.iter().enumerate().find(|(_, retrier)| retrier.matches(error))
        else {
            return Ok(false);
        };
        let index = u16::try_from(index).map_err(|_| Exit::Closed)?;
        let entry =
            self.execution().frame(frame).and_then(|frame| frame.entry.as_ref()).ok_or(Exit::Closed)?;
        self.inspect(|it| it.error_details.retry_index = Some(usize::from(index)));
        let retries = entry.retries.iter().find(|(used, _)| *used == index).map_or(0, |(_, count)| *count);
        let retries = self.trial.as_ref().map_or(retries, |trial| trial.borrow().retries);
        if retries >= retrier.max_attempts {
            return Ok(false);
        }
        let draw = self.draw();
        let delay = retrier.delay(retries, draw);
        self.inspect(|it| it.error_details.retry_backoff_interval_seconds = u32::try_from(delay / 1000).ok());
        let due = self.now().saturating_add(delay);
        self.emit(frame, Detail::RetryScheduled { retrier: index, due, draw })?;
        Ok(true)
    }

    /// Nothing in the branch took it: what the branch runs in fails with it.
    fn propagate(&mut self, frame: u32, failure: Failure) -> Outcome {
        let (parent, index, last) = {
            let frame = self.execution().frame(frame).ok_or(Exit::Closed)?;
            (frame.parent, frame.index, frame.last)
        };
        let Some(parent) = parent else { return self.emit(frame, Detail::ExecutionFailed(failure)) };
        let (running, iterates) = match self.execution().frame(parent).map(|parent| &parent.phase) {
            Some(Phase::Join(join)) => (join.running.clone(), join.items.is_some()),
            _ => (BTreeSet::new(), false),
        };
        // AWS tells of nothing that was left when the execution itself went wrong.
        let is_told = failure.error.as_deref() != Some(RUNTIME);
        let left = |machine: &Self, branch: u32| {
            let kind = machine.kind_of(branch).filter(|_| is_told)?;
            (branch != frame || kind == StateKind::Task).then_some(kind)
        };
        if !iterates {
            let left: Vec<StateKind> = running.iter().filter_map(|&branch| left(self, branch)).collect();
            self.leave(last, parent, left)?;
            self.emit_after(last, parent, Detail::ParallelFailed)?;
            return self.fail(parent, failure);
        }
        let own = left(self, frame);
        self.emit(frame, Detail::IterationFailed { index })?;
        self.leave(last, parent, own)?;
        for sibling in running.into_iter().filter(|&sibling| sibling != frame) {
            let of_sibling = left(self, sibling);
            self.abort([sibling])?;
            self.leave(last, parent, of_sibling)?;
        }
        self.emit_after(last, parent, Detail::MapFailed)?;
        self.fail(parent, failure)
    }

    /// What a branch is in, if it takes time or has something inside it.
    fn kind_of(&self, branch: u32) -> Option<StateKind> {
        let kind = self.execution().frame(branch)?.entry.as_ref()?.kind;
        let takes_time =
            matches!(kind, StateKind::Task | StateKind::Wait | StateKind::Parallel | StateKind::Map);
        takes_time.then_some(kind)
    }

    /// States of branches of `parent` end with the failure that the event `last` told of.
    fn leave(&mut self, last: u32, parent: u32, left: impl IntoIterator<Item = StateKind>) -> Outcome {
        left.into_iter().try_for_each(|kind| self.emit_after(last, parent, Detail::StateAborted { kind }))
    }
}
