//! A session as an item, and back. The record is one text with a checksum; an item that contradicts it is an error, never
//! a session.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Display;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::SignedDuration;
use states::session::{BrokenRecord, Pace, Progress, Retention, Sealed, unsealed};
use states::{Owed, Session, State, Timestamp};

/// What the attributes are called.
pub mod name {
    pub const ID: &str = "id";
    pub const STATE: &str = "state";
    pub const VERSION: &str = "version";
    pub const ATTEMPT: &str = "attempt";
    pub const PROBLEM: &str = "problem";
    pub const RECIPE: &str = "recipe";
    /// Whose list it is in; on live records only.
    pub const LISTED: &str = "listed";
    /// Where in that list.
    pub const CREATED: &str = "created";
    /// Which part of the due records it is among, if it is.
    pub const DUE_SHARD: &str = "dueShard";
    pub const DUE_AT: &str = "dueAt";
    pub const OWES: &str = "owes";
    pub const PROGRESS: &str = "progress";
    /// How fast it goes, where that is known; beside the progress that it was told with.
    pub const PACE: &str = "pace";
    pub const RECORD: &str = "record";
    pub const CHECKSUM: &str = "checksum";
    /// When DynamoDB may forget it, in seconds.
    pub const EXPIRES: &str = "expires";
}

/// Attributes that not every item has; the pace goes with the progress.
pub(crate) const OPTIONAL: [&str; 6] =
    [name::PROBLEM, name::LISTED, name::DUE_SHARD, name::DUE_AT, name::OWES, name::EXPIRES];

pub(crate) type Attributes = BTreeMap<&'static str, AttributeValue>;
pub(crate) type Stored = HashMap<String, AttributeValue>;

/// The due records are in so many parts, since one part takes a thousand writes in a second and no more.
pub(crate) const SHARDS: u32 = 4;

/// DynamoDB forgets a tombstone after so long.
const TOMBSTONE: SignedDuration = SignedDuration::from_hours(24 * Retention::TOMBSTONE_DAYS);

pub(crate) fn of(session: &Session) -> Attributes {
    let sealed = Sealed::of(session);
    let live = session.deleted_at.is_none();
    let owes: Vec<_> = session.owes.iter().copied().collect();
    let always = [
        (name::ID, text(&session.id)),
        (name::STATE, text(session.state)),
        (name::VERSION, number(session.version)),
        (name::ATTEMPT, number(session.attempt)),
        (name::RECIPE, text(session.recipe)),
        (name::CREATED, text(place(session.created_at, &session.id))),
        (name::PROGRESS, number(session.progress.rank())),
        (name::CHECKSUM, number(sealed.checksum)),
        (name::RECORD, text(sealed.text)),
    ];
    let sometimes = [
        (name::PROBLEM, session.problem.as_ref().map(|problem| text(problem.kind))),
        (name::LISTED, live.then(|| text(&session.owner))),
        (name::DUE_SHARD, session.due_at.map(|_| shard(&session.id))),
        (name::DUE_AT, session.due_at.map(|due| number(due.as_millisecond()))),
        (name::OWES, owed(&owes)),
        (name::PACE, pace(session.progress)),
        (name::EXPIRES, session.deleted_at.map(|at| number((at + TOMBSTONE).as_second()))),
    ];
    let sometimes = sometimes.into_iter().filter_map(|(name, value)| Some((name, value?)));
    always.into_iter().chain(sometimes).collect()
}

/// The record, if it is what was written.
pub(crate) fn session(id: &str, item: &Stored) -> Result<Session, BrokenRecord> {
    let broken = |what| BrokenRecord { id: id.to_owned(), what };
    let record = string(item, name::RECORD).ok_or_else(|| broken("it has a text"))?;
    let mut session: Session = unsealed(id, record, parsed(item, name::CHECKSUM))?;
    let agree = string(item, name::ID) == Some(session.id.as_str())
        && string(item, name::STATE) == Some(session.state.into())
        && parsed(item, name::VERSION) == Some(session.version)
        && parsed(item, name::ATTEMPT) == Some(session.attempt);
    if !agree {
        return Err(broken("its attributes agree with its text"));
    }
    session.progress = parsed(item, name::PROGRESS)
        .and_then(Progress::of_rank)
        .ok_or_else(|| broken("its progress is one"))?;
    if session.state == State::Transcoding {
        session.progress.pace = parsed(item, name::PACE).map(Pace::unpacked);
    }
    session.owes = debts(item).ok_or_else(|| broken("what it owes are debts"))?;
    session.due_at = due_at(item);
    session.check()?;
    Ok(session)
}

fn debts(item: &Stored) -> Option<BTreeSet<Owed>> {
    match item.get(name::OWES) {
        None => Some(BTreeSet::new()),
        Some(members) => members.as_ss().ok()?.iter().map(|owed| owed.parse().ok()).collect(),
    }
}

pub(crate) fn due_at(item: &Stored) -> Option<Timestamp> {
    parsed(item, name::DUE_AT).and_then(|millis| Timestamp::from_millisecond(millis).ok())
}

pub(crate) fn string<'i>(item: &'i Stored, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(crate) fn pace(progress: Progress) -> Option<AttributeValue> {
    progress.pace.map(|pace| number(pace.packed()))
}

pub(crate) fn parsed<T: FromStr>(item: &Stored, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(crate) fn text(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

pub(crate) fn number(number: impl Display) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// DynamoDB has no empty sets.
pub(crate) fn owed(owed: &[Owed]) -> Option<AttributeValue> {
    (!owed.is_empty()).then(|| AttributeValue::Ss(owed.iter().map(ToString::to_string).collect()))
}

/// A text that orders as a list does: by time, and among those of the same millisecond by id.
pub(crate) fn place(created_at: Timestamp, id: &str) -> String {
    format!("{:015}#{id}", created_at.as_millisecond())
}

/// The part of the due records that a record is in.
pub(crate) fn shard(id: &str) -> AttributeValue {
    text(crc32fast::hash(id.as_bytes()) % SHARDS)
}
