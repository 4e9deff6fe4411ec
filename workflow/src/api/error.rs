//! Every error of the API: AWS's type, AWS's words, and nothing of our insides.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::driver::Error;
use crate::{Problem, Refused};

/// What the client gets in place of an answer.
pub(crate) struct Failure {
    pub(super) status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Failure {
    pub(crate) fn kind(&self) -> &'static str {
        self.kind
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    pub(super) fn body(&self) -> Value {
        json!({ "__type": self.kind, "message": self.message })
    }

    pub(super) fn unknown_operation() -> Self {
        client("UnknownOperationException", "The operation is not known.".into())
    }

    pub(super) fn serialization(what: &str) -> Self {
        client("SerializationException", what.to_owned())
    }

    /// What the form of a request violates, all of it.
    pub(super) fn violations(violations: &[String]) -> Self {
        let (count, all) = (violations.len(), violations.join("; "));
        let noun = if count == 1 { "error" } else { "errors" };
        client("ValidationException", format!("{count} validation {noun} detected: {all}"))
    }

    pub(super) fn validation(message: &str) -> Self {
        client("ValidationException", message.to_owned())
    }

    pub(super) fn role(arn: &str) -> Self {
        client("InvalidArn", format!("Invalid Role Arn: '{arn}'"))
    }

    pub(super) fn logging(what: &str) -> Self {
        client("InvalidLoggingConfiguration", format!("Invalid Logging Configuration: {what}"))
    }

    pub(super) fn encryption(what: &str) -> Self {
        client("InvalidEncryptionConfiguration", format!("Invalid Encryption Configuration: {what}"))
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
            Error::Refused(refused) => from_refused(*refused),
            refused => client(kind(refused), message(refused)),
        }
    }
}

/// AWS's name for what the engine refused.
fn kind(error: &Error) -> &'static str {
    match error {
        Error::InvalidName(_) => "InvalidName",
        Error::InvalidArn(_) | Error::NoTestCase { .. } => "InvalidArn",
        Error::InvalidDefinition(_) => "InvalidDefinition",
        Error::InvalidInput(_) => "InvalidExecutionInput",
        Error::InvalidOutput(_) => "InvalidOutput",
        Error::InvalidPage | Error::InvalidToken => "InvalidToken",
        Error::Invalid(_) => "ValidationException",
        Error::MissingParameter(_) => "MissingRequiredParameter",
        Error::Conflict(_) => "ConflictException",
        Error::QuotaExceeded(_) => "ServiceQuotaExceededException",
        Error::TooManyTags(_) => "TooManyTags",
        Error::NoResource(_) | Error::NoAlias => "ResourceNotFound",
        Error::NoMachine(_) => "StateMachineDoesNotExist",
        Error::Deleting(_) => "StateMachineDeleting",
        Error::MachineExists(_) => "StateMachineAlreadyExists",
        Error::NoExecution(_) => "ExecutionDoesNotExist",
        Error::ExecutionExists(_) => "ExecutionAlreadyExists",
        Error::NoActivity(_) => "ActivityDoesNotExist",
        Error::ActivityExists(_) => "ActivityAlreadyExists",
        Error::TypeNotSupported => "StateMachineTypeNotSupported",
        Error::NotRedrivable(_) => "ExecutionNotRedrivable",
        Error::TooManyPollers => "ActivityWorkerLimitExceeded",
        Error::ReadOnly(_) => "AccessDeniedException",
        Error::Busy
        | Error::Closed
        | Error::Journal(_)
        | Error::Unreadable { .. }
        | Error::Damaged { .. }
        | Error::Refused(_) => "InternalFailure",
    }
}

/// AWS's words for it.
fn message(error: &Error) -> String {
    match error {
        Error::InvalidName(name) => format!("Invalid Name: '{name}'"),
        Error::InvalidArn(why) => format!("Invalid Arn: '{why}'"),
        Error::NoTestCase { .. } => format!("Invalid Arn: '{error}'"),
        Error::InvalidDefinition(problems) => definition(problems),
        Error::InvalidInput(why) => format!("Invalid State Machine Execution Input: '{why}'"),
        Error::InvalidOutput(why) => format!("Invalid Output: '{why}'"),
        Error::InvalidPage | Error::InvalidToken => "Invalid Token: 'Invalid token'".into(),
        Error::Invalid(message) | Error::Conflict(message) | Error::QuotaExceeded(message) => message.clone(),
        Error::NotRedrivable(message) => message.clone(),
        Error::TypeNotSupported => "This operation is not supported by this type of state machine".into(),
        Error::MissingParameter(message) => (*message).to_owned(),
        Error::TooManyTags(arn) => format!("'{arn}' cannot have more than 50 tags"),
        Error::NoResource(arn) => format!("Resource not found: '{arn}'"),
        Error::NoAlias => "Request references a resource that does not exist.".into(),
        Error::NoMachine(arn) => format!("State Machine Does Not Exist: '{arn}'"),
        Error::Deleting(arn) => format!("State Machine is being deleted: '{arn}'"),
        Error::MachineExists(arn) => format!("State Machine Already Exists: '{arn}'"),
        Error::NoExecution(arn) => format!("Execution Does Not Exist: '{arn}'"),
        Error::ExecutionExists(arn) => format!("Execution Already Exists: '{arn}'"),
        Error::NoActivity(arn) => format!("Activity Does Not Exist: '{arn}'"),
        Error::ActivityExists(arn) => format!("Activity Already Exists: '{arn}'"),
        Error::TooManyPollers => {
            "Activity Worker Limit Exceeded: 'The maximum number of workers poll this activity'".into()
        }
        Error::ReadOnly(machine) => format!("'{machine}' may only be looked at through this endpoint."),
        unexpected => unexpected.to_string(),
    }
}

fn from_refused(refused: Refused) -> Failure {
    match refused {
        Refused::NotJson => client("InvalidOutput", "Invalid Output: 'It is not JSON'".into()),
        Refused::TaskDoesNotExist => client("TaskDoesNotExist", "Task Does Not Exist: 'No such task'".into()),
        Refused::NotRedrivable => client("ExecutionNotRedrivable", refused.to_string()),
        Refused::TaskTimedOut | Refused::Closed | Refused::AlreadyStarted | Refused::NotStarted => {
            client("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'".into())
        }
    }
}

/// All problems in AWS's form; they are few, and a client that mends one wants to know of the others.
fn definition(problems: &[Problem]) -> String {
    let all = problems.iter().map(Problem::to_string).collect::<Vec<_>>().join(", ");
    format!("Invalid State Machine Definition: '{all}'")
}
