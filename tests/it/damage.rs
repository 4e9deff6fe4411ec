//! A flipped bit on the disk is found out: what is read is what was written, or an error, never another session nor other
//! sound.

use std::time::Duration;

use activities::ports::{Guard, Sessions, Written};
use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use ledger::rusqlite::Connection;
use local::sessions::SqliteSessions;
use reqwest::Method;
use states::{Session, Timestamp};
use tests::desk;
use tests::flow::{expect, id};
use tests::lab::{Lab, uploaded};
use tests::server::Setup;
use tests::sound::{decoded, wav};

use crate::objects::rig::{Rig, files, noise};

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

/// Whichever byte of the file it lies in.
#[tokio::test]
async fn a_flipped_bit_in_the_time_of_the_next_look_is_found_out() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("sessions.db");
    let store = SqliteSessions::open(&path, service::Changes::default())?;
    store.write(&desk::new_session("s"), Guard::Absent).await?;
    Connection::open(&path)?.execute("UPDATE sessions SET due_at = due_at + 8", [])?;
    ensure!(store.get("s").await.is_err(), "another time than was written");
    Ok(())
}

/// The sweep comes back to it later, and leaves it otherwise as it found it.
#[tokio::test]
async fn a_record_put_off_while_it_is_damaged_is_read_once_it_is_mended() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("sessions.db");
    let store = SqliteSessions::open(&path, service::Changes::default())?;
    let written = desk::new_session("s");
    store.write(&written, Guard::Absent).await?;
    let records = Connection::open(&path)?;
    records.execute("UPDATE sessions SET checksum = checksum + 1", [])?;
    let due = store.due(Timestamp::MAX, 9).await?;
    let later = due[0].at + SignedDuration::from_secs(60);
    ensure!(store.put_off(&due[0], later).await? == Written::Stored);
    ensure!(store.due(Timestamp::MAX, 9).await?[0].at == later, "it is due later");
    ensure!(store.get("s").await.is_err(), "it is damaged still");

    records.execute("UPDATE sessions SET checksum = checksum - 1", [])?;
    let mended = store.get("s").await?.context("it is there")?;
    ensure!(mended.due_at == Some(later), "the next look is when it was put off to");
    ensure!(Session { due_at: written.due_at, ..mended.clone() } == written, "all else as it was");
    store.settle("s", mended.version, &[], written.due_at).await?;
    ensure!(store.get("s").await? == Some(written), "what is written of it ends what was put off");
    Ok(())
}

#[tokio::test]
async fn a_flipped_bit_in_the_rows_of_objects_is_never_read_as_another_object() {
    const ROWS_STRIDE: usize = 89;
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let written = noise(1000, 1);
    let etag = rig.put("k", written.clone()).await;
    rig.stop().await;
    let path = folder.path().join("objects.db");
    compact(&path);
    let whole = std::fs::read(&path).unwrap();
    let blob = files(folder.path()).pop_first().unwrap();

    let (mut same, mut refused, mut missing) = (0, 0, 0);
    for place in (0..whole.len()).step_by(ROWS_STRIDE) {
        let damaged = tempfile::tempdir().unwrap();
        std::fs::create_dir(damaged.path().join("objects")).unwrap();
        std::fs::copy(&blob, damaged.path().join("objects").join(blob.file_name().unwrap())).unwrap();
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        std::fs::write(damaged.path().join("objects.db"), &bytes).unwrap();
        let Some(rig) = Rig::try_start(damaged.path()).await else {
            refused += 1;
            continue;
        };
        let url = rig.objects.presign_get("uploads", "k", "k", "a/b", Duration::from_secs(60)).await.unwrap();
        let answer = reqwest::get(&url).await.unwrap();
        match answer.status().as_u16() {
            200 => {
                assert_eq!(answer.headers()["etag"], format!("\"{etag}\""), "a flip at byte {place}");
                assert!(
                    answer.bytes().await.unwrap() == written,
                    "a flip at byte {place} was read as another object"
                );
                same += 1;
            }
            404 => {
                let sound = is_sound(&damaged.path().join("objects.db"));
                assert!(!sound, "a flip at byte {place} lost the object without a trace");
                missing += 1;
            }
            status => {
                assert!([500, 503].contains(&status), "a flip at byte {place} answered {status}");
                refused += 1;
            }
        }
    }
    println!(
        "{same} flips fell on nothing, {refused} were refused, {missing} are found by an integrity check"
    );
    assert!(refused > 0 && same > 0, "{same} the same, {refused} refused");
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

/// Of a file that was damaged on the disk the session says so, and does not blame the file; mended, it is converted.
#[tokio::test]
async fn a_flipped_bit_in_an_upload_never_gives_another_sound() -> Result<()> {
    let lab = Lab::new(&Setup::default())?;
    let flow = lab.flow()?;
    let file = wav(3 * 44_100, 1);
    let places = [0, 21, 60, file.len() / 2, file.len() - 1];
    let one = async |place: usize| -> Result<()> {
        let session = uploaded(&flow, &format!("{place}.wav"), &file).await?;
        let id = id(&session)?;
        flow.until(&id, &["ReadyToXcode"]).await?;
        let blob = blob_of(lab.data(), &id)?;
        let flip = || -> Result<()> {
            let mut bytes = std::fs::read(&blob)?;
            bytes[place] ^= 1 << (place % 8);
            Ok(std::fs::write(&blob, bytes)?)
        };
        flip()?;
        expect(flow.verb(Method::PUT, &format!("/xcode/{id}"), None).await?, 202).await?;
        let failed = flow.until(&id, &["Done", "Failed"]).await?;
        let kind = failed["problem"]["type"].as_str().unwrap_or_default();
        ensure!(failed["state"] == "Failed" && kind == "storage-damaged", "byte {place}: {failed:#}");
        flip()?;
        flow.redrive(&id).await?;
        let done = flow.until(&id, &["Done", "Failed"]).await?;
        ensure!(done["state"] == "Done", "byte {place}: {done:#}");
        ensure!(decoded(&flow.fetch(&done).await?)? == file[44..], "the samples differ");
        Ok(())
    };
    futures::future::try_join_all(places.map(one)).await?;
    Ok(())
}

/// The file that holds the upload of session `id`.
fn blob_of(data: &std::path::Path, id: &str) -> Result<std::path::PathBuf> {
    let rows = Connection::open(data.join("objects.db"))?;
    let sql =
        "SELECT file FROM segments JOIN objects USING (version) WHERE bucket = 'uploads' AND key LIKE ?1";
    let file: String =
        rows.query_row(sql, [format!("{id}/%")], |row| row.get(0)).context("it was uploaded")?;
    Ok(data.join("objects").join(file))
}
