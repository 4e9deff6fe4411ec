//! A flipped bit in the file of records is found out: what is read is what was written, or an error, never another session.

use activities::ports::{Guard, Sessions};
use ledger::rusqlite::Connection;
use local::sessions::SqliteSessions;
use tests::desk;

/// Every byte would take minutes; a step that shares no factor with any structure size meets every kind of place.
const STRIDE: usize = 13;

#[tokio::test]
async fn a_flipped_bit_in_the_records_is_never_read_as_a_session() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let written = desk::new_session("s");
    let store = SqliteSessions::open(&path, service::Changes::default()).unwrap();
    store.write(&written, Guard::Absent).await.unwrap();
    drop(store);
    compact(&path);
    let whole = std::fs::read(&path).unwrap();

    let (mut same, mut refused, mut missing) = (0, 0, 0);
    for place in (0..whole.len()).step_by(STRIDE) {
        let damaged = folder.path().join("damaged.db");
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{ending}", damaged.display()));
        }
        std::fs::write(&damaged, &bytes).unwrap();
        let read = match SqliteSessions::open(&damaged, service::Changes::default()) {
            Ok(store) => store.get("s").await,
            Err(_) => {
                refused += 1;
                continue;
            }
        };
        match read {
            Ok(Some(session)) => {
                assert_eq!(session, written, "a flip at byte {place} was read as another session");
                same += 1;
            }
            Ok(None) => {
                assert!(!is_sound(&damaged), "a flip at byte {place} lost the session without a trace");
                missing += 1;
            }
            Err(_) => refused += 1,
        }
    }
    println!(
        "{same} flips fell on nothing, {refused} were refused, {missing} are found by an integrity check"
    );
    assert!(refused > 0, "no flip was found out");
}

/// Brings all of it into the one file.
fn compact(path: &std::path::Path) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE; VACUUM;")
        .unwrap();
}

fn is_sound(path: &std::path::Path) -> bool {
    let check = |connection: Connection| {
        connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))
    };
    Connection::open(path).and_then(check).is_ok_and(|verdict| verdict == "ok")
}
