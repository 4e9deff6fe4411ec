//! Session records in one SQLite file.
//!
//! Conditions are the ones that `states::render::condition` projects from the table; this folder adds none. What of a
//! session stands in which column, `row` says.

mod row;

use std::path::Path;

use activities::ports::{Cursor, Due, Fault, Guard, Page, Query, Sessions, Usage, Written};
use async_trait::async_trait;
use ledger::Ledger;
use ledger::rusqlite::{Connection, OptionalExtension, named_params};
use service::Changes;
use states::render::condition::{self, Names};
use states::session::{Pace, Progress};
use states::{Owed, Session, State, Timestamp};

use row::{COLUMNS, Stored, select, store};

use crate::ledgers::{Failed, instant};

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
    // A record that cannot be read is put off beside its columns, which are held against it once it is mended.
    "
    ALTER TABLE sessions ADD COLUMN put_off INTEGER;
    DROP INDEX due;
    CREATE INDEX due ON sessions (coalesce(put_off, due_at)) WHERE due_at IS NOT NULL;
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
        let written = self.ledger.write(what, change).await.map_err(fault)?;
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
        self.ledger.read(|connection| select(connection, id)).map_err(fault)
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
        self.ledger.read(|connection| page(connection, query)).map_err(fault)
    }

    async fn usage(&self, owner: &str) -> Result<Option<Usage>, Fault> {
        let query = |connection: &Connection| -> Result<Usage, Failed> {
            let sql = "SELECT count(*), total(bytes) FROM sessions WHERE owner = ?1 AND deleted = 0";
            let mut statement = connection.prepare_cached(sql)?;
            Ok(statement.query_row([owner], |row| {
                Ok(Usage { sessions: row.get::<_, i64>(0)? as u64, bytes: row.get::<_, f64>(1)? as u64 })
            })?)
        };
        self.ledger.read(query).map(Some).map_err(fault)
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, Fault> {
        let query = |connection: &Connection| -> Result<Vec<Due>, Failed> {
            let sql = "
                SELECT id, coalesce(put_off, due_at) AS at FROM sessions
                WHERE due_at IS NOT NULL AND at <= ?1 ORDER BY at LIMIT ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let due = statement.query_map((now.as_millisecond(), limit as i64), |row| {
                Ok(Due { id: row.get(0)?, at: instant(row.get(1)?) })
            })?;
            Ok(due.collect::<Result<_, _>>()?)
        };
        self.ledger.read(query).map_err(fault)
    }

    async fn put_off(&self, due: &Due, until: Timestamp) -> Result<Written, Fault> {
        let Due { id, at } = due.clone();
        let put_off = move |connection: &Connection| -> Result<Written, Failed> {
            match select(connection, &id) {
                Ok(Some(session)) if session.due_at != Some(at) => Ok(Written::Refused),
                Ok(Some(mut session)) => {
                    session.due_at = Some(until);
                    store(connection, &session, Guard::Unmoved { version: session.version })
                }
                Ok(None) | Err(Failed::Broken(_)) => {
                    let sql =
                        "UPDATE sessions SET put_off = ?3 WHERE id = ?1 AND coalesce(put_off, due_at) = ?2";
                    let parameters = (&id, at.as_millisecond(), until.as_millisecond());
                    Ok(written(connection.prepare_cached(sql)?.execute(parameters)?))
                }
                Err(failed) => Err(failed),
            }
        };
        self.ledger.write("put-off", put_off).await.map_err(fault)
    }
}

fn written(changed: usize) -> Written {
    if changed == 0 { Written::Refused } else { Written::Stored }
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

fn fault(failed: Failed) -> Fault {
    failed.of("session store")
}
