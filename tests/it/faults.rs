//! The disk fails: the n-th system call of a kind answers an error, for n = 1, 2, 3, 5, 8, … until a run meets none. A
//! tracer makes the calls of the real binary fail, so that every layer is in it.
//!
//! What was acknowledged stands, whatever failed: the session ends as it would have, or says a typed problem of the
//! storage and ends well when it is redriven. After an fsync that failed the server ends by itself.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use reqwest::Method;
use rustix::process::Signal;
use serde_json::json;
use tests::flow::{Flow, expect, id};
use tests::lab::{Lab, uploaded};
use tests::server::{Server, Setup};
use tests::sound::{decoded, wav};

/// Calls of one kind, and the error they answer.
///
/// Not `write`: it wakes threads and fills sockets as well as files, and those do not fail as disks do. That an object's
/// file cannot be written is tested in `objects/full.rs`.
const FAULTS: [(&str, &str); 3] = [("fsync,fdatasync", "EIO"), ("pwrite64", "EIO"), ("pwrite64", "ENOSPC")];

/// Tries of a request that a failing disk may refuse. A client that gives up after so many is a patient one.
const TRIES: usize = 50;

#[tokio::test]
async fn whichever_call_fails_nothing_acknowledged_is_lost() -> Result<()> {
    let file = wav(20_000, 1);
    for (calls, error) in FAULTS {
        let (mut nth, mut next, mut met) = (1, 2, 0);
        while meets_a_failure(&file, calls, error, nth)
            .await
            .with_context(|| format!("{calls} {error} {nth}"))?
        {
            met += 1;
            (nth, next) = (next, nth + next);
        }
        println!("{calls}: {error} was met in {met} runs");
        ensure!(met >= 2, "{calls} never failed: the fault is not injected");
    }
    Ok(())
}

/// A server whose calls of this kind answer an error, when their number among a thread's own says so. What it was stands in
/// `trace`.
fn failing(calls: &str, error: &str, when: &str, trace: &Path) -> Setup {
    Setup {
        under: [
            "strace".into(),
            "--follow-forks".into(),
            format!("--trace={calls}").into(),
            format!("--inject={calls}:error={error}:when={when}").into(),
            "--output".into(),
            trace.as_os_str().to_owned(),
        ]
        .into(),
        ..Setup::default()
    }
}

/// A whole flow under failing calls. Answers whether any call failed.
async fn meets_a_failure(file: &[u8], calls: &str, error: &str, nth: u64) -> Result<bool> {
    let trace = tempfile::NamedTempFile::new()?;
    let lab = Lab::new(&failing(calls, error, &nth.to_string(), trace.path()))?;
    convert(&lab, file).await.with_context(|| lab.log())?;
    lab.kill()?;
    Ok(std::fs::read_to_string(trace.path())?.contains("(INJECTED)"))
}

async fn convert(lab: &Lab, file: &[u8]) -> Result<()> {
    let session = patiently(lab, async |flow| uploaded(flow, "a.wav", file).await).await?;
    let id = id(&session)?;
    let past = ["ReadyToXcode", "Transcoding", "Done"];
    patiently(lab, async |flow| flow.until(&id, &past).await).await?;
    patiently(lab, async |flow| {
        expect(flow.verb(Method::PUT, &format!("/xcode/{id}"), Some(&id)).await?, 202).await
    })
    .await?;
    let mut session = patiently(lab, async |flow| flow.until(&id, &["Done", "Failed"]).await).await?;
    if session["state"] == "Failed" {
        ensure!(session["problem"]["redrivable"] == true, "{session:#}");
        let redrive = format!("/xcode/{id}/redrive");
        patiently(lab, async |flow| {
            expect(flow.verb(Method::POST, &redrive, Some("again")).await?, 202).await
        })
        .await?;
        session = patiently(lab, async |flow| flow.until(&id, &["Done", "Failed"]).await).await?;
    }
    ensure!(session["state"] == "Done", "{session:#}");
    let flac = patiently(lab, async |flow| flow.fetch(&flow.session(&id).await?).await).await?;
    ensure!(decoded(&flac)? == file[44..], "the samples are not those of the file");
    Ok(())
}

/// Asks again what a server refused because its disk failed, or what it died over.
async fn patiently<T>(lab: &Lab, ask: impl AsyncFn(&Flow) -> Result<T>) -> Result<T> {
    let mut last = None;
    for _ in 0..TRIES {
        match ask(&lab.flow()?).await {
            Ok(answer) => return Ok(answer),
            Err(error) => last = Some(error),
        }
    }
    Err(last.context("there was a try")?)
}

/// Servers that must have come up before their disk fails.
const CAME_UP: usize = 3;

/// Who takes so many files has a disk that is well.
const MOST: usize = 1000;

/// From the first time on the disk syncs nothing: whatever was acknowledged thereafter would be gone with the next server.
#[tokio::test]
async fn a_server_whose_disk_does_not_sync_ends_by_itself_and_has_said_nothing_untrue() -> Result<()> {
    let file = wav(441, 1);
    let (mut nth, mut came_up, mut believed) = (1, 0, 0);
    while came_up < CAME_UP {
        ensure!(nth < 10_000, "only {came_up} servers came up and failed");
        let ended = ends_by_itself(&file, nth).await.with_context(|| format!("from the {nth}. fsync on"))?;
        came_up += usize::from(ended.is_some());
        believed += ended.unwrap_or(0);
        nth *= 2;
    }
    println!("{came_up} servers ended by themselves, {believed} files were there that they had acknowledged");
    ensure!(believed > 0, "none had acknowledged anything");
    Ok(())
}

/// Sends files to a server for which each fsync fails from the `nth` of a thread on. Answers how many it has acknowledged,
/// all of which the next server knows; none where it did not even come up.
async fn ends_by_itself(file: &[u8], nth: u64) -> Result<Option<usize>> {
    let (folder, trace) = (tempfile::tempdir()?, tempfile::NamedTempFile::new()?);
    let setup = failing("fsync,fdatasync", "EIO", &format!("{nth}+"), trace.path());
    let Some(mut server) = Server::start(folder.path(), &setup)? else { return Ok(None) };
    let acknowledged = send_until_refused(&Flow::new(&server.url), file).await?;
    let status = end_of(&mut server).await?;
    let log = std::fs::read_to_string(folder.path().join("test.log"))?;
    ensure!(status.signal() == Some(Signal::ABORT.as_raw()), "it ended with {status}:\n{log}");
    ensure!(log.contains("an fsync failed"), "it does not say why it ended:\n{log}");

    let next = Server::start_well(folder.path())?;
    let flow = Flow::new(&next.url);
    for id in &acknowledged.announced {
        flow.session(id).await.context("a session that was acknowledged")?;
    }
    for id in &acknowledged.uploaded {
        flow.until(id, &["ReadyToXcode"]).await.context("an upload that was acknowledged")?;
    }
    Ok(Some(acknowledged.announced.len()))
}

/// The ids of sessions of which each of these was answered well.
#[derive(Default)]
struct Acknowledged {
    announced: Vec<String>,
    uploaded: Vec<String>,
}

async fn send_until_refused(flow: &Flow, file: &[u8]) -> Result<Acknowledged> {
    let mut acknowledged = Acknowledged::default();
    for number in 0..MOST {
        let name = format!("{number}.wav");
        let Ok(announced) = flow.announce(&name, file, &name, json!({})).await else {
            return Ok(acknowledged);
        };
        let id = id(&announced)?;
        acknowledged.announced.push(id.clone());
        if flow.upload(&announced, file).await.is_ok_and(|answer| answer.status() == 200) {
            acknowledged.uploaded.push(id);
        }
    }
    bail!("{MOST} files were taken: the fault is not injected")
}

/// From some time on the disk takes nothing more. That is said, a read is answered as ever, and no database is torn.
#[tokio::test]
async fn a_full_disk_is_said_to_be_one_and_leaves_every_database_whole() -> Result<()> {
    let file = wav(441, 1);
    let mut full = 0;
    for nth in [32, 64, 128, 256] {
        let (folder, trace) = (tempfile::tempdir()?, tempfile::NamedTempFile::new()?);
        let setup = failing("pwrite64", "ENOSPC", &format!("{nth}+"), trace.path());
        let Some(server) = Server::start(folder.path(), &setup)? else { continue };
        let flow = Flow::new(&server.url);
        let acknowledged = send_until_refused(&flow, &file).await?;
        let body = json!({ "fileName": "a.wav", "size": 1, "contentType": "audio/wav" });
        let refused = flow.http.post(format!("{}/xfer", flow.url)).json(&body).send().await?;
        ensure!(refused.status() == 507, "{nth}: {}", refused.text().await?);
        for id in &acknowledged.announced {
            flow.session(id).await.context("what is there can be read")?;
        }
        server.kill()?;
        whole(folder.path())?;
        let next = Server::start_well(folder.path())?;
        for id in &acknowledged.announced {
            Flow::new(&next.url).session(id).await.context("a session that was acknowledged")?;
        }
        full += 1;
    }
    ensure!(full > 0, "no server came up before its disk was full");
    Ok(())
}

/// Every database in the folder, as SQLite itself looks at it.
fn whole(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "db") {
            let database = rusqlite::Connection::open(&path)?;
            let said: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
            ensure!(said == "ok", "{}: {said}", path.display());
        }
    }
    Ok(())
}

/// How it ended, which it must by itself.
async fn end_of(server: &mut Server) -> Result<ExitStatus> {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    loop {
        if let Some(status) = server.ended()? {
            return Ok(status);
        }
        ensure!(began.elapsed() < Duration::from_secs(30), "it lives on after an fsync that failed");
        ticks.tick().await;
    }
}
