//! What activities need of the world: where sessions are kept, and who runs the workflow. SQLite and our engine
//! are the implementations in `local/`; DynamoDB and Step Functions are to be those on AWS. One contract suite is for all.

use async_trait::async_trait;
use serde_json::Value;
use states::session::Progress;
use states::{Activity, Event, Kind, Owed, Recipe, Session, State, Timestamp};

use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::step::Step;

/// Why a store or a driver did not do what it was asked. After [`Fault::Unavailable`] it may have been done all the same.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fault {
    #[error("the {what} did not answer: {why}")]
    Unavailable { what: &'static str, why: String },
    #[error("the disk is full")]
    Full,
    #[error("too much is waiting")]
    Busy,
    #[error(transparent)]
    Broken(#[from] states::session::BrokenRecord),
}

/// What must hold of the stored record for a write to be let through; the text is `states::render::condition`'s.
#[derive(Clone, Copy, Debug)]
pub enum Guard {
    /// There is no record of this id, and never was.
    Absent,
    /// The record stands where the table lets `event` begin, at `version`.
    Transition { event: Event, version: u64 },
    /// Nobody moved the record since `version`.
    Unmoved { version: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    Stored,
    /// The guard did not hold; nothing was written.
    Refused,
}

/// Which sessions, newest first.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub owner: String,
    pub state: Option<State>,
    pub problem: Option<Kind>,
    pub recipe: Option<Recipe>,
    /// Where the page before ended, as [`Page::next`] said.
    pub cursor: Option<Cursor>,
    pub limit: usize,
}

/// A place in the list: behind the session made at this time with this id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub created_at: Timestamp,
    pub id: String,
}

/// A record that the sweep must look at, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub id: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct Page {
    pub sessions: Vec<Session>,
    pub next: Option<Cursor>,
}

/// Where session records are kept.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The record, tombstones included.
    async fn get(&self, id: &str) -> Result<Option<Session>, Fault>;

    /// Writes the whole record, but for its progress, if the guard holds; one atomic, durable, conditional write.
    async fn write(&self, session: &Session, guard: Guard) -> Result<Written, Fault>;

    /// Raises the progress of a running attempt. Refused when the attempt is over or the percent would fall.
    async fn progress(&self, id: &str, attempt: u32, progress: Progress) -> Result<Written, Fault>;

    /// Strikes what was paid and sets when to look again, unless the record moved since `version`.
    async fn settle(
        &self,
        id: &str,
        version: u64,
        paid: &[Owed],
        due_at: Option<Timestamp>,
    ) -> Result<Written, Fault>;

    /// One page of live sessions; tombstones are left out.
    async fn list(&self, query: &Query) -> Result<Page, Fault>;

    /// Records that are due, the longest overdue first. Read through an index, never by a scan.
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, Fault>;

    /// Puts off the next look at a record, even at one that cannot be read. Refused when it is not due as it was read to
    /// be: somebody has written it since.
    async fn put_off(&self, due: &Due, until: Timestamp) -> Result<Written, Fault>;
}

/// One run of the workflow, as its driver tells it.
#[derive(Clone, Debug)]
pub struct Execution {
    pub name: String,
    pub status: Status,
    /// The document this execution runs.
    pub definition: String,
    pub input: Option<String>,
    pub output: Option<String>,
    pub error: Option<String>,
    pub cause: Option<String>,
    pub started_at: Timestamp,
    pub stopped_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It no longer runs, now or since before.
    Closed,
    NotFound,
}

#[derive(Clone, Debug)]
pub struct HistoryPage {
    /// Step Functions' own history events, oldest first.
    pub events: Vec<Value>,
    pub next: Option<String>,
}

/// A task for a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What it is answered by.
    pub token: String,
    /// JSON text.
    pub input: String,
}

/// Whether a task's end is still waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    Yes,
    /// It was stopped, has timed out, or has ended.
    NoMore,
}

/// Who writes captions of speech. A command is the implementation in `local/`; Amazon Transcribe is to be the one on AWS.
#[async_trait]
pub trait Captioner: Send + Sync {
    /// Has the captions of a step's file begun, and returns. When they are there, or cannot be, the driver is told by the
    /// token; meanwhile it is told that they are being worked on.
    async fn begin(&self, ctx: &Ctx, step: Step, token: String) -> Result<(), Failure>;
}

/// Who runs the workflow.
#[async_trait]
pub trait Driver: Send + Sync {
    /// Starts the session workflow. A second start of the same name is a success and starts nothing.
    async fn start(&self, name: &str, input: &str) -> Result<(), Fault>;

    async fn describe(&self, name: &str) -> Result<Option<Execution>, Fault>;

    async fn history(&self, name: &str, after: Option<&str>) -> Result<Option<HistoryPage>, Fault>;

    async fn stop(&self, name: &str, error: &str, cause: &str) -> Result<Stopped, Fault>;

    /// Waits a while for a task of this activity.
    async fn next_task(&self, activity: Activity) -> Result<Option<Task>, Fault>;

    /// Says that a task is being worked on.
    async fn beat(&self, token: &str) -> Result<Awaited, Fault>;

    /// Ends a task well, with JSON text.
    async fn succeed(&self, token: &str, output: &str) -> Result<Awaited, Fault>;

    async fn fail(&self, token: &str, error: &str, cause: &str) -> Result<Awaited, Fault>;
}
