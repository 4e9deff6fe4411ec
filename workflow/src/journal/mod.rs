//! The journal: everything of the engine that outlives the process.
//!
//! The port is seven roles, each with two implementations: [`SqliteJournal`] on a ledger file, and [`MemoryJournal`] for
//! tests, simulations and `asl run`. Whatever a method answers, it answers when it is durable; reads see durable rows only.
//!
//! Not here: what an event means (`history`), and when to append (`driver`).

mod machines;
mod map_runs;
mod memory;
mod rows;
mod sqlite;

use crate::Millis;
use async_trait::async_trait;

pub use machines::{
    Alias, AliasChange, Aliased, Kind, Machine, MachineId, NewMachine, NewRevision, Publish, Published,
    Revised, Revision, RevisionId, Routes, Tag, Tagged, Tagging, Unpublished, Version,
};
pub use map_runs::{
    Aged, Child, ChildOf, ItemPage, ItemsOf, MapRun, MapRunChange, MapRunEvent, MapRunKey, MapRuns,
    NewMapRun, Outworn, Tally,
};
pub use memory::MemoryJournal;
pub use rows::{
    Activity, Append, Appended, Closed, Created, Ended, EventRow, ExecutionId, ExecutionRow, Forgotten,
    Listing, NewActivity, NewExecution, Origin, Redriven, RunStatus, Unfinished, Waiting,
};
pub use sqlite::SqliteJournal;

/// All roles.
pub trait Journal: Executions + MapRuns + Machines + Versions + Aliases + Activities + Tags {}

impl<T: Executions + MapRuns + Machines + Versions + Aliases + Activities + Tags> Journal for T {}

/// Executions and their events.
#[async_trait]
pub trait Executions: Send + Sync + 'static {
    /// Stores all of `batch` in one commit, or nothing. Answers in the batch's order.
    async fn append(&self, batch: Vec<Append>) -> Result<Vec<Appended>, Error>;

    /// Gives an execution up whose history cannot be read.
    async fn park(&self, execution: ExecutionId, at: Millis) -> Result<(), Error>;

    /// Forgets executions that closed before `before`, with all that belongs to them: of the next `limit` in the order of
    /// their ends those that nothing needs any more. A child stays while its run's execution does, and that while it has
    /// children. The newest execution stays, so that no id is given twice.
    async fn forget(&self, before: Millis, after: Option<Ended>, limit: u32) -> Result<Forgotten, Error>;

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

    /// Makes the machine something else from now on. What runs of it keeps the revision it began with.
    async fn revise_machine(&self, new: NewRevision) -> Result<Revised, Error>;

    /// Hides the machine with its versions, aliases and tags; what runs of it goes on. Whether there was one.
    async fn delete_machine(&self, name: &str, at: Millis) -> Result<bool, Error>;

    fn machine(&self, name: &str) -> Result<Option<Machine>, Error>;

    /// A deleted machine of which executions still run.
    fn deleting_machine(&self, name: &str) -> Result<Option<Machine>, Error>;

    /// In order of their names, `after` excluded.
    fn machines(&self, after: &str, limit: u32) -> Result<Vec<Machine>, Error>;

    fn revision(&self, id: RevisionId) -> Result<Revision, Error>;
}

/// Revisions that have numbers.
#[async_trait]
pub trait Versions: Send + Sync + 'static {
    /// Makes the current revision of the machine a version, if that is `revision`.
    async fn publish_version(
        &self,
        machine: MachineId,
        revision: RevisionId,
        publish: Publish,
        at: Millis,
    ) -> Result<Published, Error>;

    /// Deletes a version, unless an alias leads to it.
    async fn delete_version(&self, machine: MachineId, number: u32, at: Millis)
    -> Result<Unpublished, Error>;

    fn version(&self, machine: MachineId, number: u32) -> Result<Option<Version>, Error>;

    /// Newest first; only those older than `before`.
    fn versions(&self, machine: MachineId, before: Option<u32>, limit: u32) -> Result<Vec<Version>, Error>;
}

/// Names for versions.
#[async_trait]
pub trait Aliases: Send + Sync + 'static {
    /// Makes an alias, unless its machine has `most` already.
    async fn create_alias(&self, alias: Alias, most: u32) -> Result<Aliased, Error>;

    async fn update_alias(&self, change: AliasChange) -> Result<Aliased, Error>;

    /// Whether there was one.
    async fn delete_alias(&self, machine: MachineId, name: &str) -> Result<bool, Error>;

    fn alias(&self, machine: MachineId, name: &str) -> Result<Option<Alias>, Error>;

    /// In order of their names, `after` excluded.
    fn aliases(&self, machine: MachineId, after: &str, limit: u32) -> Result<Vec<Alias>, Error>;
}

/// Tags of machines and activities.
#[async_trait]
pub trait Tags: Send + Sync + 'static {
    /// Sets these tags; all of them, or none when there were more than `most` then.
    async fn tag(&self, resource: Tagged, tags: Vec<Tag>, most: usize) -> Result<Tagging, Error>;

    /// Removes the tags that have these keys.
    async fn untag(&self, resource: Tagged, keys: Vec<String>) -> Result<(), Error>;

    /// In the order they were first set.
    fn tags(&self, resource: &Tagged) -> Result<Vec<Tag>, Error>;
}

/// Activities that workers poll.
#[async_trait]
pub trait Activities: Send + Sync + 'static {
    async fn create_activity(&self, new: NewActivity) -> Result<Created<Activity>, Error>;

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
