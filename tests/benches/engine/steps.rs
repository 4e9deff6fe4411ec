//! What a step's acknowledgement costs beside a bare commit: the time between a task's result and the start of the next
//! task, which begins once that result is durable, and the time SQLite itself takes for a commit of one small row.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tests::bench;
use workflow::driver::{Config, Engine, MachineRequest, Ticks};
use workflow::journal::{RunStatus, SqliteJournal};
use workflow::tasks::{TaskCall, TaskError, Tasks};

use crate::cell::Cell;
use crate::verdicts::{Bar, Verdicts};
use crate::{duration, machines};

/// Tasks that do nothing but note the time.
#[derive(Default)]
struct Noting {
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    /// When the last task answered, and for which execution.
    answered: Option<(Instant, String)>,
    acknowledged: Vec<Duration>,
}

#[async_trait::async_trait]
impl Tasks for Noting {
    async fn run(&self, call: TaskCall) -> Result<String, TaskError> {
        let mut last = self.last.lock().expect("nothing panics while it notes");
        if let Some((answered, execution)) = last.answered.take()
            && execution == call.execution_arn
        {
            last.acknowledged.push(answered.elapsed());
        }
        last.answered = Some((Instant::now(), call.execution_arn));
        Ok(call.input.to_string())
    }
}

pub(crate) async fn run(round: usize, verdicts: &mut Verdicts) -> Result<()> {
    let folder = bench::folder()?;
    let bare = bare_commits(&folder.path().join("bare.db"))?;
    let steps = acknowledgements(&folder.path().join("journal.db")).await?;
    let ((bare, _), (step, _)) = (bare.times.context("no commit")?, steps.times.context("no step")?);
    println!("round {round}: a bare commit takes {bare:.1?}, a step's acknowledgement {step:.1?} (p50)");
    let what = "a step's acknowledgement beside a bare commit, p50".to_owned();
    verdicts.note(what, Bar::AtMost(1.5, "×"), step.as_secs_f64() / bare.as_secs_f64());
    Ok(())
}

fn bare_commits(file: &Path) -> Result<Cell> {
    let connection = rusqlite::Connection::open(file)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (body BLOB NOT NULL)",
    )?;
    let (begin, mut times) = (Instant::now(), Vec::new());
    while begin.elapsed() < duration() {
        let start = Instant::now();
        connection.prepare_cached("INSERT INTO rows VALUES (zeroblob(100))")?.execute([])?;
        times.push(start.elapsed());
    }
    Ok(Cell::of(times, begin.elapsed()))
}

async fn acknowledgements(file: &Path) -> Result<Cell> {
    let noting = Arc::new(Noting::default());
    let engine =
        Engine::open(SqliteJournal::open(file)?, noting.clone(), Ticks::steady(), Config::default()).await?;
    let machine = engine.create_state_machine(MachineRequest {
        name: "steps".into(),
        definition: machines::tasks().to_string(),
        role: "arn:aws:iam::000000000000:role/none".into(),
        settings: "{}".into(),
        ..MachineRequest::default()
    });
    let arn = machine.await?.arn;
    let begin = Instant::now();
    while begin.elapsed() < duration() {
        let started = engine.start_execution(&arn, None, "{}").await?;
        let ended = engine.closed(&started.arn).await?;
        ensure!(ended.status == RunStatus::Succeeded, "{ended:?}");
    }
    let elapsed = begin.elapsed();
    engine.shutdown(Duration::from_secs(5)).await;
    let times = std::mem::take(&mut noting.last.lock().expect("nothing panics while it notes").acknowledged);
    Ok(Cell::of(times, elapsed))
}
