//! How work in a child can fail, and what kind of problem of a session that is.

use std::io;
use std::time::Duration;

use media::Problem;
use states::problem::{Kind, Problem as SessionProblem};

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The child ended well and says that the media are at fault, or that it was told to stop.
    #[error("{0}")]
    Media(#[source] Problem),
    #[error("the source could not be read")]
    Source(#[source] io::Error),
    #[error("the result could not be written")]
    Sink(#[source] io::Error),
    #[error("stopped on request")]
    Cancelled,
    #[error("the worker died: {how}")]
    Crashed { how: String },
    /// It broke the protocol; it was killed.
    #[error("the worker spoke nonsense: {what}")]
    Garbled { what: String },
    #[error("the worker used more than the {seconds} s of processor time it may use")]
    CpuExhausted { seconds: u64 },
    #[error("the work took longer than {limit:?}")]
    TimedOut { limit: Duration },
    #[error("the worker was silent for {limit:?}")]
    Hung { limit: Duration },
    #[error("the worker needed more memory than it may use")]
    OutOfMemory,
    #[error("no worker could be started")]
    NotStarted(#[source] io::Error),
    /// A program that it takes is not here.
    #[error("{0}")]
    Missing(String),
}

impl Failure {
    fn kind(&self) -> Kind {
        match self {
            Self::Media(problem) => kind_of(problem),
            Self::Source(_) => Kind::StorageUnavailable,
            Self::Sink(error) if error.kind() == io::ErrorKind::StorageFull => Kind::StorageFull,
            Self::Sink(_) => Kind::StorageUnavailable,
            Self::Cancelled => Kind::Cancelled,
            Self::Crashed { .. } | Self::Garbled { .. } | Self::NotStarted(_) => Kind::WorkerCrashed,
            Self::CpuExhausted { .. } | Self::TimedOut { .. } | Self::Hung { .. } => Kind::TimedOut,
            Self::OutOfMemory => Kind::OutOfMemory,
            Self::Missing(_) => Kind::RecipeUnavailable,
        }
    }

    /// The session's problem. An IO error that carries one of its own (the object store's do) keeps it.
    pub fn into_problem(self) -> SessionProblem {
        if let Self::Source(error) | Self::Sink(error) = &self
            && let Some(problem) = error.get_ref().and_then(|inner| inner.downcast_ref::<Carried>())
        {
            return problem.0.clone();
        }
        let kind = self.kind();
        let detail = match std::error::Error::source(&self) {
            Some(cause) if !matches!(self, Self::Media(_)) => format!("{self}: {cause}"),
            _ => self.to_string(),
        };
        SessionProblem::new(kind, sentence(&detail))
    }

    /// An IO error by which a source or a sink says which problem of the session it is.
    pub fn carrying(problem: SessionProblem) -> io::Error {
        io::Error::other(Carried(problem))
    }
}

/// An error's words as people are told them: behind a title that is a sentence too.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

#[derive(Debug, thiserror::Error)]
#[error("{}", .0.detail)]
struct Carried(SessionProblem);

fn kind_of(problem: &Problem) -> Kind {
    match problem {
        Problem::Unsupported { .. } | Problem::Foreign { .. } => Kind::UnsupportedMedia,
        Problem::Corrupt { .. } => Kind::MediaCorrupt,
        Problem::TooLarge { .. } => Kind::TooLarge,
        Problem::TooLong { .. } => Kind::TooLong,
        Problem::Unverified { .. } => Kind::OutputUnverified,
        Problem::Cancelled => Kind::Cancelled,
        Problem::SourceFailed { .. } | Problem::SinkFailed { .. } => Kind::StorageUnavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_carried_by_an_io_error_is_kept() {
        let problem = SessionProblem::new(Kind::SourceChanged, "the object was replaced");
        let failure = Failure::Source(Failure::carrying(problem.clone()));
        assert_eq!(failure.into_problem(), problem);
        let failure = Failure::Sink(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(failure.into_problem().kind, Kind::StorageFull);
        assert_eq!(
            Failure::OutOfMemory.into_problem().detail,
            "The worker needed more memory than it may use."
        );
    }
}
