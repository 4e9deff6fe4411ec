//! Moving the log's pages into the database file, by the writer, between two commits.
//!
//! SQLite would do it inside a commit: somebody would wait for it, and an fsync that fails there is swallowed. Here the
//! answers are out before it starts, and a failed fsync is seen.

use rusqlite::Connection;

use crate::Error;

/// Pages in the log that make a checkpoint worth its two fsyncs: 16 MiB.
const DUE: i64 = 4096;

/// Checkpoints when the log has grown long. Readers are never waited for: what they hold back is moved next time.
pub(crate) fn when_due(connection: &Connection) -> Result<(), Error> {
    let (length, moved) = log(connection, "PRAGMA wal_checkpoint(NOOP)")?;
    if length - moved >= DUE {
        log(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
    }
    Ok(())
}

/// Runs a checkpoint pragma: pages in the log, and how many of them the database file holds already.
fn log(connection: &Connection, pragma: &str) -> Result<(i64, i64), Error> {
    let mut statement = connection.prepare_cached(pragma)?;
    Ok(statement.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_is_moved_into_the_file_and_then_reused() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = Connection::open(folder.path().join("long.db")).unwrap();
        let schema = ["CREATE TABLE blobs (body BLOB)"];
        crate::schema::prepare(&mut connection, folder.path(), &schema).unwrap();
        let mut longest = 0;
        for _ in 0..40 {
            connection.execute("INSERT INTO blobs VALUES (zeroblob(1048576))", []).unwrap();
            when_due(&connection).unwrap();
            longest = longest.max(log(&connection, "PRAGMA wal_checkpoint(NOOP)").unwrap().0);
        }
        assert!((DUE..DUE + 600).contains(&longest), "the log grew to {longest} pages for 40 MiB written");
    }
}
