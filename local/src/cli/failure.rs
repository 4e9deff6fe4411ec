//! Why a command failed, and the exit code that says so.

use std::io;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::files::Trouble;

#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Config(#[from] crate::config::Error),
    #[error(transparent)]
    DataFolder(#[from] crate::data_folder::Error),
    #[error(transparent)]
    Assemble(#[from] crate::assemble::Error),
    #[error(transparent)]
    Tls(#[from] service::serve::tls::Error),
    #[error(transparent)]
    People(#[from] service::people::Refused),
    #[error("people.db cannot be used: {0}")]
    Store(#[from] ledger::Error),
    #[error(transparent)]
    Services(#[from] workflow::services::NoClient),
    #[error(transparent)]
    Backup(#[from] crate::backup::Error),
    #[error("{address} cannot be listened on: {source}")]
    Bind { address: std::net::SocketAddr, source: io::Error },
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    File(#[from] Trouble),
    #[error("{server} did not answer: {why}")]
    NoAnswer { server: String, why: String },
    /// The server's own words, and its problem document.
    #[error("{sentence}")]
    Refused { sentence: String, problem: Value },
    /// The server was asked well and answered, but not with what was needed.
    #[error("{0}")]
    Odd(String),
    #[error("{0}")]
    Usage(String),
    #[error("interrupted")]
    Interrupted { signal: i32 },
}

impl Failure {
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            _ if self.nobody_reads() => 0,
            Self::Config(_) | Self::Usage(_) => 2,
            Self::NoAnswer { .. } => 3,
            Self::Refused { .. } => 4,
            Self::Interrupted { signal } => u8::try_from(128 + signal).unwrap_or(1),
            Self::People(_) | Self::Store(_) | Self::Tls(_) => 1,
            Self::DataFolder(_) | Self::Assemble(_) | Self::Services(_) | Self::Bind { .. } => 1,
            Self::Io(_) | Self::File(_) | Self::Backup(_) | Self::Odd(_) => 1,
        })
    }

    /// Whether it is only that the reader of our output, such as `head`, has seen enough.
    pub(super) fn nobody_reads(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// As a program reads it.
    pub(super) fn document(&self) -> Value {
        let name = match self {
            Self::Refused { problem, .. } => return json!({ "problem": problem }),
            Self::NoAnswer { .. } => "no-answer",
            Self::File(trouble) => trouble.name(),
            Self::Interrupted { .. } => "interrupted",
            _ => "failed",
        };
        json!({ "problem": { "type": name, "title": self.to_string() } })
    }
}
