//! What can go wrong with media: a closed list, of plain data, because it crosses from the child to its parent.

use crate::audio::Container;

/// Why a job did not end well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
pub enum Problem {
    /// Not sound, or a kind of sound that is not decoded here.
    #[error("there is nothing here to convert: {found}")]
    Unsupported { found: String },
    /// Sound, but of a kind that another decoder than ours must take.
    #[error("{found} is not decoded here without the help of ffmpeg")]
    Foreign { found: String, container: Container },
    /// Damaged, incomplete, or lying about itself.
    #[error("{what}{}", missing(*.missing_samples))]
    Corrupt { what: String, missing_samples: Option<u64> },
    /// More of something than the limits allow, length in time aside.
    #[error("too large: {what}")]
    TooLarge { what: String },
    #[error("the recording is {seconds} s long or longer; the limit is {limit_seconds} s")]
    TooLong { seconds: u64, limit_seconds: u64 },
    /// The result does not read back as it was written.
    #[error("the result does not verify: {what}")]
    Unverified { what: String },
    #[error("stopped on request")]
    Cancelled,
    #[error("the source could not be read: {why}")]
    SourceFailed { why: String },
    #[error("the result could not be written: {why}")]
    SinkFailed { why: String },
}

impl Problem {
    pub(crate) fn unsupported(found: impl Into<String>) -> Self {
        Self::Unsupported { found: found.into() }
    }

    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into(), missing_samples: None }
    }

    pub(crate) fn sink(error: &std::io::Error) -> Self {
        Self::SinkFailed { why: error.to_string() }
    }

    pub(crate) fn source(error: &std::io::Error) -> Self {
        Self::SourceFailed { why: error.to_string() }
    }
}

fn missing(samples: Option<u64>) -> String {
    samples.map(|count| format!("; {count} samples are missing")).unwrap_or_default()
}
