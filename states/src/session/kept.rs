//! What an attempt has made and verified before it ended: kept on the record, so that the next attempt need not make it
//! again. It is no transition; it is written while the attempt runs, and whoever keeps raises the version, so that a move
//! that was decided before cannot lose it.
//!
//! Its objects lie under the prefix of the attempt that made them, and count as if a manifest named them. Whatever lets go
//! of it – a manifest, a newer result, a problem that no attempt can mend, the end of the record – owes their deletion in
//! the same write.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Deadlines, Holding, Output, Session};
use crate::debt::{Debt, Owed};
use crate::table::{Activity, State};

/// A verified result that no manifest names yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kept {
    /// The attempt that made it.
    pub attempt: u32,
    pub made_from: Ingredients,
    pub results: Vec<Stored>,
}

/// All that decides what a step makes. Of the same ingredients the same comes out, so that it need not be made twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ingredients {
    pub source_etag: String,
    pub step: Activity,
    /// Raised when the step comes to make other bytes of the same.
    pub revision: u32,
    pub options: Map<String, Value>,
}

/// An output, pinned as it was verified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stored {
    pub etag: String,
    pub output: Output,
}

impl Session {
    /// The record with `kept` on it, if its attempt still runs. What stood there before is let go.
    pub fn keep(&self, kept: Kept, now: Timestamp, deadlines: &Deadlines) -> Option<Self> {
        if self.state != State::Transcoding || self.attempt != kept.attempt {
            return None;
        }
        let mut next = self.clone();
        next.version += 1;
        next.let_go();
        next.kept = Some(kept);
        next.due_at = next.next_due(now, deadlines);
        Some(next)
    }

    /// What was made of just these ingredients, by this attempt or an earlier one.
    pub fn kept_from(&self, ingredients: &Ingredients) -> Option<&Kept> {
        self.kept.as_ref().filter(|kept| kept.made_from == *ingredients)
    }

    /// Keys of objects that must stay: the manifest's and those of what is kept.
    pub fn named_keys(&self) -> impl Iterator<Item = &str> {
        let kept = self.kept.iter().flat_map(|kept| &kept.results).map(|stored| &stored.output);
        let outputs = self.outputs.iter().filter(|_| !self.expired.contains(&Holding::Results));
        outputs.chain(kept).map(|output| output.key.as_str())
    }

    /// Forgets what was kept, if no attempt to come can use it.
    pub(super) fn let_go_of_what_is_useless(&mut self) {
        let useful = match self.state {
            State::Transcoding => true,
            State::Failed => self.can_be_redriven(),
            State::NotUploaded | State::ReadyToXcode | State::Done => false,
        };
        if !useful {
            self.let_go();
        }
    }

    /// What the running attempt itself has left lying is deleted when it ends; it may still be writing there.
    fn let_go(&mut self) {
        let Some(kept) = self.kept.take() else { return };
        let is_running = self.state == State::Transcoding && kept.attempt == self.attempt;
        if !is_running {
            self.owes.insert(Owed { debt: Debt::DeleteObjects, attempt: kept.attempt });
        }
    }
}
