//! What the journal keeps: plain rows, and how a row of events proves that it is the one that was written.
//!
//! The journal does not look into events: it stores what `history` encoded, and gives it back.

use super::{ChildOf, ItemsOf, MachineId, MapRunEvent, MapRunKey, RevisionId, Tag};
use crate::Millis;

/// Given out by the engine's loop in rising order, so that a later start has the greater id.
pub type ExecutionId = i64;

/// What came of a create: stored now, or stood there already under this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created<T> {
    New(T),
    Existed(T),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    pub name: String,
    pub created: Millis,
    /// Configuration that is shown and not acted on, as JSON, where it is not the usual one.
    pub encryption: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewActivity {
    pub activity: Activity,
    pub tags: Vec<Tag>,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, strum::FromRepr, strum::EnumString, strum::IntoStaticStr,
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[repr(u8)]
pub enum RunStatus {
    Running = 0,
    Succeeded = 1,
    Failed = 2,
    TimedOut = 3,
    Aborted = 4,
    /// Its history cannot be read. It is left as it is, and shown as failed.
    Parked = 5,
}

impl RunStatus {
    /// Whether it has ended, and not with success.
    pub fn is_unsuccessful(self) -> bool {
        !matches!(self, Self::Running | Self::Succeeded)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionRow {
    pub id: ExecutionId,
    pub machine: MachineId,
    pub machine_name: String,
    pub revision: RevisionId,
    pub name: String,
    pub origin: Origin,
    /// The number of the events' format.
    pub format: u16,
    pub status: RunStatus,
    pub started: Millis,
    pub stopped: Option<Millis>,
    /// When nothing is owed but a wake-up at this time.
    pub wake: Option<Millis>,
    pub redriven: Option<Redriven>,
    /// When it is the child of a map run.
    pub child: Option<ChildOf>,
    /// Then also how often its run had been redriven when it was begun last.
    pub redrive: Option<u32>,
}

impl ExecutionRow {
    /// Whether it is a child that is to be begun again, in a run that was redriven so often and goes on.
    pub fn waits(&self, redrives: u32) -> bool {
        self.status.is_unsuccessful() && self.redrive.is_some_and(|redrive| redrive < redrives)
    }
}

/// How often an execution was redriven, and when last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redriven {
    pub count: u32,
    pub at: Millis,
}

/// Whether children are listed that wait to be begun again ([`ExecutionRow::waits`]), in a run that was redriven so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    Only(u32),
    Never(u32),
}

/// An execution to go on with after a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    pub id: ExecutionId,
    /// When nothing is owed but a wake-up at this time, so that it need not be folded before.
    pub wake: Option<Millis>,
}

/// The events of one commit of one execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// How many events of the execution stand before this row.
    pub first: u32,
    pub count: u32,
    pub body: Vec<u8>,
}

impl EventRow {
    /// The checksum stored beside the row. It covers the row's place as well, so that no row passes for another.
    pub fn checksum(&self, execution: ExecutionId) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&execution.to_le_bytes());
        hasher.update(&self.first.to_le_bytes());
        hasher.update(&self.count.to_le_bytes());
        hasher.update(&self.body);
        hasher.finalize()
    }
}

/// One execution's share of a commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Append {
    pub execution: ExecutionId,
    /// Present when these are the execution's first events.
    pub start: Option<NewExecution>,
    pub row: EventRow,
    /// Present when it had ended and goes on.
    pub redriven: Option<Redriven>,
    pub closed: Option<Closed>,
    /// `Some` when what the execution sleeps for has changed.
    pub wake: Option<Option<Millis>>,
    pub map_runs: Vec<MapRunEvent>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExecution {
    pub machine: MachineId,
    pub revision: RevisionId,
    pub name: String,
    pub origin: Origin,
    pub format: u16,
    pub started: Millis,
    /// When it is the child of a map run.
    pub items: Option<ItemsOf>,
}

/// What a start named beside the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub version: Option<u32>,
    pub alias: Option<String>,
    /// The trace header, shown as it came.
    pub trace: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    pub status: RunStatus,
    pub at: Millis,
}

/// What became of one [`Append`] of a commit that is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    Stored,
    /// The machine has an execution of this name; nothing of this append is stored.
    NameTaken,
}

/// A place among the executions that have ended: when, and which.
pub type Ended = (Millis, ExecutionId);

/// What came of forgetting some executions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    pub count: u32,
    /// The last that was looked at, unless there are no more.
    pub next: Option<Ended>,
}

/// Which executions to list: newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    pub machine: MachineId,
    /// The children of this run, in place of what was started on the machine.
    pub map_run: Option<MapRunKey>,
    pub status: Option<RunStatus>,
    /// Only those that were started by this version, or by this alias.
    pub version: Option<u32>,
    pub alias: Option<String>,
    /// Only those that were redriven, or only those that were not.
    pub redriven: Option<bool>,
    /// Of the children of a run that goes on.
    pub waiting: Option<Waiting>,
    /// Only executions older than this one.
    pub before: Option<ExecutionId>,
    pub limit: u32,
}
