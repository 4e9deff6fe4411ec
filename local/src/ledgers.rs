//! How what a ledger keeps, and what it fails with, is told to the ports.

use activities::ports::Fault;
use states::Timestamp;

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
