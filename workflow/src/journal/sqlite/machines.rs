//! State machines and revisions as rows.

use std::str::FromStr;

use crate::Millis;
use async_trait::async_trait;
use ledger::rusqlite::types::Type;
use ledger::rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::{Created, Error, Kind, Machine, MachineId, Machines, NewMachine, Revision, RevisionId};
use super::{SqliteJournal, unreadable};

const SELECT: &str = "SELECT m.id, m.name, m.kind, r.role, m.settings, m.created, r.id FROM machines m
    JOIN revisions r ON r.id = (SELECT max(id) FROM revisions WHERE machine = m.id) WHERE m.deleted IS NULL";

#[async_trait]
impl Machines for SqliteJournal {
    async fn create_machine(&self, new: NewMachine) -> Result<Created<Machine>, Error> {
        self.ledger.write("create-machine", move |connection| create(connection, new)).await
    }

    async fn revise_machine(
        &self,
        machine: &Machine,
        definition: String,
        at: Millis,
    ) -> Result<RevisionId, Error> {
        let (id, role) = (machine.id, machine.role.clone());
        self.ledger
            .write("revise-machine", move |connection| revise(connection, id, &role, &definition, at))
            .await
    }

    async fn delete_machine(&self, name: &str, at: Millis) -> Result<bool, Error> {
        let name = name.to_owned();
        self.ledger
            .write("delete-machine", move |connection| {
                let sql = "UPDATE machines SET deleted = ?2 WHERE name = ?1 AND deleted IS NULL";
                Ok(connection.prepare_cached(sql)?.execute(params![name, at])? > 0)
            })
            .await
    }

    fn machine(&self, name: &str) -> Result<Option<Machine>, Error> {
        self.ledger.read(|connection| find(connection, name))
    }

    fn machines(&self, after: MachineId, limit: u32) -> Result<Vec<Machine>, Error> {
        self.ledger.read(|connection| {
            let sql = format!("{SELECT} AND m.id > ?1 ORDER BY m.id LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            Ok(statement.query_map(params![after, limit], machine_row)?.collect::<Result<_, _>>()?)
        })
    }

    fn revision(&self, id: RevisionId) -> Result<Revision, Error> {
        let sql = "SELECT r.machine, m.name, r.role, r.definition, r.created, r.checksum
            FROM revisions r JOIN machines m ON m.id = r.machine WHERE r.id = ?1";
        let found = self.ledger.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let row = statement.query_row([id], |row| {
                let revision = Revision {
                    id,
                    machine: row.get(0)?,
                    machine_name: row.get(1)?,
                    role: row.get(2)?,
                    definition: row.get(3)?,
                    created: row.get(4)?,
                };
                Ok((revision, row.get::<_, u32>(5)?))
            });
            Ok::<_, Error>(row.optional()?)
        })?;
        let (revision, checksum) = found.ok_or(Error::NoRevision(id))?;
        if crc32fast::hash(revision.definition.as_bytes()) != checksum {
            return Err(Error::CorruptDefinition(id));
        }
        Ok(revision)
    }
}

fn create(connection: &Connection, new: NewMachine) -> Result<Created<Machine>, Error> {
    if let Some(standing) = find(connection, &new.name)? {
        return Ok(Created::Existed(standing));
    }
    let created = new.created;
    let kind: &str = new.kind.into();
    connection
        .prepare_cached("INSERT INTO machines (name, kind, settings, created) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![new.name, kind, new.settings, created])?;
    let id = connection.last_insert_rowid();
    let revision = revise(connection, id, &new.role, &new.definition, created)?;
    Ok(Created::New(Machine {
        id,
        name: new.name,
        kind: new.kind,
        role: new.role,
        settings: new.settings,
        created: new.created,
        revision,
    }))
}

fn revise(
    connection: &Connection,
    machine: MachineId,
    role: &str,
    definition: &str,
    created: Millis,
) -> Result<RevisionId, Error> {
    connection
        .prepare_cached(
            "INSERT INTO revisions (machine, role, definition, checksum, created) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![machine, role, definition, crc32fast::hash(definition.as_bytes()), created])?;
    Ok(connection.last_insert_rowid())
}

fn find(connection: &Connection, name: &str) -> Result<Option<Machine>, Error> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} AND m.name = ?1"))?;
    Ok(statement.query_row([name], machine_row).optional()?)
}

fn machine_row(row: &Row<'_>) -> ledger::rusqlite::Result<Machine> {
    let kind = Kind::from_str(row.get_ref(2)?.as_str()?).map_err(|error| unreadable(2, Type::Text, error))?;
    Ok(Machine {
        id: row.get(0)?,
        name: row.get(1)?,
        kind,
        role: row.get(3)?,
        settings: row.get(4)?,
        created: row.get(5)?,
        revision: row.get(6)?,
    })
}
