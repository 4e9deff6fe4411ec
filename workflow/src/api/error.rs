//! Every error of the API: AWS's type, AWS's words, and nothing of our insides.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::driver::Error;
use crate::{Problem, Refused};

/// What the client gets in place of an answer.
pub(super) struct Failure {
    pub(super) status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Failure {
    pub(super) fn body(&self) -> Value {
        json!({ "__type": self.kind, "message": self.message })
    }

    pub(super) fn unknown_operation() -> Self {
        client("UnknownOperationException", "The operation is not known.".into())
    }

    pub(super) fn serialization(what: &str) -> Self {
        client("SerializationException", what.to_owned())
    }

    pub(super) fn validation(field: &str, value: &str, rule: &str) -> Self {
        let message =
            format!("1 validation error detected: {value} at '{field}' failed to satisfy constraint: {rule}");
        client("ValidationException", message)
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let message = format!("The request is longer than {limit} bytes.");
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, kind: "RequestEntityTooLargeException", message }
    }
}

fn client(kind: &'static str, message: String) -> Failure {
    Failure { status: StatusCode::BAD_REQUEST, kind, message }
}

fn internal(error: &Error) -> Failure {
    tracing::error!(error = error as &dyn std::error::Error, "a request failed");
    let message = "The request could not be done; nothing of it is stored.".into();
    Failure { status: StatusCode::INTERNAL_SERVER_ERROR, kind: "InternalFailure", message }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match &error {
            Error::Busy => client("ThrottlingException", "Rate exceeded".into()),
            Error::Closed => Self {
                status: StatusCode::SERVICE_UNAVAILABLE,
                kind: "ServiceUnavailableException",
                message: "The engine is shutting down.".into(),
            },
            Error::Journal(_) | Error::Unreadable { .. } | Error::Damaged { .. } => internal(&error),

            Error::InvalidName(name) => client("InvalidName", format!("Invalid Name: '{name}'")),
            Error::InvalidArn(why) => client("InvalidArn", format!("Invalid Arn: '{why}'")),
            Error::InvalidDefinition(problems) => client("InvalidDefinition", definition(problems)),
            Error::InvalidInput(why) => {
                client("InvalidExecutionInput", format!("Invalid State Machine Execution Input: '{why}'"))
            }
            Error::InvalidOutput(why) => client("InvalidOutput", format!("Invalid Output: '{why}'")),
            Error::InvalidPage | Error::InvalidToken => {
                client("InvalidToken", "Invalid Token: 'Invalid token'".into())
            }

            Error::NoMachine(arn) => {
                client("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'"))
            }
            Error::MachineExists(arn) => {
                client("StateMachineAlreadyExists", format!("State Machine Already Exists: '{arn}'"))
            }
            Error::NoExecution(arn) => {
                client("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'"))
            }
            Error::ExecutionExists(arn) => {
                client("ExecutionAlreadyExists", format!("Execution Already Exists: '{arn}'"))
            }
            Error::NoActivity(arn) => {
                client("ActivityDoesNotExist", format!("Activity Does Not Exist: '{arn}'"))
            }
            Error::TooManyPollers => client(
                "ActivityWorkerLimitExceeded",
                "Activity Worker Limit Exceeded: 'The maximum number of workers poll this activity'".into(),
            ),
            Error::Refused(refused) => from_refused(*refused),
            Error::ReadOnly(machine) => client(
                "AccessDeniedException",
                format!("'{machine}' may only be looked at through this endpoint."),
            ),
        }
    }
}

fn from_refused(refused: Refused) -> Failure {
    match refused {
        Refused::NotJson => client("InvalidOutput", "Invalid Output: 'It is not JSON'".into()),
        Refused::TaskDoesNotExist => client("TaskDoesNotExist", "Task Does Not Exist: 'No such task'".into()),
        Refused::TaskTimedOut | Refused::Closed | Refused::AlreadyStarted | Refused::NotStarted => {
            client("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'".into())
        }
    }
}

/// All problems in AWS's form; they are few, and a client that mends one wants to know of the others.
fn definition(problems: &[Problem]) -> String {
    let said = |problem: &Problem| {
        let pointer = if problem.pointer.is_empty() { "/" } else { &problem.pointer };
        format!("{} at {pointer}", problem.message)
    };
    let all = problems.iter().map(said).collect::<Vec<_>>().join(", ");
    format!("Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: {all}'")
}
