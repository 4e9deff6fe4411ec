//! Aliases as rows.

use async_trait::async_trait;
use ledger::rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::{Alias, AliasChange, Aliased, Aliases, Error, MachineId, Routes};
use super::{SqliteJournal, versions};

const SELECT: &str =
    "SELECT machine, name, description, version, weight, other, created, updated FROM aliases
    WHERE machine = ?1";

#[async_trait]
impl Aliases for SqliteJournal {
    async fn create_alias(&self, alias: Alias, most: u32) -> Result<Aliased, Error> {
        self.ledger.write("create-alias", move |connection| create(connection, alias, most)).await
    }

    async fn update_alias(&self, change: AliasChange) -> Result<Aliased, Error> {
        self.ledger.write("update-alias", move |connection| update(connection, change)).await
    }

    async fn delete_alias(&self, machine: MachineId, name: &str) -> Result<bool, Error> {
        let name = name.to_owned();
        self.ledger
            .write("delete-alias", move |connection| {
                let sql = "DELETE FROM aliases WHERE machine = ?1 AND name = ?2";
                Ok(connection.prepare_cached(sql)?.execute(params![machine, name])? > 0)
            })
            .await
    }

    fn alias(&self, machine: MachineId, name: &str) -> Result<Option<Alias>, Error> {
        self.ledger.read(|connection| find(connection, machine, name))
    }

    fn aliases(&self, machine: MachineId, after: &str, limit: u32) -> Result<Vec<Alias>, Error> {
        self.ledger.read(|connection| {
            let sql = format!("{SELECT} AND name > ?2 ORDER BY name LIMIT ?3");
            let mut statement = connection.prepare_cached(&sql)?;
            Ok(statement.query_map(params![machine, after, limit], alias_row)?.collect::<Result<_, _>>()?)
        })
    }
}

fn create(connection: &Connection, alias: Alias, most: u32) -> Result<Aliased, Error> {
    if let Some(standing) = find(connection, alias.machine, &alias.name)? {
        return Ok(Aliased::Existed(standing));
    }
    if !lead_somewhere(connection, alias.machine, &alias.routes)? {
        return Ok(Aliased::NoVersion);
    }
    let count: u32 = connection
        .prepare_cached("SELECT count(*) FROM aliases WHERE machine = ?1")?
        .query_row([alias.machine], |row| row.get(0))?;
    if count >= most {
        return Ok(Aliased::Full);
    }
    store(connection, &alias)?;
    Ok(Aliased::Stored(alias))
}

fn update(connection: &Connection, change: AliasChange) -> Result<Aliased, Error> {
    let Some(mut alias) = find(connection, change.machine, &change.name)? else {
        return Ok(Aliased::NotThere);
    };
    if let Some(routes) = change.routes {
        if !lead_somewhere(connection, alias.machine, &routes)? {
            return Ok(Aliased::NoVersion);
        }
        alias.routes = routes;
    }
    alias.description = change.description.or(alias.description);
    alias.updated = change.at;
    store(connection, &alias)?;
    Ok(Aliased::Stored(alias))
}

fn store(connection: &Connection, alias: &Alias) -> Result<(), Error> {
    let sql = "INSERT OR REPLACE INTO aliases (machine, name, description, version, weight, other, created, updated)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let Alias { machine, name, description, routes, created, updated } = alias;
    let Routes { version, weight, other } = routes;
    let values = params![machine, name, description, version, weight, other, created, updated];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Whether there are all versions that these routes lead to.
fn lead_somewhere(connection: &Connection, machine: MachineId, routes: &Routes) -> Result<bool, Error> {
    for number in std::iter::once(routes.version).chain(routes.other) {
        if versions::find(connection, machine, number)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The names of the aliases that lead to a version.
pub(super) fn leading_to(
    connection: &Connection,
    machine: MachineId,
    number: u32,
) -> Result<Vec<String>, Error> {
    let sql = "SELECT name FROM aliases WHERE machine = ?1 AND (version = ?2 OR other = ?2) ORDER BY name";
    let mut statement = connection.prepare_cached(sql)?;
    let names = statement.query_map(params![machine, number], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

fn find(connection: &Connection, machine: MachineId, name: &str) -> Result<Option<Alias>, Error> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} AND name = ?2"))?;
    Ok(statement.query_row(params![machine, name], alias_row).optional()?)
}

fn alias_row(row: &Row<'_>) -> ledger::rusqlite::Result<Alias> {
    Ok(Alias {
        machine: row.get(0)?,
        name: row.get(1)?,
        description: row.get(2)?,
        routes: Routes { version: row.get(3)?, weight: row.get(4)?, other: row.get(5)? },
        created: row.get(6)?,
        updated: row.get(7)?,
    })
}
