//! Why an activity failed, as the workflow sees it: a kind whose name Retry and Catch match, and a sentence.

use states::{Kind, Problem};

use crate::child;
use crate::moves::Refusal;
use crate::objects;
use crate::ports::Fault;

#[derive(Clone, Debug, thiserror::Error)]
#[error("{}: {}", .problem.kind, .problem.detail)]
pub struct Failure {
    pub problem: Problem,
}

impl Failure {
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { problem: Problem::new(kind, detail) }
    }

    /// A child that answers another question than it was asked is as good as a crashed one.
    pub fn odd_answer(answer: &media::Answer) -> Self {
        Self::new(Kind::WorkerCrashed, format!("The worker answered {answer:?}, which was not asked."))
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let kind = match fault {
            Fault::Full => Kind::StorageFull,
            Fault::Unavailable { .. } | Fault::Busy => Kind::StorageUnavailable,
            Fault::Broken(_) => Kind::WorkflowFailed,
        };
        Self::new(kind, fault.to_string())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Fault(fault) => fault.into(),
            other => Self::new(Kind::WorkflowFailed, other.to_string()),
        }
    }
}

impl From<objects::Error> for Failure {
    fn from(error: objects::Error) -> Self {
        let kind = match error {
            objects::Error::Full { .. } => Kind::StorageFull,
            objects::Error::Changed { .. } | objects::Error::Missing { .. } => Kind::SourceChanged,
            objects::Error::Damaged { .. } => Kind::StorageDamaged,
            objects::Error::Unavailable { .. }
            | objects::Error::Interrupted { .. }
            | objects::Error::Denied { .. }
            | objects::Error::Invalid { .. } => Kind::StorageUnavailable,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<child::Failure> for Failure {
    fn from(failure: child::Failure) -> Self {
        Self { problem: failure.into_problem() }
    }
}
