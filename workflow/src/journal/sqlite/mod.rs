//! The journal in one SQLite file, on a ledger: group commit, fsync, and committed reads are the ledger's.

mod activities;
mod aliases;
mod executions;
mod forgetting;
mod known;
mod machines;
mod map_runs;
mod tags;
mod versions;

use std::path::Path;
use std::sync::Arc;

use ledger::Ledger;
use ledger::rusqlite::types::Type;

use super::Error;
use known::Known;

/// Applied in order, each once. A released migration is never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("schema-2.sql"),
    include_str!("schema-3.sql"),
    include_str!("schema-4.sql"),
    include_str!("schema-5.sql"),
];

/// A handle; clones share the file's one writer.
#[derive(Clone)]
pub struct SqliteJournal {
    ledger: Ledger,
    known: Arc<Known>,
}

impl SqliteJournal {
    /// Opens or creates the file.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { ledger: Ledger::open(path, "journal", MIGRATIONS)?, known: Arc::default() })
    }
}

fn unreadable(
    column: usize,
    kind: Type,
    error: impl std::error::Error + Send + Sync + 'static,
) -> ledger::rusqlite::Error {
    ledger::rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
}
