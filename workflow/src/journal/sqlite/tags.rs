//! Tags as rows.

use async_trait::async_trait;
use ledger::rusqlite::{Connection, ToSql, params};

use super::super::{Error, Tag, Tagged, Tagging, Tags};
use super::{SqliteJournal, activities, machines};

#[async_trait]
impl Tags for SqliteJournal {
    async fn tag(&self, resource: Tagged, tags: Vec<Tag>, most: usize) -> Result<Tagging, Error> {
        self.ledger
            .write("tag", move |connection| {
                if !stands(connection, &resource)? {
                    return Ok(Tagging::NotThere);
                }
                let standing = of(connection, &resource)?;
                let new = tags.iter().filter(|tag| standing.iter().all(|standing| standing.key != tag.key));
                if standing.len() + new.count() > most {
                    return Ok(Tagging::TooMany);
                }
                set(connection, &resource, &tags)?;
                Ok(Tagging::Stored)
            })
            .await
    }

    async fn untag(&self, resource: Tagged, keys: Vec<String>) -> Result<(), Error> {
        self.ledger
            .write("untag", move |connection| {
                let (column, owner) = owner(&resource);
                let sql = format!("DELETE FROM tags WHERE {column} = ?1 AND key = ?2");
                let mut statement = connection.prepare_cached(&sql)?;
                for key in keys {
                    statement.execute(params![owner, key])?;
                }
                Ok(())
            })
            .await
    }

    fn tags(&self, resource: &Tagged) -> Result<Vec<Tag>, Error> {
        self.ledger.read(|connection| of(connection, resource))
    }
}

fn of(connection: &Connection, resource: &Tagged) -> Result<Vec<Tag>, Error> {
    let (column, owner) = owner(resource);
    let sql = format!("SELECT key, value FROM tags WHERE {column} = ?1 ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    let tags = statement.query_map([owner], |row| Ok(Tag { key: row.get(0)?, value: row.get(1)? }))?;
    Ok(tags.collect::<Result<_, _>>()?)
}

/// A key that stands already gets the new value and keeps its place.
pub(super) fn set(connection: &Connection, resource: &Tagged, tags: &[Tag]) -> Result<(), Error> {
    let (column, owner) = owner(resource);
    let sql = format!(
        "INSERT INTO tags ({column}, key, value) VALUES (?1, ?2, ?3)
            ON CONFLICT ({column}, key) WHERE {column} IS NOT NULL DO UPDATE SET value = excluded.value"
    );
    for Tag { key, value } in tags {
        connection.prepare_cached(&sql)?.execute(params![owner, key, value])?;
    }
    Ok(())
}

/// The column that says whose a tag is, and what stands in it.
fn owner(resource: &Tagged) -> (&'static str, &dyn ToSql) {
    match resource {
        Tagged::Machine(id) => ("machine", id),
        Tagged::Activity(name) => ("activity", name),
    }
}

fn stands(connection: &Connection, resource: &Tagged) -> Result<bool, Error> {
    Ok(match resource {
        Tagged::Machine(id) => machines::current(connection, *id)?.is_some(),
        Tagged::Activity(name) => activities::find(connection, name)?.is_some(),
    })
}
