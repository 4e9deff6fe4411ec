//! What can go wrong in the endpoint, and the S3 error each becomes: the one place where that is decided.

use std::io;

use http::StatusCode;
use s3s::{S3Error, S3ErrorCode, StdError};
use service::serve::BodyError;

/// Why an operation was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the object rows")]
    Ledger(#[from] ledger::Error),
    #[error("file {name} of the object store")]
    File {
        name: String,
        #[source]
        source: io::Error,
    },
    #[error("the disk is full")]
    Full,
    #[error("another process serves {0}")]
    InUse(std::path::PathBuf),
    /// The disk has spoiled it, and no other copy is known.
    #[error("{name} is not what was stored: {what}")]
    Corrupt { name: String, what: &'static str },
    #[error("the handler did not take the event")]
    Handler(#[source] StdError),
    #[error("the endpoint is shutting down")]
    Stopping,
    #[error("the body broke off or was garbled")]
    Body(#[source] StdError),
    #[error("{got} bytes came where {expected} were announced")]
    Length { expected: u64, got: u64 },
    #[error("the body does not match its {0}")]
    Digest(&'static str),
    #[error("{0}")]
    Invalid(&'static str),
    #[error("the key is longer than 1024 bytes")]
    KeyTooLong,
    #[error("there is no bucket {0}")]
    NoSuchBucket(String),
    #[error("there is no such object")]
    NoSuchKey,
    #[error("there is no such version of the object")]
    NoSuchVersion,
    #[error("there is no such upload")]
    NoSuchUpload,
    #[error("the condition {0} does not hold")]
    Precondition(&'static str),
    #[error("the object has not changed")]
    NotModified,
    #[error("the range lies outside the object")]
    Range,
    #[error("part {0} was not uploaded with this ETag")]
    Part(i32),
    #[error("the parts are not in ascending order")]
    PartOrder,
    #[error("part {number} has {size} bytes; all but the last need 5 MiB")]
    PartTooSmall { number: i32, size: u64 },
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl Error {
    /// A failure on one file of the store. A full disk, a full quota and a file-size limit are the same to a client.
    pub(super) fn file(name: &str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full
            }
            _ => Self::File { name: name.to_owned(), source },
        }
    }

    fn code(&self) -> S3ErrorCode {
        match self {
            Self::Full | Self::Ledger(ledger::Error::Full(_) | ledger::Error::RolledBack) => {
                S3ErrorCode::Custom("InsufficientStorage".into())
            }
            Self::Ledger(ledger::Error::Busy) | Self::Stopping => S3ErrorCode::SlowDown,
            Self::Ledger(_) | Self::File { .. } | Self::InUse(_) | Self::Handler(_) => {
                S3ErrorCode::InternalError
            }
            Self::Corrupt { .. } => S3ErrorCode::Custom("ObjectDamaged".into()),
            Self::Body(source) if is_timeout(source.as_ref()) => S3ErrorCode::RequestTimeout,
            Self::Body(source) if is_wrong_hash(source.as_ref()) => S3ErrorCode::BadDigest,
            Self::Body(_) | Self::Length { .. } => S3ErrorCode::IncompleteBody,
            Self::Digest(_) => S3ErrorCode::BadDigest,
            Self::Invalid(_) => S3ErrorCode::InvalidArgument,
            Self::KeyTooLong => S3ErrorCode::KeyTooLongError,
            Self::NoSuchBucket(_) => S3ErrorCode::NoSuchBucket,
            Self::NoSuchKey => S3ErrorCode::NoSuchKey,
            Self::NoSuchVersion => S3ErrorCode::NoSuchVersion,
            Self::NoSuchUpload => S3ErrorCode::NoSuchUpload,
            Self::Precondition(_) => S3ErrorCode::PreconditionFailed,
            Self::NotModified => S3ErrorCode::NotModified,
            Self::Range => S3ErrorCode::InvalidRange,
            Self::Part(_) => S3ErrorCode::InvalidPart,
            Self::PartOrder => S3ErrorCode::InvalidPartOrder,
            Self::PartTooSmall { .. } => S3ErrorCode::EntityTooSmall,
        }
    }
}

impl From<Error> for S3Error {
    fn from(error: Error) -> Self {
        let code = error.code();
        // What went wrong inside is for the log; the client is told that something did.
        let inside = match &error {
            Error::Corrupt { .. } => Some("the stored object is damaged"),
            _ if matches!(code, S3ErrorCode::InternalError) => Some("the object store failed"),
            _ => None,
        };
        if inside.is_some() {
            tracing::error!(error = &error as &dyn std::error::Error, "an object operation failed");
        }
        // S3 has no codes for these, and so no status either.
        let status = match &error {
            Error::Corrupt { .. } => Some(StatusCode::INTERNAL_SERVER_ERROR),
            _ if matches!(code, S3ErrorCode::Custom(_)) => Some(StatusCode::INSUFFICIENT_STORAGE),
            _ => None,
        };
        let mut answer = Self::with_message(code, inside.map_or_else(|| error.to_string(), str::to_owned));
        if let Some(status) = status {
            answer.set_status_code(status);
        }
        answer
    }
}

fn is_timeout(error: &(dyn std::error::Error + 'static)) -> bool {
    causes(error).any(|cause| matches!(cause.downcast_ref(), Some(BodyError::TooSlow)))
}

/// The protocol crate checks the signed hash of a body while we read it, and keeps its error type to itself.
fn is_wrong_hash(error: &(dyn std::error::Error + 'static)) -> bool {
    causes(error).any(|cause| cause.to_string().ends_with("Sha256Mismatch"))
}

fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}
