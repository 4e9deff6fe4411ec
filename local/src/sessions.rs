//! Session records in one SQLite file.
//!
//! A row is the record as JSON, with the columns that conditions and lists need beside it. Conditions are the ones that
//! `states::render::condition` projects from the table; this file adds none. Progress has a column of its own, since it
//! is written often and never moves a record. The time of the next look stands in the record, and in a column for the
//! sweep, which is put off even where the record cannot be read.

use std::path::Path;

use activities::ports::{Cursor, Due, Fault, Guard, Page, Query, Sessions, Usage, Written};
use async_trait::async_trait;
use ledger::Ledger;
use ledger::rusqlite::types::Value;
use ledger::rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params};
use service::Changes;
use states::render::condition::{self, Names};
use states::session::{BrokenRecord, Pace, Progress, Sealed, unsealed};
use states::{Owed, Session, State, Timestamp};
use strum::VariantArray;

use crate::ledgers::{fault, instant};

const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE sessions (
        id         TEXT PRIMARY KEY,
        owner      TEXT NOT NULL,
        state      TEXT NOT NULL,
        version    INTEGER NOT NULL,
        attempt    INTEGER NOT NULL,
        problem    TEXT,
        recipe     TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        due_at     INTEGER,
        deleted    INTEGER NOT NULL,
        progress   INTEGER NOT NULL,
        record     TEXT NOT NULL,
        checksum   INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX by_owner ON sessions (owner, created_at DESC, id DESC) WHERE deleted = 0;
    CREATE INDEX due ON sessions (due_at) WHERE due_at IS NOT NULL;
",
    "
    ALTER TABLE sessions ADD COLUMN pace INTEGER;
",
    "
    CREATE INDEX census ON sessions (state, recipe) WHERE deleted = 0;
",
    "
    CREATE INDEX by_age ON sessions (created_at DESC, id DESC) WHERE deleted = 0;
    ALTER TABLE sessions ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
    UPDATE sessions SET bytes = coalesce(json_extract(record, '$.source.size'), 0) + coalesce(
        (SELECT sum(json_extract(value, '$.bytes')) FROM json_each(record, '$.outputs')), 0) WHERE json_valid(record);
    CREATE INDEX usage ON sessions (owner, bytes) WHERE deleted = 0;
",
    // What had ended was never due; now the sweep looks at it once, and sees how long it is kept.
    "
    UPDATE sessions SET due_at = created_at WHERE due_at IS NULL;
",
];

pub struct SqliteSessions {
    ledger: Ledger,
    /// Told of every write once it is durable.
    changes: Changes,
}

impl SqliteSessions {
    pub fn open(path: &Path, changes: Changes) -> Result<Self, ledger::Error> {
        Ok(Self { ledger: Ledger::open(path, "sessions", MIGRATIONS)?, changes })
    }

    /// How many live sessions of each recipe stand in each state.
    pub fn census(&self) -> Result<Vec<Census>, ledger::Error> {
        let count = |connection: &Connection| {
            let sql = "SELECT state, recipe, count(*) FROM sessions WHERE deleted = 0 GROUP BY state, recipe";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                Ok(Census { state: row.get(0)?, recipe: row.get(1)?, sessions: row.get(2)? })
            })?;
            Ok::<_, ledger::Error>(rows.collect::<Result<_, _>>()?)
        };
        self.ledger.read(count)
    }

    /// Whose a session is, if there is one.
    pub(crate) fn owner_of(&self, id: &str) -> Option<String> {
        let find = |connection: &Connection| -> Result<Option<String>, Failed> {
            let mut statement = connection.prepare_cached("SELECT owner FROM sessions WHERE id = ?1")?;
            Ok(statement.query_row([id], |row| row.get(0)).optional()?)
        };
        self.ledger.read(find).ok()?
    }

    async fn change<F>(&self, id: &str, what: &'static str, change: F) -> Result<Written, Fault>
    where
        F: FnOnce(&Connection) -> Result<Written, Failed> + Send + 'static,
    {
        let written = self.ledger.write(what, change).await?;
        if written == Written::Stored {
            self.changes.publish(id);
        }
        Ok(written)
    }
}

/// So many sessions of this recipe stand in this state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    pub state: String,
    pub recipe: String,
    pub sessions: u32,
}

#[async_trait]
impl Sessions for SqliteSessions {
    async fn get(&self, id: &str) -> Result<Option<Session>, Fault> {
        let session = self.ledger.read(|connection| select(connection, id))?;
        Ok(session)
    }

    async fn write(&self, session: &Session, guard: Guard) -> Result<Written, Fault> {
        session.check()?;
        let what = match guard {
            Guard::Absent => "create",
            Guard::Transition { event, .. } => event.into(),
            Guard::Unmoved { .. } if session.deleted_at.is_some() => "bury",
            Guard::Unmoved { .. } if !session.expired.is_empty() => "expire",
            Guard::Unmoved { .. } if session.kept.is_some() => "keep",
            Guard::Unmoved { .. } => "extend",
        };
        let stored = session.clone();
        self.change(&session.id, what, move |connection| store(connection, &stored, guard)).await
    }

    async fn progress(&self, id: &str, attempt: u32, progress: Progress) -> Result<Written, Fault> {
        let own_id = id.to_owned();
        let raise = move |connection: &Connection| -> Result<Written, Failed> {
            let sql = format!(
                "UPDATE sessions SET progress = :progress, pace = :pace WHERE id = :id AND {}",
                condition::progress(Names::Plain)
            );
            let changed = connection.prepare_cached(&sql)?.execute(named_params! {
                ":id": own_id,
                ":transcoding": State::Transcoding.to_string(),
                ":attempt": attempt,
                ":progress": progress.rank(),
                ":pace": progress.pace.map(Pace::packed),
            })?;
            Ok(written(changed))
        };
        self.change(id, "progress", raise).await
    }

    async fn settle(
        &self,
        id: &str,
        version: u64,
        paid: &[Owed],
        due_at: Option<Timestamp>,
    ) -> Result<Written, Fault> {
        let (own_id, paid) = (id.to_owned(), paid.to_vec());
        let strike = move |connection: &Connection| -> Result<Written, Failed> {
            let Some(mut session) = select(connection, &own_id)? else { return Ok(Written::Refused) };
            session.owes.retain(|owed| !paid.contains(owed));
            session.due_at = due_at;
            store(connection, &session, Guard::Unmoved { version })
        };
        self.change(id, "settle", strike).await
    }

    async fn forget(&self, id: &str, version: u64) -> Result<Written, Fault> {
        let own_id = id.to_owned();
        let forget = move |connection: &Connection| -> Result<Written, Failed> {
            let sql = format!(
                "DELETE FROM sessions WHERE id = :id AND deleted = 1 AND {}",
                condition::unmoved(Names::Plain)
            );
            let parameters = named_params! { ":id": own_id, ":version": version as i64 };
            Ok(written(connection.prepare_cached(&sql)?.execute(parameters)?))
        };
        self.change(id, "forget", forget).await
    }

    async fn list(&self, query: &Query) -> Result<Page, Fault> {
        Ok(self.ledger.read(|connection| page(connection, query))?)
    }

    async fn usage(&self, owner: &str) -> Result<Option<Usage>, Fault> {
        let query = |connection: &Connection| -> Result<Usage, Failed> {
            let sql = "SELECT count(*), total(bytes) FROM sessions WHERE owner = ?1 AND deleted = 0";
            let mut statement = connection.prepare_cached(sql)?;
            Ok(statement.query_row([owner], |row| {
                Ok(Usage { sessions: row.get::<_, i64>(0)? as u64, bytes: row.get::<_, f64>(1)? as u64 })
            })?)
        };
        Ok(Some(self.ledger.read(query)?))
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, Fault> {
        let query = |connection: &Connection| -> Result<Vec<Due>, Failed> {
            let sql = "SELECT id, due_at FROM sessions WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let due = statement.query_map((now.as_millisecond(), limit as i64), |row| {
                Ok(Due { id: row.get(0)?, at: instant(row.get(1)?) })
            })?;
            Ok(due.collect::<Result<_, _>>()?)
        };
        Ok(self.ledger.read(query)?)
    }

    async fn put_off(&self, due: &Due, until: Timestamp) -> Result<Written, Fault> {
        let Due { id, at } = due.clone();
        let put_off = move |connection: &Connection| -> Result<Written, Failed> {
            let sql = "UPDATE sessions SET due_at = ?3 WHERE id = ?1 AND due_at = ?2";
            let parameters = (&id, at.as_millisecond(), until.as_millisecond());
            if connection.prepare_cached(sql)?.execute(parameters)? == 0 {
                return Ok(Written::Refused);
            }
            match select(connection, &id) {
                Ok(Some(mut session)) => {
                    session.due_at = Some(until);
                    store(connection, &session, Guard::Unmoved { version: session.version })
                }
                Ok(None) | Err(Failed::Broken(_)) => Ok(Written::Stored), // the index knows
                Err(failed) => Err(failed),
            }
        };
        Ok(self.ledger.write("put-off", put_off).await?)
    }
}

fn select(connection: &Connection, id: &str) -> Result<Option<Session>, Failed> {
    let sql = format!("SELECT {COLUMNS} FROM sessions WHERE id = ?1");
    let stored = connection.prepare_cached(&sql)?.query_row([id], Stored::read).optional()?;
    Ok(stored.map(Stored::session).transpose()?)
}

/// One column of a row to be written.
type Column = (&'static str, Value);

fn store(connection: &Connection, session: &Session, guard: Guard) -> Result<Written, Failed> {
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
        recipe = :recipe, created_at = :created_at, due_at = :due_at, deleted = :deleted,
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

fn written(changed: usize) -> Written {
    if changed == 0 { Written::Refused } else { Written::Stored }
}

/// A row as it lies in the file.
struct Stored {
    id: String,
    state: String,
    version: i64,
    attempt: u32,
    progress: i64,
    record: String,
    checksum: u32,
    pace: Option<i64>,
    due_at: Option<i64>,
}

const COLUMNS: &str = "id, state, version, attempt, progress, record, checksum, pace, due_at";

impl Stored {
    fn read(row: &Row<'_>) -> Result<Self, ledger::rusqlite::Error> {
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
        })
    }

    /// The record, if it is what was written: a flipped bit is found out, never read as a session.
    fn session(self) -> Result<Session, BrokenRecord> {
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
        session.due_at = self.due_at.map(instant); // what the sweep goes by
        session.check()?;
        Ok(session)
    }
}

fn page(connection: &Connection, query: &Query) -> Result<Page, Failed> {
    // Two texts, so that each has an index of its own to go by.
    let whose = if query.owner.is_some() { "owner = :owner" } else { ":owner IS NULL" };
    let sql = format!(
        "SELECT {COLUMNS} FROM sessions
         WHERE {whose} AND deleted = 0
           AND (:state IS NULL OR state = :state)
           AND (:problem IS NULL OR problem = :problem)
           AND (:recipe IS NULL OR recipe = :recipe)
           AND (:before IS NULL OR (created_at, id) < (:before, :before_id))
         ORDER BY created_at DESC, id DESC LIMIT :limit"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(
        named_params! {
            ":owner": query.owner,
            ":state": query.state.map(|state| state.to_string()),
            ":problem": query.problem.map(|problem| problem.to_string()),
            ":recipe": query.recipe.map(|recipe| recipe.to_string()),
            ":before": query.cursor.as_ref().map(|cursor| cursor.created_at.as_millisecond()),
            ":before_id": query.cursor.as_ref().map(|cursor| &cursor.id),
            ":limit": query.limit as i64 + 1, // one more tells whether there is a next page
        },
        Stored::read,
    )?;
    let mut sessions = Vec::new();
    for row in rows {
        match row?.session() {
            Ok(session) => sessions.push(session),
            Err(broken) => tracing::error!(%broken, "a damaged record is left out of the list"),
        }
    }
    let more = sessions.len() > query.limit;
    sessions.truncate(query.limit);
    let last = sessions.last().filter(|_| more);
    let next = last.map(|last| Cursor { created_at: last.created_at, id: last.id.clone() });
    Ok(Page { sessions, next })
}

/// What can go wrong with a statement, before it becomes the port's [`Fault`].
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    #[error(transparent)]
    Broken(#[from] BrokenRecord),
}

impl From<ledger::rusqlite::Error> for Failed {
    fn from(error: ledger::rusqlite::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<Failed> for Fault {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Broken(broken) => Self::Broken(broken),
            Failed::Ledger(error) => fault("session store", error),
        }
    }
}
