//! Map runs as rows.

use async_trait::async_trait;
use ledger::rusqlite::types::Type;
use ledger::rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::{
    Aged, Child, Error, ExecutionId, ItemPage, MapRun, MapRunChange, MapRunEvent, MapRunKey, MapRuns,
    NewMapRun, Outworn, RunStatus, Tally,
};
use super::{SqliteJournal, unreadable};
use crate::history::{Limits, RunId};

const SELECT: &str =
    "SELECT id, run, execution, label, status, started, stopped, concurrency, tolerated_count,
    tolerated_percentage, items, batch, pins, redrives, redriven FROM map_runs";

#[async_trait]
impl MapRuns for SqliteJournal {
    fn map_run(&self, run: RunId) -> Result<Option<MapRun>, Error> {
        self.ledger.read(|connection| {
            let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE run = ?1"))?;
            Ok(statement.query_row([run.0], map_run_row).optional()?)
        })
    }

    fn map_runs(
        &self,
        execution: ExecutionId,
        before: Option<MapRunKey>,
        limit: u32,
    ) -> Result<Vec<MapRun>, Error> {
        let sql = format!("{SELECT} WHERE execution = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3");
        let before = before.unwrap_or(MapRunKey::MAX);
        self.ledger.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params![execution, before, limit], map_run_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn open_map_runs(&self) -> Result<Vec<(ExecutionId, RunId)>, Error> {
        let sql = "SELECT execution, run FROM map_runs WHERE status = 0 ORDER BY execution, run";
        self.ledger.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, RunId(row.get(1)?))))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn tally(&self, run: MapRunKey) -> Result<Vec<Tally>, Error> {
        let sql = "SELECT status, redrive, count(*), sum(item_count) FROM executions WHERE map_run = ?1
            GROUP BY status, redrive ORDER BY status, redrive";
        self.ledger.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([run], |row| {
                Ok(Tally {
                    status: status(row, 0)?,
                    redrive: row.get(1)?,
                    executions: row.get(2)?,
                    items: row.get(3)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn outworn(&self, run: MapRunKey, aged: Aged) -> Result<Outworn, Error> {
        let sql = "SELECT count(*), coalesce(sum(item_count), 0) FROM executions
            WHERE map_run = ?1 AND status > ?2 AND (status = ?3 OR stopped < ?4 OR started < ?5)";
        let Aged { stopped_before, started_before } = aged;
        let (succeeded, parked) = (RunStatus::Succeeded as u8, RunStatus::Parked as u8);
        self.ledger.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let counts = params![run, succeeded, parked, stopped_before, started_before];
            let outworn = |row: &Row<'_>| Ok(Outworn { executions: row.get(0)?, items: row.get(1)? });
            Ok(statement.query_row(counts, outworn)?)
        })
    }

    fn children(&self, run: MapRunKey, from: u32, limit: u32) -> Result<Vec<Child>, Error> {
        let sql = "SELECT id, first_item, item_count, status, redrive FROM executions
            WHERE map_run = ?1 AND first_item >= ?2 ORDER BY first_item LIMIT ?3";
        self.ledger.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![run, from, limit], |row| {
                Ok(Child {
                    execution: row.get(0)?,
                    first: row.get(1)?,
                    count: row.get(2)?,
                    status: status(row, 3)?,
                    redrive: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    async fn change_map_run(&self, run: MapRunKey, change: MapRunChange) -> Result<(), Error> {
        self.ledger.write("change-map-run", move |connection| apply(connection, run, &change)).await
    }

    fn map_run_page(&self, run: MapRunKey, first: u32) -> Result<Option<ItemPage>, Error> {
        let sql = "SELECT first, items, next FROM map_run_pages WHERE run = ?1 AND first = ?2";
        self.ledger.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let page = statement.query_row(params![run, first], |row| {
                Ok(ItemPage { first: row.get(0)?, items: row.get(1)?, next: row.get(2)? })
            });
            Ok(page.optional()?)
        })
    }
}

/// What a commit of `execution` says of its map runs, within that commit.
pub(super) fn store(
    connection: &Connection,
    execution: ExecutionId,
    events: &[MapRunEvent],
) -> Result<(), Error> {
    for event in events {
        match event {
            MapRunEvent::Began(NewMapRun { run, label, started, limits, items, batch }) => {
                let sql =
                    "INSERT INTO map_runs (run, execution, label, started, concurrency, tolerated_count,
                    tolerated_percentage, items, batch) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
                let Limits { concurrency, tolerated_count, tolerated_percentage } = limits;
                connection.prepare_cached(sql)?.execute(params![
                    run.0,
                    execution,
                    label,
                    started,
                    concurrency,
                    tolerated_count,
                    tolerated_percentage,
                    items,
                    batch
                ])?;
            }
            MapRunEvent::Ended { run, status, at } => {
                let sql = "UPDATE map_runs SET status = ?2, stopped = ?3 WHERE run = ?1 RETURNING id";
                let id: MapRunKey = connection
                    .prepare_cached(sql)?
                    .query_row(params![run.0, *status as u8, at], |row| row.get(0))?;
                if *status == RunStatus::Succeeded {
                    forget_pages(connection, id)?; // any other run may be redriven, and reads the same items then
                }
            }
            MapRunEvent::Redriven { run, at } => {
                let sql =
                    "UPDATE map_runs SET status = 0, stopped = NULL, redrives = redrives + 1, redriven = ?2
                    WHERE run = ?1";
                connection.prepare_cached(sql)?.execute(params![run.0, at])?;
            }
        }
    }
    Ok(())
}

fn apply(connection: &Connection, run: MapRunKey, change: &MapRunChange) -> Result<(), Error> {
    match change {
        MapRunChange::Limits(Limits { concurrency, tolerated_count, tolerated_percentage }) => connection
            .prepare_cached(
                "UPDATE map_runs SET concurrency = ?2, tolerated_count = ?3, tolerated_percentage = ?4
                WHERE id = ?1",
            )?
            .execute(params![run, concurrency, tolerated_count, tolerated_percentage])?,
        MapRunChange::Items(items) => connection
            .prepare_cached("UPDATE map_runs SET items = ?2 WHERE id = ?1")?
            .execute(params![run, items])?,
        MapRunChange::Pins(pins) => connection
            .prepare_cached("UPDATE map_runs SET pins = ?2 WHERE id = ?1")?
            .execute(params![run, pins])?,
        MapRunChange::Page(ItemPage { first, items, next }) => connection
            .prepare_cached("INSERT INTO map_run_pages (run, first, items, next) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![run, first, items, next])?,
        MapRunChange::Aborted(at) => connection
            .prepare_cached("UPDATE map_runs SET status = ?2, stopped = ?3 WHERE id = ?1 AND status = 0")?
            .execute(params![run, RunStatus::Aborted as u8, at])?,
    };
    Ok(())
}

fn forget_pages(connection: &Connection, run: MapRunKey) -> Result<(), Error> {
    connection.prepare_cached("DELETE FROM map_run_pages WHERE run = ?1")?.execute([run])?;
    Ok(())
}

pub(super) fn status(row: &Row<'_>, column: usize) -> ledger::rusqlite::Result<RunStatus> {
    let status: u8 = row.get(column)?;
    RunStatus::from_repr(status)
        .ok_or(ledger::rusqlite::Error::IntegralValueOutOfRange(column, status.into()))
}

fn map_run_row(row: &Row<'_>) -> ledger::rusqlite::Result<MapRun> {
    let pins: String = row.get(12)?;
    serde_json::from_str::<serde::de::IgnoredAny>(&pins)
        .map_err(|error| unreadable(12, Type::Text, error))?;
    Ok(MapRun {
        id: row.get(0)?,
        run: RunId(row.get(1)?),
        execution: row.get(2)?,
        label: row.get(3)?,
        status: status(row, 4)?,
        started: row.get(5)?,
        stopped: row.get(6)?,
        limits: Limits {
            concurrency: row.get(7)?,
            tolerated_count: row.get(8)?,
            tolerated_percentage: row.get(9)?,
        },
        items: row.get(10)?,
        batch: row.get(11)?,
        pins,
        redrives: row.get(13)?,
        redriven: row.get(14)?,
    })
}
