//! What a ledger promises: commits are seen once answered, a failed change is undone alone, a newer file is refused.

use crate::{Error, Ledger};

const SCHEMA: &[&str] = &["CREATE TABLE numbers (n INTEGER PRIMARY KEY)"];

fn open(folder: &tempfile::TempDir) -> Ledger {
    Ledger::open(&folder.path().join("numbers.db"), "numbers", SCHEMA).unwrap()
}

async fn add(ledger: &Ledger, n: i64) -> Result<(), Error> {
    ledger
        .write("add", move |connection| {
            connection.execute("INSERT INTO numbers VALUES (?1)", [n])?;
            Ok(())
        })
        .await
}

fn sum(ledger: &Ledger) -> i64 {
    let query = |connection: &rusqlite::Connection| {
        Ok::<_, Error>(connection.query_row("SELECT coalesce(sum(n), 0) FROM numbers", [], |row| row.get(0))?)
    };
    ledger.read(query).unwrap()
}

#[tokio::test]
async fn what_is_answered_is_seen_and_survives_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder);
    let writes = (1..=100).map(|n| add(&ledger, n));
    for write in writes.collect::<Vec<_>>() {
        write.await.unwrap();
    }
    assert_eq!(sum(&ledger), 5050);
    drop(ledger);
    assert_eq!(sum(&open(&folder)), 5050);
}

#[tokio::test]
async fn a_failed_change_is_undone_alone() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder);
    add(&ledger, 1).await.unwrap();
    let two_then_one = ledger.write("add", |connection| {
        connection.execute("INSERT INTO numbers VALUES (2)", [])?;
        connection.execute("INSERT INTO numbers VALUES (1)", [])?; // already there
        Ok::<_, Error>(())
    });
    let (failed, fine) = tokio::join!(two_then_one, add(&ledger, 4));
    assert!(matches!(failed, Err(Error::Database(_))));
    fine.unwrap();
    assert_eq!(sum(&ledger), 5);
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder));
    let path = folder.path().join("numbers.db");
    assert!(matches!(Ledger::open(&path, "numbers", &[]), Err(Error::Newer { found: 1, known: 0, .. })));
}
