//! Why a command failed, and the exit code that says so.

use std::process::ExitCode;

#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Config(#[from] crate::config::Error),
    #[error(transparent)]
    DataFolder(#[from] crate::data_folder::Error),
    #[error(transparent)]
    Assemble(#[from] crate::assemble::Error),
    #[error("{address} cannot be listened on: {source}")]
    Bind { address: std::net::SocketAddr, source: std::io::Error },
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{server} did not answer: {why}")]
    NoAnswer { server: String, why: String },
    /// The server's own words, from its problem document.
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Usage(String),
}

impl Failure {
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Config(_) | Self::Usage(_) => 2,
            Self::NoAnswer { .. } => 3,
            Self::Refused(_) => 4,
            Self::DataFolder(_) | Self::Assemble(_) | Self::Bind { .. } | Self::Io(_) => 1,
        })
    }
}
