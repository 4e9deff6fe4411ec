//! A session as a row: the record as JSON, with the columns that conditions and lists need beside it. Progress has a column
//! of its own, since it is written often and never moves a record. The time of the next look stands in the record, and in
//! a column that agrees with it. Where the record cannot be read, the sweep puts it off in a column beside that one, so
//! that a record that was mended agrees with its columns as it did before; whatever is written ends that.

use activities::ports::{Guard, Written};
use ledger::rusqlite::types::Value;
use ledger::rusqlite::{Connection, OptionalExtension, Row, ToSql};
use states::render::condition::{self, Names};
use states::session::{BrokenRecord, Pace, Progress, Sealed, unsealed};
use states::{Session, State};
use strum::VariantArray;

use super::written;
use crate::ledgers::{Failed, instant};

pub(super) fn select(connection: &Connection, id: &str) -> Result<Option<Session>, Failed> {
    let sql = format!("SELECT {COLUMNS} FROM sessions WHERE id = ?1");
    let stored = connection.prepare_cached(&sql)?.query_row([id], Stored::read).optional()?;
    Ok(stored.map(Stored::session).transpose()?)
}

/// One column of a row to be written.
type Column = (&'static str, Value);

pub(super) fn store(connection: &Connection, session: &Session, guard: Guard) -> Result<Written, Failed> {
    let mut columns = row_of(session);
    let clause = match guard {
        Guard::Absent => None,
        Guard::Transition { event, version } => {
            let from = event.from_states().map(|state| state.to_string().into());
            columns.extend(FROM.into_iter().zip(from));
            columns.push((":version", integer(version)));
            Some(condition::transition(event, Names::Plain))
        }
        Guard::Unmoved { version } => {
            columns.push((":version", integer(version)));
            Some(condition::unmoved(Names::Plain))
        }
    };
    let sql = clause.map_or_else(|| INSERT.to_owned(), |clause| format!("{UPDATE} AND {clause}"));
    let parameters: Vec<_> = columns.iter().map(|(name, value)| (*name, value as &dyn ToSql)).collect();
    let changed = connection.prepare_cached(&sql)?.execute(parameters.as_slice())?;
    Ok(written(changed))
}

/// The parameters of the condition, one for each state that there is: no event begins in more.
const FROM: [&str; State::VARIANTS.len()] = [":from0", ":from1", ":from2", ":from3", ":from4"];

const INSERT: &str = "
    INSERT INTO sessions (id, owner, state, version, attempt, problem, recipe, created_at, due_at, deleted, progress,
                          bytes, record, checksum)
    VALUES (:id, :owner, :state, :next_version, :next_attempt, :problem, :recipe, :created_at, :due_at, :deleted,
            :next_progress, :bytes, :record, :checksum)
    ON CONFLICT (id) DO NOTHING";

/// Within an attempt the progress that stands may be newer than the record's; it never falls.
const UPDATE: &str = "
    UPDATE sessions
    SET owner = :owner, state = :state, version = :next_version, attempt = :next_attempt, problem = :problem,
        recipe = :recipe, created_at = :created_at, due_at = :due_at, put_off = NULL, deleted = :deleted,
        progress = CASE WHEN attempt = :next_attempt THEN max(progress, :next_progress) ELSE :next_progress END,
        bytes = :bytes, record = :record, checksum = :checksum
    WHERE id = :id";

fn row_of(session: &Session) -> Vec<Column> {
    let Sealed { text, checksum } = Sealed::of(session);
    let optional = |value: Option<Value>| value.unwrap_or(Value::Null);
    vec![
        (":id", session.id.clone().into()),
        (":owner", session.owner.clone().into()),
        (":state", session.state.to_string().into()),
        (":next_version", integer(session.version)),
        (":next_attempt", session.attempt.into()),
        (":problem", optional(session.problem.as_ref().map(|problem| problem.kind.to_string().into()))),
        (":recipe", session.recipe.to_string().into()),
        (":created_at", session.created_at.as_millisecond().into()),
        (":due_at", optional(session.due_at.map(|due| due.as_millisecond().into()))),
        (":deleted", session.deleted_at.is_some().into()),
        (":next_progress", session.progress.rank().into()),
        (":bytes", i64::try_from(session.bytes()).unwrap_or(i64::MAX).into()),
        (":checksum", checksum.into()),
        (":record", text.into()),
    ]
}

fn integer(version: u64) -> Value {
    Value::Integer(i64::try_from(version).expect("a session moves fewer than 2^63 times"))
}

/// A row as it lies in the file.
pub(super) struct Stored {
    id: String,
    state: String,
    version: i64,
    attempt: u32,
    progress: i64,
    record: String,
    checksum: u32,
    pace: Option<i64>,
    due_at: Option<i64>,
    put_off: Option<i64>,
}

pub(super) const COLUMNS: &str =
    "id, state, version, attempt, progress, record, checksum, pace, due_at, put_off";

impl Stored {
    pub(super) fn read(row: &Row<'_>) -> Result<Self, ledger::rusqlite::Error> {
        Ok(Self {
            id: row.get(0)?,
            state: row.get(1)?,
            version: row.get(2)?,
            attempt: row.get(3)?,
            progress: row.get(4)?,
            record: row.get(5)?,
            checksum: row.get(6)?,
            pace: row.get(7)?,
            due_at: row.get(8)?,
            put_off: row.get(9)?,
        })
    }

    /// The record, if it is what was written: a flipped bit is found out, never read as a session.
    pub(super) fn session(self) -> Result<Session, BrokenRecord> {
        let broken = |what| BrokenRecord { id: self.id.clone(), what };
        let mut session: Session = unsealed(&self.id, &self.record, Some(self.checksum))?;
        let columns = (self.state.as_str(), self.version, self.attempt);
        if columns != (<&str>::from(session.state), session.version as i64, session.attempt)
            || session.id != self.id
        {
            return Err(broken("its columns agree with its text"));
        }
        session.progress = Progress::of_rank(self.progress).ok_or_else(|| broken("its progress is one"))?;
        if session.state == State::Transcoding {
            session.progress.pace = self.pace.map(Pace::unpacked);
        }
        // Ended sessions once had no next look. To those that had ended by then a migration gave one in the column alone, so
        // that a text without a time has nothing to be held against.
        if session.due_at.is_some_and(|due| Some(due.as_millisecond()) != self.due_at) {
            return Err(broken("its next look is when its text says"));
        }
        if self.put_off.is_some_and(|until| self.due_at.is_none_or(|due| until <= due)) {
            return Err(broken("it is put off to a later time"));
        }
        session.due_at = self.put_off.or(self.due_at).map(instant);
        session.check()?;
        Ok(session)
    }
}
