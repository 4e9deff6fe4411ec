//! The engine's bench: how fast commits and ten-step workflows are, what they cost on disk, and what waiting costs.
//!
//! `cargo bench --workspace --bench engine [-- PART…]`, where PART is `ledger`, `process`, `http` or `waiting`. All of it
//! runs on real files with every commit fsynced; `BENCH_DIR` says on which disk, and `BENCH_SECONDS` how long a cell lasts.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use workflow::driver::{Config, Engine, MachineRequest, Ticks};
use workflow::journal::{RunStatus, SqliteJournal};
use workflow::tasks::{NoTasks, TaskCall, TaskError, Tasks};

const IN_FLIGHT: [usize; 3] = [1, 16, 256];
const STEPS: usize = 10;
const WAITING: usize = 100_000;
/// Of memory, on the machines this runs on.
const PAGE: i64 = 4096;

struct NoOp;

#[async_trait::async_trait]
impl Tasks for NoOp {
    async fn run(&self, call: TaskCall) -> Result<String, TaskError> {
        Ok(call.input.to_string())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let parts: Vec<_> = std::env::args().skip(1).filter(|part| !part.starts_with('-')).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    if wanted("ledger") {
        bare_commits()?;
        ledger_commits().await?;
    }
    if wanted("process") {
        in_process().await?;
    }
    if wanted("http") {
        over_http().await?;
    }
    if wanted("waiting") {
        waiting().await?;
    }
    Ok(())
}

fn folder() -> Result<tempfile::TempDir> {
    let disk = std::env::var_os("BENCH_DIR").unwrap_or_else(|| ".".into());
    Ok(tempfile::tempdir_in(disk)?)
}

fn duration() -> Duration {
    let seconds = std::env::var("BENCH_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs_f64(seconds.unwrap_or(3.0))
}

/// What a row of the table shows.
fn report(what: &str, in_flight: usize, elapsed: Duration, mut times: Vec<Duration>, unit: &str) {
    times.sort_unstable();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
    let rate = times.len() as f64 / elapsed.as_secs_f64();
    println!(
        "{what:<28} {in_flight:>4} in flight {rate:>9.0} {unit}/s   p50 {:>9.3?}   p99 {:>9.3?}",
        at(0.5),
        at(0.99)
    );
}

/// What SQLite itself takes for a commit of one small row, from the same thread.
fn bare_commits() -> Result<()> {
    let folder = folder()?;
    let connection = rusqlite::Connection::open(folder.path().join("bare.db"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (body BLOB NOT NULL)",
    )?;
    let (begin, mut times) = (Instant::now(), Vec::new());
    while begin.elapsed() < duration() {
        let start = Instant::now();
        connection.prepare_cached("INSERT INTO rows VALUES (zeroblob(100))")?.execute([])?;
        times.push(start.elapsed());
    }
    report("bare SQLite commit", 1, begin.elapsed(), times, "commits");
    Ok(())
}

async fn ledger_commits() -> Result<()> {
    for in_flight in IN_FLIGHT {
        let folder = folder()?;
        let schema = ["CREATE TABLE rows (body BLOB NOT NULL)"];
        let ledger = ledger::Ledger::open(&folder.path().join("ledger.db"), "bench", &schema)?;
        let write = move || {
            let ledger = ledger.clone();
            async move {
                ledger
                    .write("row", |connection| {
                        connection.prepare_cached("INSERT INTO rows VALUES (zeroblob(100))")?.execute([])?;
                        Ok::<_, ledger::Error>(())
                    })
                    .await?;
                Ok(())
            }
        };
        let (elapsed, times) = repeat(in_flight, write).await?;
        report("ledger write", in_flight, elapsed, times, "writes");
    }
    Ok(())
}

/// Runs `work` again and again, `in_flight` at a time.
async fn repeat<F>(
    in_flight: usize,
    work: impl Fn() -> F + Clone + Send + 'static,
) -> Result<(Duration, Vec<Duration>)>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let over = Arc::new(AtomicBool::new(false));
    let begin = Instant::now();
    let workers: Vec<_> = (0..in_flight)
        .map(|_| {
            let (work, over) = (work.clone(), over.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let start = Instant::now();
                    work().await?;
                    times.push(start.elapsed());
                }
                Ok::<_, anyhow::Error>(times)
            })
        })
        .collect();
    tokio::time::sleep(duration()).await;
    over.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for worker in workers {
        times.extend(worker.await??);
    }
    Ok((begin.elapsed(), times))
}

fn ten_steps() -> String {
    let state = |number: usize| {
        let next =
            if number < STEPS { format!(r#""Next":"S{}""#, number + 1) } else { r#""End":true"#.into() };
        let resource = "arn:aws:lambda:us-east-1:000000000000:function:nothing";
        format!(r#""S{number}":{{"Type":"Task","Resource":"{resource}",{next}}}"#)
    };
    let states: Vec<_> = (1..=STEPS).map(state).collect();
    format!(r#"{{"StartAt":"S1","States":{{{}}}}}"#, states.join(","))
}

async fn open(file: &Path, tasks: Arc<dyn Tasks>) -> Result<Engine> {
    Ok(Engine::open(SqliteJournal::open(file)?, tasks, Ticks::system(), Config::default()).await?)
}

async fn machine(engine: &Engine, definition: String) -> Result<String> {
    let role = "arn:aws:iam::000000000000:role/none".into();
    let settings = "{}".into();
    let request =
        MachineRequest { name: "bench".into(), definition, role, settings, ..MachineRequest::default() };
    Ok(engine.create_state_machine(request).await?.arn)
}

/// Bytes the database has grown to once nothing is left in its log.
fn size(file: &Path) -> Result<u64> {
    let connection = rusqlite::Connection::open(file)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(std::fs::metadata(file)?.len())
}

async fn in_process() -> Result<()> {
    for in_flight in IN_FLIGHT {
        let folder = folder()?;
        let file = folder.path().join("journal.db");
        let engine = open(&file, Arc::new(NoOp)).await?;
        let arn = machine(&engine, ten_steps()).await?;
        let before = size(&file)?;
        let run = {
            let engine = engine.clone();
            move || {
                let (engine, arn) = (engine.clone(), arn.clone());
                async move {
                    let started = engine.start_execution(&arn, None, "{}").await?;
                    let ended = engine.closed(&started.arn).await?;
                    ensure!(ended.status == RunStatus::Succeeded, "{ended:?}");
                    Ok(())
                }
            }
        };
        let (elapsed, times) = repeat(in_flight, run).await?;
        let count = times.len() as u64;
        report("ten steps, in process", in_flight, elapsed, times, "workflows");
        engine.shutdown(Duration::from_secs(5)).await;
        println!("{:>28} {} bytes on disk for a workflow", "", (size(&file)? - before) / count.max(1));
    }
    Ok(())
}

async fn over_http() -> Result<()> {
    for in_flight in IN_FLIGHT {
        let folder = folder()?;
        let engine = open(&folder.path().join("journal.db"), Arc::new(NoOp)).await?;
        let arn = machine(&engine, ten_steps()).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let router = workflow::api::router(&engine, []);
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        let idle = Arc::new(std::sync::Mutex::new(Vec::<TcpStream>::new()));
        let run = {
            let engine = engine.clone();
            move || {
                let (engine, arn, idle) = (engine.clone(), arn.clone(), idle.clone());
                async move {
                    let kept = idle.lock().ok().and_then(|mut idle| idle.pop());
                    let mut stream = match kept {
                        Some(stream) => stream,
                        None => TcpStream::connect(address).await?,
                    };
                    stream.set_nodelay(true)?;
                    let request = serde_json::json!({ "stateMachineArn": arn, "input": "{}" });
                    let started = call(&mut stream, "StartExecution", &request).await?;
                    let execution = started["executionArn"].as_str().context("no executionArn")?.to_owned();
                    // Stands for a client that is told when it ends; polling would measure the polling.
                    engine.closed(&execution).await?;
                    let request = serde_json::json!({ "executionArn": execution });
                    let ended = call(&mut stream, "DescribeExecution", &request).await?;
                    ensure!(ended["status"] == "SUCCEEDED", "{ended}");
                    if let Ok(mut idle) = idle.lock() {
                        idle.push(stream);
                    }
                    Ok(())
                }
            }
        };
        let (elapsed, times) = repeat(in_flight, run).await?;
        report("ten steps, over HTTP", in_flight, elapsed, times, "workflows");
        server.abort();
        engine.shutdown(Duration::from_secs(5)).await;
    }
    Ok(())
}

/// One request on a connection that is kept: small enough not to be what is measured.
async fn call(
    stream: &mut TcpStream,
    operation: &str,
    body: &serde_json::Value,
) -> Result<serde_json::Value> {
    let body = body.to_string();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: engine\r\nx-amz-target: AWSStepFunctions.{operation}\r\n\
         content-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).await?;
    let mut answer = Vec::new();
    loop {
        ensure!(stream.read_buf(&mut answer).await? > 0, "the server hung up");
        let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&answer[..end])?.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.context("no content-length")?.trim().parse()?;
        if answer.len() >= end + 4 + length {
            return Ok(serde_json::from_slice(&answer[end + 4..end + 4 + length])?);
        }
    }
}

/// What 100,000 executions cost that only wait, and how long the engine takes to have them again.
async fn waiting() -> Result<()> {
    let definitions = [
        (
            "waiting for a time",
            r#"{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":86400,"End":true}}}"#,
        ),
        (
            "waiting for a callback",
            r#"{"StartAt":"C","States":{"C":{"Type":"Task","End":true,
                "Resource":"arn:aws:states:us-east-1:000000000000:activity:nobody"}}}"#,
        ),
    ];
    for (what, definition) in definitions {
        let folder = folder()?;
        let file = folder.path().join("journal.db");
        let engine = open(&file, Arc::new(NoTasks)).await?;
        let arn = machine(&engine, definition.into()).await?;
        let (before, begin) = (resident()?, Instant::now());
        let starters: Vec<_> = (0..256)
            .map(|first| {
                let (engine, arn) = (engine.clone(), arn.clone());
                tokio::spawn(async move {
                    for _ in (first..WAITING).step_by(256) {
                        engine.start_execution(&arn, None, "{}").await?;
                    }
                    Ok::<_, anyhow::Error>(())
                })
            })
            .collect();
        for starter in starters {
            starter.await??;
        }
        let rate = WAITING as f64 / begin.elapsed().as_secs_f64();
        let each = (resident()? - before) / WAITING as i64;
        println!("{what:<28} {WAITING} started at {rate:.0}/s; {each} bytes of memory each");
        engine.shutdown(Duration::ZERO).await;
        drop(engine);
        let begin = Instant::now();
        let engine = open(&file, Arc::new(NoTasks)).await?;
        println!("{:>28} taken up again in {:.2?}", "", begin.elapsed());
        engine.shutdown(Duration::ZERO).await;
    }
    Ok(())
}

/// Bytes of this process in memory.
fn resident() -> Result<i64> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let pages: i64 = pages.split(' ').nth(1).context("statm has no second field")?.parse()?;
    Ok(pages * PAGE)
}
