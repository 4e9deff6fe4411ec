//! The port to whoever does the work of a Task state.
//!
//! A call may come more than once: after a restart the engine does not know whether the first one finished. The engine
//! drops the future when the result is no longer awaited: stopped, timed out, or answered by a callback.

use std::sync::Arc;

use async_trait::async_trait;

use crate::TaskKey;
use crate::definition::Resource;
use crate::driver::{Begin, HeartbeatHandle, Submit};
use crate::errors::RUNTIME;

#[async_trait]
pub trait Tasks: Send + Sync + 'static {
    /// The result of a call that takes no work and no time, such as a mocked one. It is asked for by the engine's loop,
    /// which waits for it. `None` sends the call to [`run`](Self::run).
    fn at_once(&self, _call: &TaskCall) -> Option<Result<String, TaskError>> {
        None
    }

    /// Does the work; the answer is JSON text. For a callback it is what the service said on taking the call.
    async fn run(&self, call: TaskCall) -> Result<String, TaskError>;

    /// Which lot a task of an activity is of. Of those that wait for a worker, the lots take turns, so that a thousand of one
    /// do not hold up one of another.
    fn lot(&self, _machine: &str, _input: &str) -> Arc<str> {
        Arc::from("")
    }

    /// Whether executions of this machine may be started as this test case.
    fn has_test_case(&self, _machine: &str, _test_case: &str) -> bool {
        false
    }
}

/// One try of one task.
pub struct TaskCall {
    pub resource: Resource,
    /// The state's name, and the state machine's.
    pub state: String,
    pub machine: String,
    /// The test case that the execution was started with.
    pub test_case: Option<Arc<str>>,
    pub execution_arn: String,
    /// With the execution's ARN, what a worker may use to recognise a repeated call.
    pub key: TaskKey,
    /// JSON text.
    pub input: Arc<str>,
    /// Present when the result is to come by SendTaskSuccess or SendTaskFailure.
    pub token: Option<String>,
    /// Counted from 1; more than 1 when an engine died while it had the task. One that stopped in order took it back.
    pub dispatch: u32,
    /// To be told when the work begins, before anything that could end badly.
    pub begin: Begin,
    /// To be told when a service has taken a call whose end is awaited here.
    pub submit: Submit,
    pub heartbeat: HeartbeatHandle,
}

/// How a task failed: the name that Retry and Catch match, and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {cause}")]
pub struct TaskError {
    pub error: String,
    pub cause: String,
}

/// For an engine whose state machines call nothing in the process.
pub struct NoTasks;

#[async_trait]
impl Tasks for NoTasks {
    async fn run(&self, call: TaskCall) -> Result<String, TaskError> {
        Err(TaskError {
            error: RUNTIME.into(),
            cause: format!("This engine has nothing that runs {:?}.", call.resource),
        })
    }
}
