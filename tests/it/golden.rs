//! Databases that earlier versions left: each opens, and what stood in it is there. One is kept for every format, as
//! `sqlite3 NAME.db .dump` writes it; a change of format without one fails here. Recorded histories are `engine/golden.rs`'s.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use activities::Clock;
use activities::notices::{LogQuery, Standing};
use activities::ports::{Notifier as _, Query, Sessions as _};
use anyhow::{Context, Result, ensure};
use local::driver::EngineDriver;
use local::notices::SqliteNotifier;
use local::people::Store;
use local::people::audit::Chain;
use local::sessions::SqliteSessions;
use local::tasks::Activities;
use rusqlite::Connection;
use service::Changes;
use service::people::UserChange;
use service::turns::Turns;
use states::{State, Timestamp};
use tempfile::TempDir;
use tests::generated::root;
use workflow::driver::{Config, Engine, Page, Ticks};
use workflow::journal::SqliteJournal;

use crate::objects::rig::Rig;

/// What the goldens were made of: a WAV that became a FLAC, and one that was cut short.
const DONE: &str = "34309a4e-9e8f-5a58-b05e-2feb6f74419b";
const FAILED: &str = "be6ed9ea-bbd0-53c1-87a5-4e5632e1231c";

fn golden(name: &str, version: i64) -> PathBuf {
    root().join(format!("tests/golden/{name}-{version}.sql"))
}

/// Lays the golden database into `folder`, and answers where.
fn lay(folder: &Path, name: &str, version: i64) -> Result<PathBuf> {
    let path = folder.join(format!("{name}.db"));
    let sql = std::fs::read_to_string(golden(name, version))?;
    Connection::open(&path)?.execute_batch(&sql)?;
    Ok(path)
}

fn format(path: &Path) -> Result<i64> {
    Ok(Connection::open(path)?.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

#[tokio::test]
async fn every_format_of_today_has_its_golden() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(format!("{name}.db"));
    drop(SqliteSessions::open(&path("sessions"), Changes::default())?);
    drop(Store::open(folder.path(), Clock::System)?);
    drop(SqliteNotifier::open(&path("notices"))?);
    drop(SqliteJournal::open(&path("journal"))?);
    Rig::start(folder.path()).await.stop().await;
    for name in ["sessions", "people", "notices", "journal", "objects"] {
        let kept = golden(name, format(&path(name))?);
        ensure!(kept.is_file(), "{} is missing: keep what this format looks like", kept.display());
    }
    Ok(())
}

#[tokio::test]
async fn people_of_every_format_are_there() -> Result<()> {
    for version in [1, 2] {
        let folder = tempfile::tempdir()?;
        lay(folder.path(), "people", version)?;
        let store = Store::open(folder.path(), Clock::System)?;
        let users = store.list()?;
        let names: Vec<_> = users.iter().map(|user| user.name.as_str()).collect();
        ensure!(names == ["ada", "admin"] && users[0].email.is_none(), "{version}: {users:?}");
        ensure!(store.has_an_admin()?, "{version}: her password is good");
        let audited = store.verify(None)?;
        ensure!(matches!(audited, Chain::Whole { rows, .. } if rows > 3), "{version}: {audited:?}");
        let change = UserChange { email: Some("ada@example.org".to_owned()), ..UserChange::default() };
        store.change("ada", change).await?;
        ensure!(store.email_of("ada")?.as_deref() == Some("ada@example.org"), "{version}");
    }
    Ok(())
}

#[tokio::test]
async fn notices_of_every_format_are_there() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let book = SqliteNotifier::open(&lay(folder.path(), "notices", 1)?)?;
    let endpoints = book.endpoints("ada").await?;
    ensure!(endpoints.len() == 1 && endpoints[0].url == "http://127.0.0.1:1/hook", "{endpoints:?}");
    let query = LogQuery {
        owner: "ada".to_owned(),
        endpoint: endpoints[0].id.clone(),
        limit: 9,
        ..LogQuery::default()
    };
    let log = book.deliveries(&query).await?;
    ensure!(log.len() == 2 && log.iter().all(|one| one.standing == Standing::Dead), "{log:#?}");
    Ok(())
}

#[tokio::test]
async fn sessions_of_every_format_are_there() -> Result<()> {
    for (version, put_off) in [(5, None), (6, Some(Timestamp::from_millisecond(1_795_961_323_021)?))] {
        let folder = tempfile::tempdir()?;
        let path = lay(folder.path(), "sessions", version)?;
        let sessions = SqliteSessions::open(&path, Changes::default())?;
        let done = sessions.get(DONE).await?.context("it is there")?;
        ensure!(done.state == State::Done && done.outputs.len() == 2 && done.owner == "ada", "{done:#?}");
        let failed = sessions.get(FAILED).await?.context("it is there")?;
        ensure!(failed.state == State::Failed && failed.problem.is_some(), "{failed:#?}");
        ensure!(put_off.is_none_or(|until| failed.due_at == Some(until)), "{version}: {failed:#?}");
        let query = Query { owner: Some("ada".to_owned()), limit: 9, ..Query::default() };
        ensure!(sessions.list(&query).await?.sessions.len() == 2, "{version}");
    }
    Ok(())
}

#[tokio::test]
async fn histories_of_every_format_are_there() -> Result<()> {
    let folder = TempDir::new()?;
    let journal = SqliteJournal::open(&lay(folder.path(), "journal", 5)?)?;
    let sessions = Arc::new(SqliteSessions::open(&folder.path().join("sessions.db"), Changes::default())?);
    let tasks = Arc::new(Activities::new(Turns::new(1), sessions));
    let engine = Engine::open(journal, tasks, Ticks::system(), Config::default()).await?;
    for (session, last) in [(DONE, "ExecutionSucceeded"), (FAILED, "ExecutionFailed")] {
        let execution = engine.place().execution(EngineDriver::SESSION, &format!("{session}-1"));
        let events = engine.history(&execution, &Page::default(), false).await?.events;
        let ids: Vec<_> = events.iter().filter_map(|event| event["id"].as_u64()).collect();
        ensure!(ids == (1..=events.len() as u64).collect::<Vec<_>>() && ids.len() > 10, "{ids:?}");
        ensure!(events.last().is_some_and(|event| event["type"] == last), "{events:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn objects_of_every_format_are_there() -> Result<()> {
    let folder = tempfile::tempdir()?;
    lay(folder.path(), "objects", 3)?;
    let rig = Rig::start(folder.path()).await;
    let (uploads, results) = (rig.objects.list("uploads", "").await?, rig.objects.list("results", "").await?);
    ensure!(uploads.len() == 2 && results.len() == 2, "{uploads:?} {results:?}");
    ensure!(results.iter().all(|object| object.key.starts_with(DONE)), "{results:?}");
    rig.stop().await;
    Ok(())
}
