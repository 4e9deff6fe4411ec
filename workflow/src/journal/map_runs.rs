//! What the journal keeps of map runs. How many children a run has and how they stand is not kept: it is counted.

use async_trait::async_trait;

use super::{Error, ExecutionId, RunStatus};
use crate::Millis;
use crate::history::{Limits, RunId};

pub type MapRunKey = i64;

/// Map runs, their children, and what a run has read that cannot be read again.
#[async_trait]
pub trait MapRuns: Send + Sync + 'static {
    fn map_run(&self, run: RunId) -> Result<Option<MapRun>, Error>;

    /// Those of an execution, newest first; only ones older than `before`.
    fn map_runs(
        &self,
        execution: ExecutionId,
        before: Option<MapRunKey>,
        limit: u32,
    ) -> Result<Vec<MapRun>, Error>;

    /// Those that have not ended, with the executions that wait for them.
    fn open_map_runs(&self) -> Result<Vec<(ExecutionId, RunId)>, Error>;

    /// How the children of a run stand, and since which of its redrives.
    fn tally(&self, run: MapRunKey) -> Result<Vec<Tally>, Error>;

    /// How many children have ended without success and are too old to be begun again, or cannot be read.
    fn outworn(&self, run: MapRunKey, aged: Aged) -> Result<Outworn, Error>;

    /// Children in the order of their items, from this item on.
    fn children(&self, run: MapRunKey, from: u32, limit: u32) -> Result<Vec<Child>, Error>;

    async fn change_map_run(&self, run: MapRunKey, change: MapRunChange) -> Result<(), Error>;

    /// The page of items that begins with this one.
    fn map_run_page(&self, run: MapRunKey, first: u32) -> Result<Option<ItemPage>, Error>;
}

#[derive(Clone, Debug, PartialEq)]
pub struct MapRun {
    pub id: MapRunKey,
    pub run: RunId,
    /// The execution that waits for it.
    pub execution: ExecutionId,
    pub label: String,
    pub status: RunStatus,
    pub started: Millis,
    pub stopped: Option<Millis>,
    pub limits: Limits,
    /// Known when all have been read.
    pub items: Option<u32>,
    /// How many items a child has at most; 0 when nobody knows.
    pub batch: u32,
    /// JSON text: by which each object is known again.
    pub pins: String,
    /// How often it was redriven, and when last.
    pub redrives: u32,
    pub redriven: Option<Millis>,
}

/// What a commit of an execution says of its map runs.
#[derive(Clone, Debug, PartialEq)]
pub enum MapRunEvent {
    Began(NewMapRun),
    Ended {
        run: RunId,
        status: RunStatus,
        at: Millis,
    },
    /// It goes on. From now on its children are begun, and begun again, under the next number.
    Redriven {
        run: RunId,
        at: Millis,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewMapRun {
    pub run: RunId,
    pub label: String,
    pub started: Millis,
    pub limits: Limits,
    pub items: Option<u32>,
    pub batch: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub enum MapRunChange {
    Limits(Limits),
    /// All items are known.
    Items(u32),
    Pins(String),
    Page(ItemPage),
    /// Nobody waits for it any more, and none of its children runs.
    Aborted(Millis),
}

/// Items in a row, as JSON text: an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemPage {
    pub first: u32,
    pub items: String,
    /// Where the page after it begins, if there is one.
    pub next: Option<String>,
}

/// Which items an execution has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemsOf {
    pub run: MapRunKey,
    pub first: u32,
    pub count: u32,
}

/// A child among the executions: its items, and its run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildOf {
    pub items: ItemsOf,
    pub run: RunId,
    pub label: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child {
    pub execution: ExecutionId,
    pub first: u32,
    pub count: u32,
    pub status: RunStatus,
    /// How often its run had been redriven when it was begun last.
    pub redrive: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    pub status: RunStatus,
    /// As of the children.
    pub redrive: u32,
    pub executions: u32,
    pub items: u32,
}

/// Executions of a certain age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aged {
    pub stopped_before: Millis,
    /// Or begun before this, whenever they ended.
    pub started_before: Millis,
}

/// How many children, and how many items they have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outworn {
    pub executions: u32,
    pub items: u32,
}

impl Child {
    /// Whether it is to be begun again, in a run that was redriven so often.
    pub fn is_unsuccessful(&self, redrives: u32) -> bool {
        self.status.is_unsuccessful() && self.redrive < redrives
    }
}

impl Tally {
    /// The same of all these children.
    pub fn is_unsuccessful(&self, redrives: u32) -> bool {
        self.status.is_unsuccessful() && self.redrive < redrives
    }
}
