//! THE table: every legal move of a session, as data. Nothing else in the workspace decides whether a move is legal.
//!
//! A wrong table does not compile (see [`check`]). A row has no condition: where a move would need an `if`, it is two
//! events. What a move does to the record is in [`crate::session`], and with it the two things that hang on the record: that
//! what starts by itself owes its start at once, and that what has lost its file is not redriven. What performs a move is the
//! activity it names.

use Activity::{Cancel, ConfirmUpload, Fail, Finish, Redrive, Start, Sweep};
use Event::{
    Cancelled, Expired, Redriven, TranscodeFailed, TranscodeStarted, TranscodeSucceeded, UploadConfirmed,
    UploadRejected,
};
use State::{Done, Failed, NotUploaded, ReadyToXcode, Transcoding};

use crate::debt::Debt::{self, DeleteObjects, Notify, Stop};

/// Where a session stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
pub enum State {
    NotUploaded,
    ReadyToXcode,
    Transcoding,
    Done,
    Failed,
}

/// What can happen to a session.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
pub enum Event {
    UploadConfirmed,
    UploadRejected,
    Expired,
    TranscodeStarted,
    TranscodeSucceeded,
    TranscodeFailed,
    Cancelled,
    Redriven,
}

/// A function that moves a session along or does its media work. The name is the one the ASL document, the Lambda's
/// handler and the registry in `activities/` use.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Activity {
    ConfirmUpload,
    Start,
    Begin,
    Probe,
    Flac,
    Proxies,
    Thumbnails,
    Video,
    Captions,
    Finish,
    Fail,
    Cancel,
    Redrive,
    Sweep,
    /// Tries to deliver a notice; of a workflow of its own, and moves no session.
    Deliver,
}

/// One legal move.
#[derive(Debug)]
pub struct Transition {
    pub from: State,
    pub on: Event,
    pub to: State,
    /// Who makes this move. `sweep` stands in for `fail` and `confirm-upload` when they were lost.
    pub by: Activity,
    /// What is still to be done once the move is written, kept in the same write.
    pub owes: &'static [Debt],
}

const fn row(from: State, on: Event, to: State, by: Activity, owes: &'static [Debt]) -> Transition {
    Transition { from, on, to, by, owes }
}

pub const TRANSITIONS: &[Transition] = &[
    row(NotUploaded, UploadConfirmed, ReadyToXcode, ConfirmUpload, &[]),
    row(NotUploaded, UploadRejected, Failed, ConfirmUpload, &[Notify, DeleteObjects]),
    row(NotUploaded, Expired, Failed, Sweep, &[Notify, DeleteObjects]),
    row(NotUploaded, Cancelled, Failed, Cancel, &[Notify, DeleteObjects]),
    row(ReadyToXcode, TranscodeStarted, Transcoding, Start, &[Debt::Start]),
    row(ReadyToXcode, Expired, Failed, Sweep, &[Notify, DeleteObjects]),
    row(ReadyToXcode, Cancelled, Failed, Cancel, &[Notify, DeleteObjects]),
    row(Transcoding, TranscodeSucceeded, Done, Finish, &[Notify, DeleteObjects]),
    row(Transcoding, TranscodeFailed, Failed, Fail, &[Notify, DeleteObjects]),
    row(Transcoding, Cancelled, Failed, Cancel, &[Stop, Notify, DeleteObjects]),
    row(Failed, Redriven, Transcoding, Redrive, &[Debt::Start]),
];

const _: () = check(TRANSITIONS);

/// One row for each (from, on); nothing leaves Done; only Redriven leaves Failed; no row stays where it is.
const fn check(rows: &[Transition]) {
    let mut i = 0;
    while i < rows.len() {
        let row = &rows[i];
        assert!(row.from as u8 != Done as u8, "a row leaves Done");
        assert!(
            row.from as u8 != Failed as u8 || row.on as u8 == Redriven as u8,
            "a row other than Redriven leaves Failed"
        );
        assert!(row.from as u8 != row.to as u8, "a row stays where it is");
        let mut j = i + 1;
        while j < rows.len() {
            assert!(
                rows[j].from as u8 != row.from as u8 || rows[j].on as u8 != row.on as u8,
                "two rows for one (from, on)"
            );
            j += 1;
        }
        i += 1;
    }
}

/// The move that was asked for is not in the table. The API answers it with `400 Wrong State`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a session in {from} does not take {on}")]
pub struct WrongState {
    pub from: State,
    pub on: Event,
}

/// The row for `on` in `from`, or the one error there is.
pub fn transition(from: State, on: Event) -> Result<&'static Transition, WrongState> {
    TRANSITIONS.iter().find(|row| row.from == from && row.on == on).ok_or(WrongState { from, on })
}

impl State {
    /// What may happen next to a session in this state.
    pub fn allowed(self) -> impl Iterator<Item = Event> {
        TRANSITIONS.iter().filter(move |row| row.from == self).map(|row| row.on)
    }

    /// Nothing more is going to happen by itself.
    pub fn is_terminal(self) -> bool {
        match self {
            Done | Failed => true,
            NotUploaded | ReadyToXcode | Transcoding => false,
        }
    }
}

impl Event {
    /// The states this event may happen in: what a store's conditional write demands.
    pub fn from_states(self) -> impl Iterator<Item = State> {
        TRANSITIONS.iter().filter(move |row| row.on == self).map(|row| row.from)
    }

    /// Every event leads to one state only, wherever it happens.
    pub fn target(self) -> State {
        let first = TRANSITIONS.iter().find(|row| row.on == self);
        first.map(|row| row.to).expect("every event has a row")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use strum::VariantArray;

    use super::*;

    #[test]
    fn every_pair_is_a_row_or_the_one_error() {
        for &from in State::VARIANTS {
            for &on in Event::VARIANTS {
                let listed = TRANSITIONS.iter().any(|row| row.from == from && row.on == on);
                match transition(from, on) {
                    Ok(row) => assert!(listed && row.from == from && row.on == on),
                    Err(error) => assert!(!listed && error == WrongState { from, on }),
                }
            }
        }
    }

    #[test]
    fn every_event_has_one_target() {
        for &event in Event::VARIANTS {
            let targets: BTreeSet<_> =
                TRANSITIONS.iter().filter(|row| row.on == event).map(|row| row.to).collect();
            assert_eq!(targets.len(), 1, "{event}");
            assert!(targets.contains(&event.target()));
        }
    }

    #[test]
    fn every_state_is_reached_and_reaches_an_end() {
        let step = |from: &BTreeSet<State>| -> BTreeSet<State> {
            let next = TRANSITIONS.iter().filter(|row| from.contains(&row.from)).map(|row| row.to);
            from.iter().copied().chain(next).collect()
        };
        let closure = |start: State| {
            let mut reached = BTreeSet::from([start]);
            for _ in State::VARIANTS {
                reached = step(&reached);
            }
            reached
        };
        assert_eq!(closure(State::NotUploaded).len(), State::VARIANTS.len());
        for &state in State::VARIANTS {
            assert!(closure(state).iter().any(|reached| reached.is_terminal()), "{state}");
        }
    }
}
