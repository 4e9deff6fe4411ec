//! Activities as rows.

use async_trait::async_trait;
use ledger::rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::{Activities, Activity, Created, Error, NewActivity, Tagged};
use super::SqliteJournal;

const SELECT: &str = "SELECT name, created, encryption FROM activities";

#[async_trait]
impl Activities for SqliteJournal {
    async fn create_activity(&self, new: NewActivity) -> Result<Created<Activity>, Error> {
        self.ledger
            .write("create-activity", move |connection| {
                let NewActivity { activity, tags } = new;
                if let Some(standing) = find(connection, &activity.name)? {
                    return Ok(Created::Existed(standing));
                }
                let sql = "INSERT INTO activities (name, created, encryption) VALUES (?1, ?2, ?3)";
                let values = params![activity.name, activity.created, activity.encryption];
                connection.prepare_cached(sql)?.execute(values)?;
                super::tags::set(connection, &Tagged::Activity(activity.name.clone()), &tags)?;
                Ok(Created::New(activity))
            })
            .await
    }

    async fn delete_activity(&self, name: &str) -> Result<bool, Error> {
        let name = name.to_owned();
        self.ledger
            .write("delete-activity", move |connection| {
                connection.prepare_cached("DELETE FROM tags WHERE activity = ?1")?.execute([&name])?;
                let sql = "DELETE FROM activities WHERE name = ?1";
                Ok(connection.prepare_cached(sql)?.execute([&name])? > 0)
            })
            .await
    }

    fn activity(&self, name: &str) -> Result<Option<Activity>, Error> {
        self.ledger.read(|connection| find(connection, name))
    }

    fn activities(&self, after: &str, limit: u32) -> Result<Vec<Activity>, Error> {
        self.ledger.read(|connection| {
            let sql = format!("{SELECT} WHERE name > ?1 ORDER BY name LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            Ok(statement.query_map(params![after, limit], activity_row)?.collect::<Result<_, _>>()?)
        })
    }
}

pub(super) fn find(connection: &Connection, name: &str) -> Result<Option<Activity>, Error> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE name = ?1"))?;
    Ok(statement.query_row([name], activity_row).optional()?)
}

fn activity_row(row: &Row<'_>) -> ledger::rusqlite::Result<Activity> {
    Ok(Activity { name: row.get(0)?, created: row.get(1)?, encryption: row.get(2)? })
}
