//! What follows a failure: a retry, a catch, or the failure of whatever the branch runs in.

use super::machine::{Exit, Machine, Outcome};
use crate::execution::frame::Phase;
use crate::history::{Detail, Failure};
use crate::state::{Body, State};

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
        let siblings = match self.execution().frame(parent).map(|parent| &parent.phase) {
            Some(Phase::Join(join)) if join.items.is_some() => Some(join.running.clone()),
            _ => None,
        };
        let Some(siblings) = siblings else {
            self.emit_after(last, parent, Detail::ParallelFailed)?;
            return self.fail(parent, failure);
        };
        self.emit(frame, Detail::IterationFailed { index })?;
        self.abort(siblings.into_iter().filter(|&sibling| sibling != frame))?;
        self.emit_after(last, parent, Detail::MapFailed)?;
        self.fail(parent, failure)
    }
}
