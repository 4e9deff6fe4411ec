//! What is kept of a session that has ended, and for how long. When something's time is over, the record says so and owes the
//! deletion, in one write; the record itself stays readable for longer, and is then buried like one that was deleted.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Deadlines, Session};
use crate::debt::{Debt, Owed};

/// How long things are kept after their session has ended; `None` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The uploaded file. Without it a session cannot be redriven.
    pub input: Option<SignedDuration>,
    pub results: Option<SignedDuration>,
    /// The executions' histories; the engine lets go of them by itself.
    pub history: Option<SignedDuration>,
    /// The record.
    pub session: Option<SignedDuration>,
    /// What says that there was a session, counted from its end as a record.
    pub tombstone: Option<SignedDuration>,
}

impl Retention {
    pub const FOR_EVER: Self =
        Self { input: None, results: None, history: None, session: None, tombstone: None };

    /// For how long a tombstone stands unless somebody says otherwise, its debts long paid: no event and no repeated request
    /// comes later.
    pub const TOMBSTONE_DAYS: i64 = 90;
}

/// What a session holds beside its record.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Holding {
    Input,
    Results,
}

impl Session {
    /// When the next of what it holds, or the record itself, has been kept long enough.
    pub(super) fn next_expiry(&self, retention: &Retention) -> Option<Timestamp> {
        if let Some(deleted_at) = self.deleted_at {
            return retention.tombstone.map(|kept| deleted_at + kept);
        }
        let holdings = self.held().filter_map(|held| self.expiry_of(held, retention));
        holdings.chain(self.record_expiry(retention)).min()
    }

    /// Until when `held` is kept; `None` while nothing limits it.
    pub fn expiry_of(&self, held: Holding, retention: &Retention) -> Option<Timestamp> {
        let kept = match held {
            Holding::Input => retention.input,
            Holding::Results => retention.results,
        };
        kept.filter(|_| self.state.is_terminal()).map(|kept| self.since() + kept)
    }

    /// When the record itself is to be buried.
    pub fn record_expiry(&self, retention: &Retention) -> Option<Timestamp> {
        retention.session.filter(|_| self.state.is_terminal()).map(|kept| self.since() + kept)
    }

    /// Whether its executions are no longer to be asked for.
    pub fn history_is_over(&self, now: Timestamp, retention: &Retention) -> bool {
        self.state.is_terminal() && retention.history.is_some_and(|kept| self.since() + kept <= now)
    }

    fn held(&self) -> impl Iterator<Item = Holding> {
        let input = self.source.etag.is_some().then_some(Holding::Input);
        let results = (!self.outputs.is_empty()).then_some(Holding::Results);
        input.into_iter().chain(results).filter(|held| !self.expired.contains(held))
    }

    /// The record after what it holds has been kept long enough: it says so, and owes the deletion. `None` when nothing has.
    /// It raises the version, so that no redrive that was decided before can bring back what is gone.
    pub fn expire(&self, now: Timestamp, deadlines: &Deadlines) -> Option<Self> {
        if self.deleted_at.is_some() {
            return None;
        }
        let is_over =
            |held: &Holding| self.expiry_of(*held, &deadlines.retention).is_some_and(|at| at <= now);
        let over: BTreeSet<_> = self.held().filter(is_over).collect();
        if over.is_empty() {
            return None;
        }
        let mut next = self.clone();
        next.version += 1;
        next.expired.extend(over);
        next.let_go_of_what_is_useless();
        // A manifest may name what an earlier attempt has made.
        let attempts = self.attempt.min(1)..=self.attempt;
        next.owes.extend(attempts.map(|attempt| Owed { debt: Debt::DeleteObjects, attempt }));
        next.due_at = next.next_due(now, deadlines);
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::session::{Change, Draft, Output, Source, Stamp, StartMode};
    use crate::{Kind, Problem, Recipe};

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + hours * 3600).unwrap()
    }

    fn deadlines() -> Deadlines {
        let hours = |hours| Some(SignedDuration::from_hours(hours));
        let retention = Retention {
            input: hours(10),
            results: hours(20),
            history: hours(5),
            session: hours(30),
            tombstone: hours(7),
        };
        Deadlines { retention, ..Deadlines::default() }
    }

    fn ended(end: &Change) -> Session {
        let source = Source {
            bucket: "uploads".into(),
            key: "s/x".into(),
            file_name: "a.wav".into(),
            size: 1,
            content_type: "audio/wav".into(),
            sha256: None,
            etag: None,
        };
        let draft = Draft {
            id: "s".into(),
            owner: "ada".into(),
            source,
            recipe: Recipe::Flac,
            options: serde_json::Map::new(),
            start: StartMode::Manual,
            metadata: BTreeMap::new(),
            upload_expires_at: at(0),
            request_digest: None,
        };
        let confirmed = Change::UploadConfirmed { etag: "e".into() };
        [&confirmed, &Change::TranscodeStarted, end].into_iter().enumerate().fold(
            Session::new(draft, at(0), &deadlines()),
            |session, (id, change)| {
                let stamp = Stamp { transition_id: id.to_string(), at: at(0) };
                let next = session.apply(change, &stamp, &deadlines()).unwrap();
                next.check().unwrap();
                next
            },
        )
    }

    fn done() -> Session {
        let output = Output {
            name: "a.flac".into(),
            bucket: "results".into(),
            key: "s/1/x".into(),
            bytes: 1,
            sha256: "00".into(),
            content_type: "audio/flac".into(),
            media: serde_json::Map::new(),
            verified: String::new(),
        };
        let mut done = ended(&Change::TranscodeSucceeded(vec![output]));
        done.owes.clear();
        done
    }

    #[test]
    fn each_thing_goes_in_its_time_and_owes_its_deletion() {
        let deadlines = deadlines();
        let done = done();
        assert_eq!(done.next_due(at(1), &deadlines), Some(at(10)));
        assert_eq!(done.expire(at(9), &deadlines), None);
        let without_input = done.expire(at(10), &deadlines).unwrap();
        without_input.check().unwrap();
        assert_eq!(without_input.version, done.version + 1);
        assert_eq!(without_input.expired, BTreeSet::from([Holding::Input]));
        assert_eq!(without_input.owes, BTreeSet::from([Owed { debt: Debt::DeleteObjects, attempt: 1 }]));
        assert_eq!(without_input.named_keys().collect::<Vec<_>>(), ["s/1/x"], "the results stay");
        assert_eq!(without_input.expire(at(19), &deadlines), None, "once is enough");
        let bare = without_input.expire(at(20), &deadlines).unwrap();
        assert_eq!(bare.named_keys().count(), 0);
        assert_eq!(bare.outputs, done.outputs, "what there was is still told");
        let mut paid = bare;
        paid.owes.clear();
        assert_eq!(paid.next_due(at(21), &deadlines), Some(at(30)));
        let mut tombstone = paid.bury(at(30), &deadlines);
        tombstone.owes.clear();
        assert_eq!(tombstone.next_due(at(30), &deadlines), Some(at(37)));
        assert!(
            done.history_is_over(at(5), &deadlines.retention)
                && !done.history_is_over(at(4), &deadlines.retention)
        );
    }

    #[test]
    fn a_failure_without_its_input_cannot_be_redriven() {
        let failed = ended(&Change::TranscodeFailed(Problem::new(Kind::WorkerCrashed, "x")));
        assert!(failed.can_be_redriven());
        let expired = failed.expire(at(10), &deadlines()).unwrap();
        assert!(!expired.can_be_redriven());
        let stamp = Stamp { transition_id: "r".into(), at: at(11) };
        assert!(expired.apply(&Change::Redriven, &stamp, &deadlines()).is_err());
    }

    #[test]
    fn what_is_kept_for_ever_is_never_due() {
        let for_ever = Deadlines { retention: Retention::FOR_EVER, ..Deadlines::default() };
        assert_eq!(done().next_due(at(1), &for_ever), None);
        assert_eq!(done().expire(at(1_000_000), &for_ever), None);
    }
}
