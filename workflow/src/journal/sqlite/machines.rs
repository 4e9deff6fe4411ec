//! State machines and revisions as rows.

use std::str::FromStr;

use crate::Millis;
use async_trait::async_trait;
use ledger::rusqlite::types::Type;
use ledger::rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::{
    Created, Error, Kind, Machine, MachineId, Machines, NewMachine, NewRevision, Revised, Revision,
    RevisionId, Tagged,
};
use super::known::Forget;
use super::{SqliteJournal, unreadable};

const SELECT: &str =
    "SELECT m.id, m.name, m.kind, r.role, coalesce(r.settings, m.settings), m.created, r.id, r.label
    FROM machines m JOIN revisions r ON r.id = (SELECT max(id) FROM revisions WHERE machine = m.id) WHERE";

const REVISION: &str =
    "SELECT r.machine, m.name, m.kind, r.role, coalesce(r.settings, m.settings), r.definition, r.label,
    r.created, r.checksum FROM revisions r JOIN machines m ON m.id = r.machine WHERE r.id = ?1";

#[async_trait]
impl Machines for SqliteJournal {
    async fn create_machine(&self, new: NewMachine) -> Result<Created<Machine>, Error> {
        let forget = Forget(self.known.clone());
        let change = move |connection: &Connection| Ok::<_, Error>((create(connection, new)?, forget));
        self.ledger.write("create-machine", change).await.map(|(created, _)| created)
    }

    async fn revise_machine(&self, new: NewRevision) -> Result<Revised, Error> {
        let forget = Forget(self.known.clone());
        let change = move |connection: &Connection| Ok::<_, Error>((revise(connection, &new)?, forget));
        self.ledger.write("revise-machine", change).await.map(|(revised, _)| revised)
    }

    async fn delete_machine(&self, name: &str, at: Millis) -> Result<bool, Error> {
        let name = name.to_owned();
        let forget = Forget(self.known.clone());
        let change = move |connection: &Connection| Ok::<_, Error>((delete(connection, &name, at)?, forget));
        self.ledger.write("delete-machine", change).await.map(|(deleted, _)| deleted)
    }

    fn machine(&self, name: &str) -> Result<Option<Machine>, Error> {
        self.known.get(name, || self.ledger.read(|connection| find(connection, name)))
    }

    fn deleting_machine(&self, name: &str) -> Result<Option<Machine>, Error> {
        let sql = format!(
            "{SELECT} m.name = ?1 AND m.deleted IS NOT NULL AND EXISTS
                (SELECT 1 FROM executions e WHERE e.status = 0 AND e.machine = m.id) ORDER BY m.id DESC LIMIT 1"
        );
        self.ledger.read(|connection| {
            Ok(connection.prepare_cached(&sql)?.query_row([name], machine_row).optional()?)
        })
    }

    fn machines(&self, after: &str, limit: u32) -> Result<Vec<Machine>, Error> {
        self.ledger.read(|connection| {
            let sql = format!("{SELECT} m.deleted IS NULL AND m.name > ?1 ORDER BY m.name LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            Ok(statement.query_map(params![after, limit], machine_row)?.collect::<Result<_, _>>()?)
        })
    }

    fn revision(&self, id: RevisionId) -> Result<Revision, Error> {
        let found = self.ledger.read(|connection| {
            let mut statement = connection.prepare_cached(REVISION)?;
            let row = statement.query_row([id], |row| {
                let revision = Revision {
                    id,
                    machine: row.get(0)?,
                    machine_name: row.get(1)?,
                    kind: kind(row, 2)?,
                    role: row.get(3)?,
                    settings: row.get(4)?,
                    definition: row.get(5)?,
                    label: row.get(6)?,
                    created: row.get(7)?,
                };
                Ok((revision, row.get::<_, u32>(8)?))
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
    let revision = insert(connection, id, &new.role, None, &new.definition, None, created)?;
    super::tags::set(connection, &Tagged::Machine(id), &new.tags)?;
    if let Some(publish) = &new.publish {
        super::versions::insert(connection, id, revision, publish, created)?;
    }
    Ok(Created::New(Machine {
        id,
        name: new.name,
        kind: new.kind,
        created: new.created,
        revision,
        role: new.role,
        settings: new.settings,
        label: None,
    }))
}

fn revise(connection: &Connection, new: &NewRevision) -> Result<Revised, Error> {
    if current(connection, new.machine)? != Some(new.after) {
        return Ok(Revised::Superseded);
    }
    if let Some(publish) = &new.publish
        && super::versions::is_full(connection, new.machine, publish.most)?
    {
        return Ok(Revised::Full);
    }
    let NewRevision { machine, role, settings, definition, label, created, .. } = new;
    let revision = insert(connection, *machine, role, Some(settings), definition, Some(label), *created)?;
    let publish = new.publish.as_ref();
    let version =
        publish.map(|publish| super::versions::insert(connection, *machine, revision, publish, *created));
    Ok(Revised::Stored { revision, version: version.transpose()? })
}

fn insert(
    connection: &Connection,
    machine: MachineId,
    role: &str,
    settings: Option<&String>,
    definition: &str,
    label: Option<&String>,
    created: Millis,
) -> Result<RevisionId, Error> {
    let sql = "INSERT INTO revisions (machine, role, settings, definition, checksum, label, created)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let checksum = crc32fast::hash(definition.as_bytes());
    let values = params![machine, role, settings, definition, checksum, label, created];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(connection.last_insert_rowid())
}

fn delete(connection: &Connection, name: &str, at: Millis) -> Result<bool, Error> {
    let Some(machine) = find(connection, name)? else { return Ok(false) };
    connection
        .prepare_cached("UPDATE machines SET deleted = ?2 WHERE id = ?1")?
        .execute(params![machine.id, at])?;
    for table in ["versions", "aliases", "tags"] {
        let sql = format!("DELETE FROM {table} WHERE machine = ?1");
        connection.prepare_cached(&sql)?.execute([machine.id])?;
    }
    Ok(true)
}

/// The machine's current revision, unless it is deleted.
pub(super) fn current(connection: &Connection, machine: MachineId) -> Result<Option<RevisionId>, Error> {
    let sql = "SELECT (SELECT max(id) FROM revisions WHERE machine = m.id) FROM machines m
        WHERE m.id = ?1 AND m.deleted IS NULL";
    Ok(connection.prepare_cached(sql)?.query_row([machine], |row| row.get(0)).optional()?)
}

fn find(connection: &Connection, name: &str) -> Result<Option<Machine>, Error> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} m.deleted IS NULL AND m.name = ?1"))?;
    Ok(statement.query_row([name], machine_row).optional()?)
}

fn machine_row(row: &Row<'_>) -> ledger::rusqlite::Result<Machine> {
    Ok(Machine {
        id: row.get(0)?,
        name: row.get(1)?,
        kind: kind(row, 2)?,
        role: row.get(3)?,
        settings: row.get(4)?,
        created: row.get(5)?,
        revision: row.get(6)?,
        label: row.get(7)?,
    })
}

fn kind(row: &Row<'_>, column: usize) -> ledger::rusqlite::Result<Kind> {
    let name = row.get_ref(column)?;
    Kind::from_str(name.as_str()?).map_err(|error| unreadable(column, Type::Text, error))
}
