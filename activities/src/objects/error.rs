//! What can become of a request to the object store, told apart by what the caller should do next.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

/// Why an operation on an object did not happen. `object` is `bucket/key`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Retrying helps only once somebody made room.
    #[error("the object store is full; {object} was not stored")]
    Full { object: String },
    /// The store did not answer, or not with sense. Worth a retry later.
    #[error("the object store did not answer for {object}")]
    Unavailable {
        object: String,
        #[source]
        source: Box<aws_sdk_s3::Error>,
    },
    /// The answer began and broke off. Worth a retry.
    #[error("reading {object} broke off")]
    Interrupted {
        object: String,
        #[source]
        source: aws_smithy_types::byte_stream::error::Error,
    },
    /// What is stored is not (any more) what the caller meant: another ETag, or somebody else's object at the key.
    #[error("{object} is not what it was")]
    Changed { object: String },
    /// The store found that the bytes on its disk are not those it was given. A later read may fare better, if it was the
    /// reading that failed.
    #[error("the object store has found {object} damaged")]
    Damaged { object: String },
    #[error("{object} does not exist")]
    Missing { object: String },
    #[error("the object store denied access to {object}")]
    Denied { object: String },
    /// The caller asked for something no store could do.
    #[error("{object}: {reason}")]
    Invalid { object: String, reason: &'static str },
}

impl Error {
    /// Sorts what the SDK reports by its HTTP status and, where that is ambiguous, by the error's code.
    pub(crate) fn sort<E>(object: &str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata,
        aws_sdk_s3::Error: From<SdkError<E, HttpResponse>>,
    {
        let object = object.to_owned();
        if matches!(error, SdkError::ConstructionFailure(_)) {
            return Self::Invalid { object, reason: "no request can be made of this" };
        }
        let status = error.raw_response().map(|response| response.status().as_u16());
        match (status, error.code()) {
            (Some(507), _) => Self::Full { object },
            (_, Some("ObjectDamaged")) => Self::Damaged { object },
            (_, Some("PreconditionFailed" | "ConditionalRequestConflict")) | (Some(412), _) => {
                Self::Changed { object }
            }
            (_, Some("NoSuchKey" | "NoSuchUpload" | "NoSuchBucket")) | (Some(404), _) => {
                Self::Missing { object }
            }
            (Some(401 | 403), _) => Self::Denied { object },
            _ => Self::Unavailable { object, source: Box::new(error.into()) },
        }
    }
}
