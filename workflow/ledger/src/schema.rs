//! Opening a file: how SQLite must run for a commit to be durable, and bringing the schema up to date.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::{Error, reader_flags};

/// WAL appends instead of rewriting pages; FULL fsyncs the log at every commit, NORMAL would not. Checkpoints are ours.
const DURABLE: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
    PRAGMA wal_autocheckpoint = 0;";

/// How long a connection waits for a lock that another process (a backup, a curious `sqlite3`) holds.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn prepare(connection: &mut Connection, path: &Path, migrations: &[&str]) -> Result<(), Error> {
    settle_plans(connection)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch(DURABLE)?;
    let known = migrations.len() as i64;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(Error::Newer { path: path.to_owned(), found, known });
    }
    for (index, migration) in migrations.iter().enumerate().skip(found.max(0) as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", index as i64 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

pub(crate) fn reader(path: &Path) -> Result<Connection, Error> {
    let connection = Connection::open_with_flags(path, reader_flags())?;
    settle_plans(&connection)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// Keeps SQLite from planning a cached statement anew for each value that is bound to it.
fn settle_plans(connection: &Connection) -> Result<(), Error> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}
