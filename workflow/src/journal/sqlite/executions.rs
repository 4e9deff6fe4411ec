//! Executions and events as rows.

use crate::Millis;
use async_trait::async_trait;
use ledger::rusqlite::{CachedStatement, Connection, OptionalExtension, Row, ToSql, params};

use super::super::{
    Append, Appended, ChildOf, Ended, Error, EventRow, ExecutionId, ExecutionRow, Executions, Forgotten,
    ItemsOf, Listing, NewExecution, Origin, Redriven, RunStatus, Unfinished, Waiting, Which, in_sequence,
};
use super::{SqliteJournal, forgetting, map_runs};
use crate::history::RunId;

const SELECT: &str =
    "SELECT e.id, e.machine, m.name, e.revision, e.name, e.format, e.status, e.started, e.stopped, e.wake,
    e.map_run, e.first_item, e.item_count, r.run, r.label, e.version, e.alias, e.trace, e.redrives, e.redriven, e.redrive
    FROM executions e JOIN machines m ON m.id = e.machine LEFT JOIN map_runs r ON r.id = e.map_run";

/// `CROSS` keeps SQLite from starting with all executions.
const NAMED: &str = "WHERE e.id = (SELECT max(x.id) FROM machines n CROSS JOIN executions x
    ON x.machine = n.id AND x.name = ?2 WHERE n.name = ?1)";
const NEWEST: &str = "WHERE e.id = (SELECT max(id) FROM executions)";

const APPEND: &str =
    "INSERT INTO events (execution, first, count, checksum, body) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (execution, first) DO NOTHING";

#[async_trait]
impl Executions for SqliteJournal {
    async fn append(&self, batch: Vec<Append>) -> Result<Vec<Appended>, Error> {
        let is_alone = batch.len() == 1;
        let append = move |connection: &Connection| {
            let mut events = connection.prepare_cached(APPEND)?;
            batch.iter().map(|append| store(connection, &mut events, append)).collect()
        };
        // While many are committed, the loop decides what comes next.
        if is_alone {
            self.ledger.write_alone("append", append).await
        } else {
            self.ledger.write("append", append).await
        }
    }

    async fn park(&self, execution: ExecutionId, at: Millis) -> Result<(), Error> {
        self.ledger
            .write("park", move |connection| {
                connection
                    .prepare_cached(
                        "UPDATE executions SET status = ?2, stopped = ?3, wake = NULL WHERE id = ?1",
                    )?
                    .execute(params![execution, RunStatus::Parked as u8, at])?;
                Ok(())
            })
            .await
    }

    async fn forget(&self, before: Millis, after: Option<Ended>, limit: u32) -> Result<Forgotten, Error> {
        let candidates =
            self.ledger.read(|connection| forgetting::ended(connection, before, after, limit))?;
        if candidates.is_empty() {
            return Ok(Forgotten::default());
        }
        let next = candidates.last().copied().filter(|_| candidates.len() == limit as usize);
        let forget = move |connection: &Connection| forgetting::forget(connection, before, &candidates);
        let count = self.ledger.write("forget", forget).await?;
        Ok(Forgotten { count, next })
    }

    fn execution(&self, which: Which<'_>) -> Result<Option<ExecutionRow>, Error> {
        let (condition, values): (_, Vec<&dyn ToSql>) = match &which {
            Which::Id(id) => ("WHERE e.id = ?1", vec![id]),
            Which::Named { machine, name } => (NAMED, vec![machine, name]),
            Which::Newest => (NEWEST, vec![]),
        };
        self.ledger.read(|connection| {
            let mut statement = connection.prepare_cached(&format!("{SELECT} {condition}"))?;
            Ok(statement.query_row(values.as_slice(), execution_row).optional()?)
        })
    }

    fn executions(&self, listing: &Listing) -> Result<Vec<ExecutionRow>, Error> {
        let by_status = match listing.status {
            // Spelt out, so that SQLite takes the small index of the running ones.
            Some(RunStatus::Running) => "AND e.status = 0 AND ?2 IS NOT NULL",
            Some(_) => "AND e.status = ?2",
            None => "AND ?2 IS NULL",
        };
        let (whose, owner) = match listing.map_run {
            Some(run) => ("e.map_run = ?1", run),
            None => ("e.machine = ?1 AND e.map_run IS NULL", listing.machine),
        };
        let by_origin = "AND (?5 IS NULL OR e.version = ?5) AND (?6 IS NULL OR e.alias = ?6)";
        let by_redrive = "AND (?7 IS NULL OR (e.redriven IS NOT NULL) = ?7)";
        let (by_waiting, redrives) = match listing.waiting {
            Some(Waiting::Only(redrives)) => {
                ("AND e.status NOT IN (0, 1) AND e.redrive < ?8", Some(redrives))
            }
            Some(Waiting::Never(redrives)) => ("AND (e.status IN (0, 1) OR e.redrive >= ?8)", Some(redrives)),
            None => ("AND ?8 IS NULL", None),
        };
        let sql = format!(
            "{SELECT} WHERE {whose} {by_status} AND e.id < ?3 {by_origin} {by_redrive} {by_waiting}
            ORDER BY e.id DESC LIMIT ?4"
        );
        let status = listing.status.map(|status| status as u8);
        let before = listing.before.unwrap_or(ExecutionId::MAX);
        self.ledger.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let Listing { limit, version, alias, redriven, .. } = listing;
            let values = params![owner, status, before, limit, version, alias, redriven, redrives];
            Ok(statement.query_map(values, execution_row)?.collect::<Result<_, _>>()?)
        })
    }

    fn unfinished(&self, after: ExecutionId, limit: u32) -> Result<Vec<Unfinished>, Error> {
        let sql = "SELECT id, wake FROM executions WHERE status = 0 AND id > ?1 ORDER BY id LIMIT ?2";
        self.ledger.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![after, limit], |row| {
                Ok(Unfinished { id: row.get(0)?, wake: row.get(1)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn events(&self, execution: ExecutionId, from: u32, limit: u32) -> Result<Vec<EventRow>, Error> {
        let sql = "SELECT first, count, body, checksum FROM events WHERE execution = ?1 AND first >=
            coalesce((SELECT max(first) FROM events WHERE execution = ?1 AND first <= ?2), 0) ORDER BY first LIMIT ?3";
        let rows = self.ledger.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![execution, from, limit], |row| {
                Ok((
                    EventRow { first: row.get(0)?, count: row.get(1)?, body: row.get(2)? },
                    row.get::<_, u32>(3)?,
                ))
            })?;
            let check = |row: Result<(EventRow, u32), ledger::rusqlite::Error>| {
                let (row, checksum) = row?;
                let sound = row.checksum(execution) == checksum;
                sound.then_some(row).ok_or(Error::Corrupt { execution, event: from })
            };
            rows.map(check).collect::<Result<Vec<_>, Error>>()
        })?;
        in_sequence(execution, from, rows)
    }
}

fn store(
    connection: &Connection,
    events: &mut CachedStatement<'_>,
    append: &Append,
) -> Result<Appended, Error> {
    if let Some(new) = &append.start {
        let sql =
            "INSERT INTO executions (id, machine, revision, name, format, started, version, alias, trace,
            map_run, first_item, item_count, redrive) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,
            (SELECT redrives FROM map_runs WHERE id = ?10))
            ON CONFLICT (machine, name) DO NOTHING";
        let NewExecution { machine, revision, name, format, started, origin, items } = new;
        let Origin { version, alias, trace } = origin;
        let (run, first, count) =
            (items.map(|it| it.run), items.map(|it| it.first), items.map(|it| it.count));
        let id = append.execution;
        let values =
            params![id, machine, revision, name, format, started, version, alias, trace, run, first, count];
        if connection.prepare_cached(sql)?.execute(values)? == 0 {
            return Ok(Appended::NameTaken);
        }
    }
    let EventRow { first, count, body } = &append.row;
    let values = params![append.execution, first, count, append.row.checksum(append.execution), body];
    if events.execute(values)? == 0 {
        return Err(Error::Conflict(append.execution));
    }
    if let Some(Redriven { count, at }) = append.redriven {
        let sql = "UPDATE executions SET status = 0, stopped = NULL, redrives = ?2, redriven = ?3,
            redrive = (SELECT r.redrives FROM map_runs r WHERE r.id = map_run) WHERE id = ?1";
        connection.prepare_cached(sql)?.execute(params![append.execution, count, at])?;
    }
    if let Some(closed) = &append.closed {
        connection
            .prepare_cached("UPDATE executions SET status = ?2, stopped = ?3, wake = NULL WHERE id = ?1")?
            .execute(params![append.execution, closed.status as u8, closed.at])?;
    } else if let Some(wake) = append.wake {
        connection
            .prepare_cached("UPDATE executions SET wake = ?2 WHERE id = ?1")?
            .execute(params![append.execution, wake])?;
    }
    map_runs::store(connection, append.execution, &append.map_runs)?;
    Ok(Appended::Stored)
}

fn execution_row(row: &Row<'_>) -> ledger::rusqlite::Result<ExecutionRow> {
    let child = match row.get(10)? {
        None => None,
        Some(run) => Some(ChildOf {
            items: ItemsOf { run, first: row.get(11)?, count: row.get(12)? },
            run: RunId(row.get(13)?),
            label: row.get(14)?,
        }),
    };
    Ok(ExecutionRow {
        id: row.get(0)?,
        machine: row.get(1)?,
        machine_name: row.get(2)?,
        revision: row.get(3)?,
        name: row.get(4)?,
        format: row.get(5)?,
        status: map_runs::status(row, 6)?,
        started: row.get(7)?,
        stopped: row.get(8)?,
        wake: row.get(9)?,
        origin: Origin { version: row.get(15)?, alias: row.get(16)?, trace: row.get(17)? },
        child,
        redrive: row.get(20)?,
        redriven: row
            .get::<_, Option<Millis>>(19)?
            .map(|at| Ok::<_, ledger::rusqlite::Error>(Redriven { count: row.get(18)?, at }))
            .transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_is_found_by_name_without_looking_at_the_others() {
        let connection = Connection::open_in_memory().unwrap();
        super::super::MIGRATIONS.iter().for_each(|sql| connection.execute_batch(sql).unwrap());
        for condition in [NAMED, NEWEST] {
            let plan = format!("EXPLAIN QUERY PLAN {SELECT} {condition}");
            let mut statement = connection.prepare(&plan).unwrap();
            let steps =
                statement.raw_query().mapped(|row| row.get(3)).collect::<Result<Vec<String>, _>>().unwrap();
            assert!(!steps.is_empty() && steps.iter().all(|step| !step.starts_with("SCAN")), "{steps:#?}");
        }
    }
}
