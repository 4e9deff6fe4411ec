//! Power is lost: what was written since the last fsync may be there in part, torn, or not at all. What was answered must
//! be there, and what is there must be a beginning of what was written, in order.

use std::path::Path;

use crate::{Error, Ledger};

const SCHEMA: &[&str] = &["CREATE TABLE numbers (n INTEGER PRIMARY KEY, padding BLOB NOT NULL)"];

async fn add(ledger: &Ledger, n: i64) {
    let insert = move |connection: &rusqlite::Connection| {
        connection.execute("INSERT INTO numbers VALUES (?1, zeroblob(?2))", [n, n * 37 % 5000])?;
        Ok::<_, Error>(())
    };
    ledger.write("add", insert).await.unwrap();
}

fn numbers(path: &Path) -> Vec<i64> {
    let ledger = Ledger::open(path, "numbers", SCHEMA).unwrap();
    let query = |connection: &rusqlite::Connection| -> Result<Vec<i64>, Error> {
        let mut statement = connection.prepare("SELECT n FROM numbers ORDER BY rowid")?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    };
    ledger.read(query).unwrap()
}

/// The next of a row of numbers that look random.
fn draw(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[tokio::test]
async fn what_was_answered_survives_whatever_happened_to_what_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("numbers.db");
    let log = folder.path().join("numbers.db-wal");
    let ledger = Ledger::open(&path, "numbers", SCHEMA).unwrap();
    let mut synced = Vec::new();
    for n in 1..=60 {
        add(&ledger, n).await;
        synced.push(std::fs::metadata(&log).unwrap().len() as usize);
    }
    let (database, whole) = (std::fs::read(&path).unwrap(), std::fs::read(&log).unwrap());
    drop(ledger);

    let mut seed = 11;
    for round in 0..400 {
        let answered = draw(&mut seed) as usize % synced.len();
        let safe = synced[answered];
        let mut torn = whole.clone();
        torn.truncate(safe + draw(&mut seed) as usize % (whole.len() - safe + 1));
        if round % 2 == 0 && torn.len() > safe {
            let place = safe + draw(&mut seed) as usize % (torn.len() - safe);
            torn[place] ^= 0x5a; // a sector that was being written
        }
        let after = folder.path().join(format!("after-{round}.db"));
        std::fs::write(&after, &database).unwrap();
        std::fs::write(folder.path().join(format!("after-{round}.db-wal")), torn).unwrap();
        let found = numbers(&after);
        assert!(found.len() > answered, "answered {} and found {found:?}", answered + 1);
        assert!(found.iter().zip(1..).all(|(found, written)| *found == written), "{found:?}");
    }
}
