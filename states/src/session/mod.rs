//! The record of one session. What each move does to it is in [`change`], when it must be looked at in [`due`], what an
//! attempt leaves for the next one in [`kept`], how long what it holds is kept in [`retention`], how a text is known to be
//! the one that was written in [`sealed`].
//!
//! [`Session::apply`] is the only way a record changes state: it asks the table, then folds the change in. It is pure;
//! ids and the time come in as a [`Stamp`]. [`Session::check`] states what must hold of every record, before each write
//! and after each read. How a record is written only once is the store's part: see [`crate::render::condition`].

mod change;
mod due;
mod kept;
mod progress;
mod retention;
mod sealed;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::debt::{Debt, Owed};
use crate::problem::{Kind, Problem};
use crate::recipe::Recipe;
use crate::table::{Event, State};

pub use change::{Change, Stamp};
pub use due::Deadlines;
pub use kept::{Ingredients, Kept, Stored};
pub use progress::{Pace, Progress, Stage};
pub use retention::{Holding, Retention};
pub use sealed::{Sealed, unsealed};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Session {
    pub id: String,
    pub owner: String,
    pub state: State,
    /// Raised by every transition, by keeping a result, by what expires and by deletion; by nothing else.
    pub version: u64,
    /// The execution this session is in, counted from 1; 0 before the first. It fences every write of an activity.
    pub attempt: u32,
    pub source: Source,
    pub recipe: Recipe,
    pub options: Map<String, Value>,
    pub start: StartMode,
    pub metadata: BTreeMap<String, String>,
    pub progress: Progress,
    pub outputs: Vec<Output>,
    /// A verified result that waits for its manifest, in this attempt or a later one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Kept>,
    pub problem: Option<Problem>,
    pub owes: BTreeSet<Owed>,
    /// When the sweep must look at this record, if it must.
    pub due_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub upload_expires_at: Timestamp,
    pub trail: Vec<Passage>,
    /// Set once its owner deleted it: a tombstone, kept so that nothing brings the record back.
    pub deleted_at: Option<Timestamp>,
    /// What it held and was kept long enough.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub expired: BTreeSet<Holding>,
    /// Digest of the request that made it, to tell a repeated request from another one under the same key.
    pub request_digest: Option<String>,
}

/// The uploaded file. Its name is for display; where it lies is a key of ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Source {
    pub bucket: String,
    pub key: String,
    pub file_name: String,
    pub size: u64,
    pub content_type: String,
    /// As declared, in lower-case hex.
    pub sha256: Option<String>,
    /// Known once the upload is confirmed; every later read demands it.
    pub etag: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, strum::VariantArray)]
#[serde(rename_all = "kebab-case")]
pub enum StartMode {
    #[default]
    Manual,
    Auto,
}

/// One result: where it lies and what was verified by reading it back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Output {
    /// What it is called when taken away, such as `recording.flac`.
    pub name: String,
    pub bucket: String,
    pub key: String,
    pub bytes: u64,
    pub sha256: String,
    pub content_type: String,
    /// What it is: sample rate, channels, duration, …
    pub media: Map<String, Value>,
    /// What reading it back has shown, in a sentence.
    pub verified: String,
}

/// One transition that was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Passage {
    pub event: Event,
    pub to: State,
    pub attempt: u32,
    pub transition_id: String,
    pub at: Timestamp,
}

/// What a session is made of, before anything happened to it.
#[derive(Clone, Debug)]
pub struct Draft {
    pub id: String,
    pub owner: String,
    pub source: Source,
    pub recipe: Recipe,
    pub options: Map<String, Value>,
    pub start: StartMode,
    pub metadata: BTreeMap<String, String>,
    pub upload_expires_at: Timestamp,
    pub request_digest: Option<String>,
}

impl Session {
    /// A new session, waiting for its upload.
    pub fn new(draft: Draft, now: Timestamp, deadlines: &Deadlines) -> Self {
        let mut session = Self {
            id: draft.id,
            owner: draft.owner,
            state: State::NotUploaded,
            version: 1,
            attempt: 0,
            source: draft.source,
            recipe: draft.recipe,
            options: draft.options,
            start: draft.start,
            metadata: draft.metadata,
            progress: Progress::default(),
            outputs: Vec::new(),
            kept: None,
            problem: None,
            owes: BTreeSet::new(),
            due_at: None,
            created_at: now,
            upload_expires_at: draft.upload_expires_at,
            trail: Vec::new(),
            deleted_at: None,
            expired: BTreeSet::new(),
            request_digest: draft.request_digest,
        };
        session.due_at = session.next_due(now, deadlines);
        session
    }

    /// What it takes of the store, as announced: its file and its results.
    pub fn bytes(&self) -> u64 {
        self.outputs.iter().fold(self.source.size, |bytes, output| bytes.saturating_add(output.bytes))
    }

    /// The record as a tombstone: deleted by its owner, owing the end of its execution and of its objects. Only a
    /// session at an end is buried; whoever deletes cancels first. It raises the version, so that no transition that
    /// was decided before can bring the record back.
    pub fn bury(&self, at: Timestamp, deadlines: &Deadlines) -> Self {
        debug_assert!(self.state.is_terminal() && self.deleted_at.is_none());
        let mut next = self.clone();
        next.version += 1;
        next.deleted_at = Some(at);
        next.metadata.clear();
        next.kept = None; // the deletion below spares nothing
        let attempt = next.attempt;
        next.owes.extend([Debt::Stop, Debt::DeleteObjects].map(|debt| Owed { debt, attempt }));
        next.due_at = next.next_due(at, deadlines);
        next
    }

    /// When the session came into its present state.
    pub fn since(&self) -> Timestamp {
        self.trail.last().map_or(self.created_at, |passage| passage.at)
    }

    /// Whether another attempt makes sense: the upload was confirmed and the problem is of a kind that can pass.
    pub fn can_be_redriven(&self) -> bool {
        let kind = self.problem.as_ref().map(|problem| problem.kind);
        let has_input = self.source.etag.is_some() && !self.expired.contains(&Holding::Input);
        self.deleted_at.is_none() && has_input && kind.is_some_and(Kind::can_be_redriven)
    }

    /// What may happen next to this very record: the table's answer, less a redrive that makes no sense.
    pub fn allowed(&self) -> impl Iterator<Item = Event> {
        let possible = |&event: &Event| event != Event::Redriven || self.can_be_redriven();
        self.state.allowed().filter(possible)
    }

    /// The passage with this transition id, if this record has made it: the answer to a write that was lost.
    pub fn passage(&self, transition_id: &str) -> Option<&Passage> {
        self.trail.iter().find(|passage| passage.transition_id == transition_id)
    }

    /// The name of the present attempt's execution.
    pub fn execution_name(&self) -> String {
        self.execution_name_of(self.attempt)
    }

    pub fn execution_name_of(&self, attempt: u32) -> String {
        format!("{}-{attempt}", self.id)
    }

    /// Where an attempt's outputs lie. Only what the manifest names counts.
    pub fn output_prefix(&self, attempt: u32) -> String {
        format!("{}/{attempt}/", self.id)
    }

    /// What must hold of every record.
    pub fn check(&self) -> Result<(), BrokenRecord> {
        let broken = |what: &'static str| Err(BrokenRecord { id: self.id.clone(), what });
        if (self.state == State::Done) == self.outputs.is_empty() {
            return broken("outputs stand on the record exactly when it is Done");
        }
        if (self.state == State::Failed) != self.problem.is_some() {
            return broken("a problem stands on the record exactly when it is Failed");
        }
        if matches!(self.state, State::Transcoding | State::Done) && self.attempt == 0 {
            return broken("Transcoding and Done have an attempt");
        }
        if matches!(self.state, State::ReadyToXcode | State::Transcoding | State::Done)
            && self.source.etag.is_none()
        {
            return broken("past NotUploaded the upload is pinned by its ETag");
        }
        if !self.owes.is_empty() && self.due_at.is_none() {
            return broken("what is owed is due at some time");
        }
        if self.kept.as_ref().is_some_and(|kept| kept.results.is_empty() || kept.attempt > self.attempt) {
            return broken("what is kept was made by an attempt there was");
        }
        if self.kept.is_some() && !matches!(self.state, State::Transcoding | State::Failed) {
            return broken("a result is kept only while an attempt may still name it");
        }
        if !self.expired.is_empty() && !self.state.is_terminal() {
            return broken("only what a session at an end held expires");
        }
        if self.deleted_at.is_some() && !self.state.is_terminal() {
            return broken("only a session at an end is deleted");
        }
        if self.trail.last().is_some_and(|passage| passage.to != self.state) {
            return broken("the last passage leads to the state");
        }
        Ok(())
    }
}

/// A record that contradicts itself: damaged, or written by something that does not know the rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("session {id}: the record does not hold that {what}")]
pub struct BrokenRecord {
    pub id: String,
    pub what: &'static str,
}
