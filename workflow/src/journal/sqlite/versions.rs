//! Versions as rows.

use crate::Millis;
use async_trait::async_trait;
use ledger::rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::{Error, MachineId, Publish, Published, RevisionId, Unpublished, Version, Versions};
use super::SqliteJournal;
use super::machines::current;

const SELECT: &str = "SELECT number, revision, description, created FROM versions
    WHERE machine = ?1 AND deleted IS NULL";

#[async_trait]
impl Versions for SqliteJournal {
    async fn publish_version(
        &self,
        machine: MachineId,
        revision: RevisionId,
        publish: Publish,
        at: Millis,
    ) -> Result<Published, Error> {
        self.ledger
            .write("publish-version", move |connection| {
                if current(connection, machine)? != Some(revision) {
                    return Ok(Published::Superseded);
                }
                let mut statement = connection.prepare_cached(&format!("{SELECT} AND revision = ?2"))?;
                let standing = statement.query_row(params![machine, revision], version_row).optional()?;
                if let Some(version) = standing {
                    return Ok(Published::Existed(version));
                }
                if is_full(connection, machine, publish.most)? {
                    return Ok(Published::Full);
                }
                Ok(Published::New(insert(connection, machine, revision, &publish, at)?))
            })
            .await
    }

    async fn delete_version(
        &self,
        machine: MachineId,
        number: u32,
        at: Millis,
    ) -> Result<Unpublished, Error> {
        self.ledger
            .write("delete-version", move |connection| {
                let aliases = super::aliases::leading_to(connection, machine, number)?;
                if !aliases.is_empty() {
                    return Ok(Unpublished::Referenced(aliases));
                }
                let sql =
                    "UPDATE versions SET deleted = ?3 WHERE machine = ?1 AND number = ?2 AND deleted IS NULL";
                let deleted = connection.prepare_cached(sql)?.execute(params![machine, number, at])?;
                Ok(if deleted > 0 { Unpublished::Deleted } else { Unpublished::NotThere })
            })
            .await
    }

    fn version(&self, machine: MachineId, number: u32) -> Result<Option<Version>, Error> {
        self.ledger.read(|connection| find(connection, machine, number))
    }

    fn versions(&self, machine: MachineId, before: Option<u32>, limit: u32) -> Result<Vec<Version>, Error> {
        self.ledger.read(|connection| {
            let sql = format!("{SELECT} AND number < ?2 ORDER BY number DESC LIMIT ?3");
            let mut statement = connection.prepare_cached(&sql)?;
            let values = params![machine, before.unwrap_or(u32::MAX), limit];
            Ok(statement.query_map(values, version_row)?.collect::<Result<_, _>>()?)
        })
    }
}

pub(super) fn find(
    connection: &Connection,
    machine: MachineId,
    number: u32,
) -> Result<Option<Version>, Error> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} AND number = ?2"))?;
    Ok(statement.query_row(params![machine, number], version_row).optional()?)
}

pub(super) fn is_full(connection: &Connection, machine: MachineId, most: u32) -> Result<bool, Error> {
    let sql = "SELECT count(*) FROM versions WHERE machine = ?1 AND deleted IS NULL";
    let count: u32 = connection.prepare_cached(sql)?.query_row([machine], |row| row.get(0))?;
    Ok(count >= most)
}

/// Gives the revision the next number.
pub(super) fn insert(
    connection: &Connection,
    machine: MachineId,
    revision: RevisionId,
    publish: &Publish,
    created: Millis,
) -> Result<Version, Error> {
    let sql = "INSERT INTO versions (machine, number, revision, description, created)
        VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM versions WHERE machine = ?1), ?2, ?3, ?4)
        RETURNING number, revision, description, created";
    let values = params![machine, revision, publish.description, created];
    Ok(connection.prepare_cached(sql)?.query_row(values, version_row)?)
}

fn version_row(row: &Row<'_>) -> ledger::rusqlite::Result<Version> {
    Ok(Version { number: row.get(0)?, revision: row.get(1)?, description: row.get(2)?, created: row.get(3)? })
}
