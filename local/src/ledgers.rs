//! How what a ledger keeps, and what it fails with, is told to the ports.

use activities::ports::Fault;
use ledger::rusqlite;
use states::Timestamp;
use states::session::BrokenRecord;

/// Ledgers keep milliseconds since 1970.
pub(crate) fn instant(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

/// A failure of the ledger of `what`.
pub(crate) fn fault(what: &'static str, error: ledger::Error) -> Fault {
    match error {
        ledger::Error::Full(_) => Fault::Full,
        ledger::Error::Busy => Fault::Busy,
        error => Fault::Unavailable { what, why: error.to_string() },
    }
}

/// What can go wrong with a statement over records, before it becomes the port's [`Fault`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    #[error(transparent)]
    Broken(#[from] BrokenRecord),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl Failed {
    /// As a port tells it; `what` is the store.
    pub(crate) fn of(self, what: &'static str) -> Fault {
        match self {
            Self::Broken(broken) => Fault::Broken(broken),
            Self::Ledger(error) => fault(what, error),
        }
    }
}
