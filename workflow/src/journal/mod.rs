//! The journal: everything of the engine that outlives the process.
//!
//! The port is three roles, each with two implementations: [`SqliteJournal`] on a ledger file, and [`MemoryJournal`] for
//! tests, simulations and `asl run`. Whatever a method answers, it answers when it is durable; reads see durable rows only.
//!
//! Not here: what an event means (`history`), and when to append (`driver`).

mod memory;
mod rows;
mod sqlite;

use crate::Millis;
use async_trait::async_trait;

pub use memory::MemoryJournal;
pub use rows::{
    Activity, Append, Appended, Closed, Created, EventRow, ExecutionId, ExecutionRow, Kind, Listing, Machine,
    MachineId, NewExecution, NewMachine, Revision, RevisionId, RunStatus, Unfinished,
};
pub use sqlite::SqliteJournal;

/// All three roles.
pub trait Journal: Executions + Machines + Activities {}

impl<T: Executions + Machines + Activities> Journal for T {}

/// Executions and their events.
#[async_trait]
pub trait Executions: Send + Sync + 'static {
    /// Stores all of `batch` in one commit, or nothing. Answers in the batch's order.
    async fn append(&self, batch: Vec<Append>) -> Result<Vec<Appended>, Error>;

    /// Gives an execution up whose history cannot be read.
    async fn park(&self, execution: ExecutionId, at: Millis) -> Result<(), Error>;

    fn execution(&self, which: Which<'_>) -> Result<Option<ExecutionRow>, Error>;

    fn executions(&self, listing: &Listing) -> Result<Vec<ExecutionRow>, Error>;

    /// Executions that have not ended, in order of their ids, `after` excluded.
    fn unfinished(&self, after: ExecutionId, limit: u32) -> Result<Vec<Unfinished>, Error>;

    /// The rows that hold events from number `from` (counted from 0) on: at most `limit` rows. A row that is not what
    /// was written, or not the one that must come next, is [`Error::Corrupt`].
    fn events(&self, execution: ExecutionId, from: u32, limit: u32) -> Result<Vec<EventRow>, Error>;
}

/// How to name an execution.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    Id(ExecutionId),
    /// The newest one, when a deleted machine of the same name had one of this name too.
    Named {
        machine: &'a str,
        name: &'a str,
    },
    /// The last one started, whichever it is.
    Newest,
}

/// State machines and their revisions.
#[async_trait]
pub trait Machines: Send + Sync + 'static {
    async fn create_machine(&self, new: NewMachine) -> Result<Created<Machine>, Error>;

    /// Gives the machine this definition from now on. What runs of it keeps the revision it began with.
    async fn revise_machine(
        &self,
        machine: &Machine,
        definition: String,
        at: Millis,
    ) -> Result<RevisionId, Error>;

    /// Hides the machine; what runs of it goes on. Whether there was one.
    async fn delete_machine(&self, name: &str, at: Millis) -> Result<bool, Error>;

    fn machine(&self, name: &str) -> Result<Option<Machine>, Error>;

    fn machines(&self, after: MachineId, limit: u32) -> Result<Vec<Machine>, Error>;

    fn revision(&self, id: RevisionId) -> Result<Revision, Error>;
}

/// Activities that workers poll.
#[async_trait]
pub trait Activities: Send + Sync + 'static {
    async fn create_activity(&self, activity: Activity) -> Result<Created<Activity>, Error>;

    /// Whether there was one.
    async fn delete_activity(&self, name: &str) -> Result<bool, Error>;

    fn activity(&self, name: &str) -> Result<Option<Activity>, Error>;

    /// In order of their names, `after` excluded.
    fn activities(&self, after: &str, limit: u32) -> Result<Vec<Activity>, Error>;
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    #[error("the journal could not be read or written")]
    Ledger(#[from] ledger::Error),
    #[error("event {event} of execution {execution} is not what was written")]
    Corrupt { execution: ExecutionId, event: u32 },
    #[error("the definition of revision {0} is not what was written")]
    CorruptDefinition(RevisionId),
    #[error("the journal has no revision {0}")]
    NoRevision(RevisionId),
    #[error("execution {0} was changed by somebody else")]
    Conflict(ExecutionId),
}

impl From<ledger::rusqlite::Error> for Error {
    fn from(error: ledger::rusqlite::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// Checks that `rows` follow each other without a gap and hold event `from`.
fn in_sequence(execution: ExecutionId, from: u32, rows: Vec<EventRow>) -> Result<Vec<EventRow>, Error> {
    let mut next = rows.first().map_or(0, |row| row.first.min(from));
    for row in &rows {
        if row.first != next {
            return Err(Error::Corrupt { execution, event: next });
        }
        next = row.first + row.count;
    }
    Ok(rows)
}

#[cfg(test)]
mod tests;
