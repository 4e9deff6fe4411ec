//! What each move does to the record: the table's row, and what the event brings with it.

use jiff::Timestamp;

use super::{Output, Passage, Progress, Session, Stage, StartMode};
use crate::debt::{Debt, Owed};
use crate::problem::{Kind, Problem};
use crate::session::Deadlines;
use crate::table::{self, Event, WrongState};

/// The passages a record remembers. Older ones are dropped, which only many redrives can bring about.
const TRAIL_LENGTH: usize = 64;

/// What only the edge can know about a move: its random id, and the time.
#[derive(Clone, Debug)]
pub struct Stamp {
    pub transition_id: String,
    pub at: Timestamp,
}

/// An event with what it brings.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    UploadConfirmed { etag: String },
    UploadRejected(Problem),
    Expired,
    TranscodeStarted,
    TranscodeSucceeded(Vec<Output>),
    TranscodeFailed(Problem),
    Cancelled,
    Redriven,
}

impl Change {
    pub fn event(&self) -> Event {
        match self {
            Self::UploadConfirmed { .. } => Event::UploadConfirmed,
            Self::UploadRejected(_) => Event::UploadRejected,
            Self::Expired => Event::Expired,
            Self::TranscodeStarted => Event::TranscodeStarted,
            Self::TranscodeSucceeded(_) => Event::TranscodeSucceeded,
            Self::TranscodeFailed(_) => Event::TranscodeFailed,
            Self::Cancelled => Event::Cancelled,
            Self::Redriven => Event::Redriven,
        }
    }
}

impl Session {
    /// The record after `change`, if the table allows it here. The record itself stays as it is: the store decides.
    pub fn apply(&self, change: &Change, stamp: &Stamp, deadlines: &Deadlines) -> Result<Self, WrongState> {
        let event = change.event();
        let row = table::transition(self.state, event)?;
        if event == Event::Redriven && !self.can_be_redriven() {
            return Err(WrongState { from: self.state, on: event });
        }
        let mut next = self.clone();
        next.state = row.to;
        next.version += 1;
        next.fold(change);
        next.owes.retain(|owed| owed.debt != Debt::Start); // any move voids an older one's start
        next.owes.extend(row.owes.iter().map(|&debt| Owed { debt, attempt: next.attempt }));
        next.let_go_of_what_is_useless();
        if event == Event::UploadConfirmed && self.start == StartMode::Auto {
            next.owes.insert(Owed { debt: Debt::Start, attempt: next.attempt });
        }
        next.trail.push(Passage {
            event,
            to: row.to,
            attempt: next.attempt,
            transition_id: stamp.transition_id.clone(),
            at: stamp.at,
        });
        let excess = next.trail.len().saturating_sub(TRAIL_LENGTH);
        next.trail.drain(..excess);
        next.due_at = next.next_due(stamp.at, deadlines);
        Ok(next)
    }

    fn fold(&mut self, change: &Change) {
        match change {
            Change::UploadConfirmed { etag } => self.source.etag = Some(etag.clone()),
            Change::UploadRejected(problem) | Change::TranscodeFailed(problem) => {
                self.problem = Some(problem.clone());
            }
            Change::Expired if self.source.etag.is_none() => {
                let detail = format!("No upload had arrived by {}.", self.upload_expires_at);
                self.problem = Some(Problem::new(Kind::UploadExpired, detail));
            }
            Change::Expired => {
                self.problem =
                    Some(Problem::new(Kind::NotStarted, "It was not started in the time allowed."));
            }
            Change::TranscodeStarted | Change::Redriven => {
                self.attempt += 1;
                self.progress = Progress::default();
                self.problem = None;
            }
            Change::TranscodeSucceeded(outputs) => {
                self.progress = Progress { permille: 1000, stage: Stage::Verifying, pace: None };
                self.outputs.clone_from(outputs);
            }
            Change::Cancelled => {
                self.problem = Some(Problem::new(Kind::Cancelled, "It was cancelled on request."));
            }
        }
    }
}
