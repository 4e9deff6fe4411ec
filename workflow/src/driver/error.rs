//! Why the engine did not do what it was asked.

use crate::{Problem, Refused, journal};

#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    #[error("too much is waiting already; try again later")]
    Busy,
    #[error("the engine is shutting down")]
    Closed,
    #[error("nothing was stored or read")]
    Journal(#[from] journal::Error),
    #[error("the definition of {machine} cannot be read any more: {}", first(.problems))]
    Unreadable { machine: String, problems: Vec<Problem> },
    #[error("the history of execution {execution} is damaged: {reason}")]
    Damaged { execution: journal::ExecutionId, reason: String },

    #[error("not a name: {0:?}")]
    InvalidName(String),
    #[error("{0}")]
    InvalidArn(String),
    #[error("the definition is not valid: {}", first(.0))]
    InvalidDefinition(Vec<Problem>),
    #[error("the input is not valid: {0}")]
    InvalidInput(String),
    #[error("the output is not valid: {0}")]
    InvalidOutput(String),
    #[error("not a page token")]
    InvalidPage,

    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    MissingParameter(&'static str),
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    QuotaExceeded(String),
    #[error("{0} may not have that many tags")]
    TooManyTags(String),

    #[error("there is no {0}")]
    NoResource(String),
    #[error("there is no such alias")]
    NoAlias,
    #[error("there is no state machine {0}")]
    NoMachine(String),
    #[error("state machine {0} is being deleted")]
    Deleting(String),
    #[error("there is another state machine {0}")]
    MachineExists(String),
    #[error("there are no mocks for a test case {test_case} of {machine}")]
    NoTestCase { machine: String, test_case: String },
    #[error("there is no execution {0}")]
    NoExecution(String),
    #[error("there is another execution {0}")]
    ExecutionExists(String),
    #[error("there is an activity {0} with another configuration")]
    ActivityExists(String),
    #[error("there is no activity {0}")]
    NoActivity(String),
    #[error("this is not for machines of this type")]
    TypeNotSupported,
    #[error("{0}")]
    NotRedrivable(String),
    #[error("too many workers poll this activity")]
    TooManyPollers,
    #[error("not a task token")]
    InvalidToken,
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("{0} may only be looked at from here")]
    ReadOnly(String),
}

fn first(problems: &[Problem]) -> String {
    problems.first().map(|problem| format!("{} at {}", problem.message, problem.pointer)).unwrap_or_default()
}
