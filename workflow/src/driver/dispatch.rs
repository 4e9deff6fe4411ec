//! Tasks that run in this process: each its own future, dropped when nobody awaits its result any more. Those whose
//! result is there at once need none.

use std::collections::HashMap;
use std::sync::Arc;

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

    /// Starts a task. Its result, if it is there at once.
    pub(super) fn start(&mut self, execution: ExecutionId, task: TaskCall) -> Option<Input> {
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
        let handle = self.futures.spawn(async move { tasks.run(task).await });
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
            Err(lost) => {
                tracing::error!(execution, ?key, error = %lost, "a task panicked");
                Input::TaskFailed { key, error: Some(TASK_FAILED.into()), cause: Some(why(lost).into()) }
            }
        };
        Some((execution, input))
    }
}

impl Call {
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

fn why(lost: JoinError) -> String {
    let said = lost.try_into_panic().ok().and_then(|panic| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        text.or_else(|| panic.downcast_ref::<String>().cloned())
    });
    format!("The worker panicked: {}", said.unwrap_or_else(|| "it did not say why".into()))
}
