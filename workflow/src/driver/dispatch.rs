//! Tasks that run in this process: each its own future, dropped when nobody awaits its result any more. Those whose
//! result is there at once need none.

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures::future::BoxFuture;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use crate::definition::{Pattern, Resource};
use crate::errors::TASK_FAILED;
use crate::journal::ExecutionId;
use crate::tasks::{TaskCall, TaskError, Tasks};
use crate::{Input, TaskKey};

pub(super) struct Dispatcher {
    tasks: Arc<dyn Tasks>,
    /// Dropped with the engine, and all that run with it.
    futures: JoinSet<Result<String, TaskError>>,
    /// Until the result is durable, so that nothing is given out twice meanwhile.
    running: HashMap<(ExecutionId, TaskKey), Option<AbortHandle>>,
    calls: HashMap<Id, Call>,
}

#[derive(Clone, Copy)]
struct Call {
    execution: ExecutionId,
    key: TaskKey,
    /// What the future answers is not the result: that comes with the token.
    by_callback: bool,
    /// The service first takes the call, and its end comes later.
    is_submitted: bool,
    /// It waits for another execution of this engine, and can do so again after a restart.
    is_watch: bool,
}

impl Dispatcher {
    pub(super) fn new(tasks: Arc<dyn Tasks>) -> Self {
        Self { tasks, futures: JoinSet::new(), running: HashMap::new(), calls: HashMap::new() }
    }

    pub(super) fn lot(&self, machine: &str, input: &str) -> Arc<str> {
        self.tasks.lot(machine, input)
    }

    pub(super) fn is_running(&self, execution: ExecutionId, key: TaskKey) -> bool {
        self.running.contains_key(&(execution, key))
    }

    /// Starts a task. Its result, if it is there at once. One that is alone, with nothing else to be done meanwhile, takes its
    /// first step right here: waking another thread for it takes as long as a commit does on a quick disk.
    pub(super) fn start(&mut self, execution: ExecutionId, task: TaskCall, is_alone: bool) -> Option<Input> {
        let is_submitted = matches!(&task.resource, Resource::Service { pattern, .. } if *pattern != Pattern::RequestResponse);
        let is_watch = is_submitted
            && task.token.is_none()
            && matches!(&task.resource, Resource::Service { service, .. } if service == "states");
        let by_callback = task.token.is_some();
        let call = Call { execution, key: task.key, by_callback, is_submitted, is_watch };
        if let Some(result) = self.tasks.at_once(&task) {
            self.running.insert((execution, call.key), None);
            return Some(call.says(result));
        }
        let tasks = self.tasks.clone();
        let mut future: BoxFuture<'static, _> = Box::pin(async move { tasks.run(task).await });
        if is_alone && let Some(input) = call.first_step(&mut future) {
            self.running.insert((execution, call.key), None);
            return Some(input);
        }
        let handle = self.futures.spawn(future);
        self.calls.insert(handle.id(), call);
        self.running.insert((execution, call.key), Some(handle));
        None
    }

    /// Forgets a task whose result is no longer awaited, and drops its future if it still runs.
    pub(super) fn cancel(&mut self, execution: ExecutionId, key: TaskKey) {
        if let Some(Some(handle)) = self.running.remove(&(execution, key)) {
            handle.abort();
        }
    }

    /// Drops every future that has not come to its end, and says whose they were.
    pub(super) fn give_up(&mut self) -> Vec<(ExecutionId, TaskKey)> {
        let mut given_up: Vec<_> = self.calls.values().map(|call| (call.execution, call.key)).collect();
        given_up.retain(|(execution, key)| self.is_running(*execution, *key));
        for (execution, key) in &given_up {
            self.cancel(*execution, *key);
        }
        given_up
    }

    /// Whether nothing is left that works. What only waits for another execution has nothing to lose.
    pub(super) fn is_idle(&self) -> bool {
        self.calls.values().all(|call| call.is_watch)
    }

    pub(super) fn has_test_case(&self, machine: &str, test_case: &str) -> bool {
        self.tasks.has_test_case(machine, test_case)
    }

    /// The next result; waits for ever when nothing runs.
    pub(super) async fn next(&mut self) -> (ExecutionId, Input) {
        loop {
            let Some(ended) = self.futures.join_next_with_id().await else {
                return std::future::pending().await;
            };
            if let Some(result) = self.result(ended) {
                return result;
            }
        }
    }

    /// A result that is there already.
    pub(super) fn try_next(&mut self) -> Option<(ExecutionId, Input)> {
        loop {
            let ended = self.futures.try_join_next_with_id()?;
            if let Some(result) = self.result(ended) {
                return Some(result);
            }
        }
    }

    /// What the end of a future says to its execution; nothing when it was cancelled.
    fn result(
        &mut self,
        ended: Result<(Id, Result<String, TaskError>), JoinError>,
    ) -> Option<(ExecutionId, Input)> {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let call = self.calls.remove(&id)?;
        let Call { execution, key, .. } = call;
        if !self.is_running(execution, key) {
            return None;
        }
        let input = match ended {
            Ok((_, result)) => call.says(result),
            Err(lost) => call.panicked(lost.try_into_panic().ok()),
        };
        Some((execution, input))
    }
}

impl Call {
    /// Polls the task once. What it says, if that was enough.
    fn first_step(self, future: &mut BoxFuture<'static, Result<String, TaskError>>) -> Option<Input> {
        // Nobody needs to be woken: who polls it next says anew whom to wake.
        let mut context = Context::from_waker(Waker::noop());
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context))) {
            Ok(Poll::Ready(result)) => Some(self.says(result)),
            Ok(Poll::Pending) => None,
            Err(panic) => Some(self.panicked(Some(panic))),
        }
    }

    fn panicked(self, panic: Option<Box<dyn Any + Send>>) -> Input {
        let Self { execution, key, .. } = self;
        let said = panic.and_then(|panic| {
            let text = panic.downcast_ref::<&str>().map(ToString::to_string);
            text.or_else(|| panic.downcast_ref::<String>().cloned())
        });
        tracing::error!(execution, ?key, said, "a task panicked");
        let why = said.unwrap_or_else(|| "it did not say why".into());
        let cause = format!("The worker panicked: {why}");
        Input::TaskFailed { key, error: Some(TASK_FAILED.into()), cause: Some(cause.into()) }
    }

    /// What a result says to the execution.
    fn says(self, result: Result<String, TaskError>) -> Input {
        let key = self.key;
        match result {
            Ok(output) if self.by_callback => Input::TaskSubmitted { key, output: output.into() },
            Ok(output) => Input::TaskSucceeded { key, output: output.into() },
            Err(TaskError { error, cause }) => {
                let (error, cause) = (Some(error.into()), Some(cause.into()));
                if self.is_submitted {
                    Input::TaskSubmitFailed { key, error, cause }
                } else {
                    Input::TaskFailed { key, error, cause }
                }
            }
        }
    }
}
