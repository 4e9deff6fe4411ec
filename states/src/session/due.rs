//! When the sweep must look at a record: every wait of a session has an end here.

use jiff::{SignedDuration, Timestamp};

use super::{Retention, Session};
use crate::limits;
use crate::table::State;

/// Of a wait, the longest as a multiple of the first: from a minute to an hour.
const RARELY: i32 = 60;

/// How long things may take before the sweep looks at them.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// NotUploaded, counted from the expiry of the upload URL.
    pub upload_grace: SignedDuration,
    /// ReadyToXcode, counted from the upload.
    pub start_within: SignedDuration,
    /// Transcoding: how often the execution is looked at.
    pub checkup: SignedDuration,
    /// A debt that its maker did not pay.
    pub debt: SignedDuration,
    /// NotUploaded: how often to look at first whether the upload came and its event was lost; later as long again as the
    /// session has waited, up to sixty times this.
    pub upload_check: SignedDuration,
    /// An execution that is owed a stop and is not found for so long was never started.
    pub not_found: SignedDuration,
    /// Objects may still arrive for so long after the move that ended their attempt.
    pub deletion_grace: SignedDuration,
    /// A record that the sweep could not look after is looked at again so much later. Others come first then, however
    /// many such records there are.
    pub after_failure: SignedDuration,
    /// A closed execution whose session still stands in Transcoding so much later is not going to end it.
    pub dead_execution: SignedDuration,
    /// How long what has ended is kept.
    pub retention: Retention,
}

impl Default for Deadlines {
    fn default() -> Self {
        let seconds = |count: u64| SignedDuration::from_secs(count.cast_signed());
        Self {
            upload_grace: seconds(limits::UPLOAD_GRACE_SECONDS),
            start_within: seconds(limits::START_WITHIN_SECONDS),
            checkup: seconds(limits::CHECKUP_SECONDS),
            debt: SignedDuration::from_secs(15),
            upload_check: SignedDuration::from_secs(60),
            not_found: SignedDuration::from_mins(5),
            deletion_grace: SignedDuration::from_secs(5),
            after_failure: SignedDuration::from_secs(60),
            dead_execution: SignedDuration::from_secs(60),
            retention: Retention::FOR_EVER,
        }
    }
}

impl Session {
    /// When the sweep must look at this record again, if nothing else happens to it.
    pub fn next_due(&self, now: Timestamp, deadlines: &Deadlines) -> Option<Timestamp> {
        let debt = (!self.owes.is_empty()).then(|| now + deadlines.debt);
        let state = match self.state {
            State::NotUploaded => {
                let check = now + self.patience_for_upload(now, deadlines);
                Some(check.min(self.upload_deadline(deadlines)).max(now))
            }
            State::ReadyToXcode => Some(self.since() + deadlines.start_within),
            State::Transcoding => Some(now + deadlines.checkup),
            State::Done | State::Failed => self.next_expiry(&deadlines.retention),
        };
        debt.into_iter().chain(state).min()
    }

    /// Until the next look whether the upload came. An event that was lost is found within as long again as the upload took,
    /// and one that never comes is not looked for a thousand times.
    fn patience_for_upload(&self, now: Timestamp, deadlines: &Deadlines) -> SignedDuration {
        let first = deadlines.upload_check;
        now.duration_since(self.since()).clamp(first, first.saturating_mul(RARELY).max(first))
    }

    /// When an upload that has not come is given up.
    pub fn upload_deadline(&self, deadlines: &Deadlines) -> Timestamp {
        self.upload_expires_at + deadlines.upload_grace
    }
}
