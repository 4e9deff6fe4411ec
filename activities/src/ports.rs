//! What activities need of the world: where sessions are kept ([`Sessions`]), who runs the workflow ([`Driver`]), who writes
//! captions ([`Captioner`]), where flags are kept ([`Flags`]), who is told of what ([`Notifier`]) and who carries letters
//! ([`Mailer`]). Each has one implementation in `local/` and one in `aws/`; but for the captioner's, a contract suite is for
//! both.

use std::time::Duration;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use states::session::Progress;
use states::{Activity, Event, FlagSet, Kind, Owed, Recipe, Session, State, Timestamp};

use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::making::step::Step;
use crate::notices::{Delivery, Endpoint, Letter, LogQuery, Topic};

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
    /// None is everybody's.
    pub owner: Option<String>,
    pub state: Option<State>,
    pub problem: Option<Kind>,
    pub recipe: Option<Recipe>,
    /// Where the page before ended, as [`Page::next`] said.
    pub cursor: Option<Cursor>,
    pub limit: usize,
}

/// What one owner has, tombstones not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub sessions: u64,
    /// Of their files, announced or there, and of their results.
    pub bytes: u64,
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

    /// Removes a tombstone for good, unless the record moved since `version`.
    async fn forget(&self, id: &str, version: u64) -> Result<Written, Fault>;

    /// One page of live sessions; tombstones are left out.
    async fn list(&self, query: &Query) -> Result<Page, Fault>;

    /// What this owner has; None where the store cannot tell without reading all of it.
    async fn usage(&self, owner: &str) -> Result<Option<Usage>, Fault>;

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

/// Who writes captions of speech. A command is the implementation in `local/`, Amazon Transcribe the one on AWS.
#[async_trait]
pub trait Captioner: Send + Sync {
    /// Has the captions of a step's file begun, and returns. When they are there, or cannot be, the driver is told by the
    /// token; meanwhile it is told that they are being worked on.
    async fn begin(&self, ctx: &Ctx, step: Step, token: String) -> Result<(), Failure>;

    /// For how long it may say nothing of a task before it is given up.
    fn silence(&self) -> Duration;

    /// Why it cannot write any here, if it cannot, in a sentence.
    fn lacks(&self, ctx: &Ctx) -> Option<String>;
}

/// Flags, as they were read last.
#[derive(Clone, Debug, Default)]
pub struct StandingFlags {
    pub flags: Arc<FlagSet>,
    /// Of what they were read from; another one each time that is changed.
    pub revision: String,
    /// Why what is there now could not be read. The flags are then those that were read before.
    pub trouble: Option<String>,
}

impl StandingFlags {
    /// What came of reading them again, with the revision they are: what cannot be read changes nothing, and says so.
    pub fn take(&mut self, read: Result<(FlagSet, String), String>) {
        match read {
            Ok((flags, revision)) => {
                if self.trouble.take().is_some() || self.revision != revision {
                    tracing::info!(?flags, "flags are read");
                }
                (self.flags, self.revision) = (Arc::new(flags), revision);
            }
            Err(trouble) => {
                tracing::error!(trouble, "the flags cannot be read; those of before hold");
                self.trouble = Some(trouble);
            }
        }
    }
}

/// Where flags are kept that may change at any time. A file is the implementation in `local/`; SSM's Parameter Store is
/// the one on AWS.
#[async_trait]
pub trait Flags: Send + Sync {
    /// The last good ones. Never waits for anybody, and never fails.
    fn now(&self) -> StandingFlags;

    /// Puts others in their place, unless they were changed since `revision`.
    async fn put(&self, flags: &FlagSet, revision: &str) -> Result<Written, Fault>;
}

/// Where it is kept who wants to be told, and what was tried to tell them. SQLite is the implementation in `local/`;
/// DynamoDB is the one on AWS.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// In the order they were made.
    async fn endpoints(&self, owner: &str) -> Result<Vec<Endpoint>, Fault>;

    async fn endpoint(&self, owner: &str, id: &str) -> Result<Option<Endpoint>, Fault>;

    /// Writes an endpoint over the one of the version before; of version 1, a new one.
    async fn write_endpoint(&self, endpoint: &Endpoint) -> Result<Written, Fault>;

    /// Whether there was one.
    async fn remove_endpoint(&self, owner: &str, id: &str) -> Result<bool, Fault>;

    async fn delivery(&self, owner: &str, id: &str) -> Result<Option<Delivery>, Fault>;

    /// Writes where a delivery stands. Only its own execution writes it.
    async fn write_delivery(&self, delivery: &Delivery) -> Result<(), Fault>;

    /// Newest first.
    async fn deliveries(&self, query: &LogQuery) -> Result<Vec<Delivery>, Fault>;

    /// Forgets deliveries that have ended and were made before this; at most so many. Answers how many.
    async fn forget_deliveries(&self, before: Timestamp, limit: usize) -> Result<usize, Fault>;
}

/// Who carries letters. SMTP is the implementation in `local/`; SES is the one on AWS.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Whether a letter of this may have somewhere to go: asked before one is begun, by whoever moves a session. Where it
    /// goes is asked by whoever sends it, who may be the only one that can find that out.
    async fn wants(&self, owner: &str, topic: Topic) -> Result<bool, Fault>;

    /// Where `owner` wants to be told of this by letter, if at all.
    async fn address(&self, owner: &str, topic: Topic) -> Result<Option<String>, Fault>;

    /// Hands a letter over. What is answered is what the other side said.
    async fn send(&self, to: &str, letter: &Letter) -> Result<String, Undelivered>;
}

/// Why a letter was not taken.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{why}")]
pub struct Undelivered {
    pub why: String,
    /// It would not be taken another time either.
    pub for_good: bool,
}

/// Which workflow an execution is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// One attempt of a session: `states/session.asl.json`.
    Session,
    /// One notice to one endpoint: `states/notify.asl.json`.
    Notify,
}

/// Who runs the workflows. Executions are asked after by their names only where they are of a session.
#[async_trait]
pub trait Driver: Send + Sync {
    /// Starts a workflow. A second start of the same name is a success and starts nothing.
    async fn start(&self, machine: Machine, name: &str, input: &str) -> Result<(), Fault>;

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
