//! What follows a failure: a retry, a catch, or the failure of whatever the branch runs in.

use super::machine::{Exit, Machine, Outcome};
use crate::execution::frame::Phase;
use crate::history::{Detail, Failure};
use crate::state::{Datum, State};
use serde_json::json;

impl Machine<'_> {
    pub(super) fn fail(&mut self, frame: u32, mut failure: Failure) -> Outcome {
        let state = self.state(frame)?;
        self.abandon(frame)?;
        if self.retry(state, frame, &failure)? {
            return Ok(());
        }
        let error = failure.error.as_deref();
        if let Some(catcher) = state.catch.iter().find(|catcher| catcher.matches(error)) {
            let caught = json!({"Error": failure.error.as_deref().unwrap_or_default(), "Cause": failure.cause.as_deref().unwrap_or_default()});
            let output = catcher.result_path.merge(self, frame, Datum::Made(caught));
            match output.and_then(|output| self.exit(frame, output, Some(catcher.next))) {
                // The error does not fit into the input: that is the failure now, and nothing catches it here.
                Err(Exit::Failed(worse)) => failure = worse,
                other => return other,
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
        let retries = entry.retries.iter().find(|(used, _)| *used == index).map_or(0, |(_, count)| *count);
        if retries >= retrier.max_attempts {
            return Ok(false);
        }
        let draw = self.draw();
        let due = self.now().saturating_add(retrier.delay(retries, draw));
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
