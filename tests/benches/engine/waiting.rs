//! What 100,000 executions that only wait cost in memory, and how long the engine takes to have them again after a crash.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use serde_json::{Value, json};
use tests::bench;

use crate::connection::{Connection, operation};
use crate::engine::Engine;
use crate::verdicts::{Bar, Verdicts};

const WAITING: usize = 100_000;
const QUICKLY: usize = 20_000;
const CLIENTS: usize = 256;

/// What one may take, and what all of them may take to be had again.
const BYTES: f64 = 2048.0;
const SECONDS: f64 = 5.0;

pub(crate) async fn run(round: usize, verdicts: &mut Verdicts) -> Result<()> {
    let waiting = if crate::is_quick() { QUICKLY } else { WAITING };
    let activity = "arn:aws:states:us-east-1:000000000000:activity:nobody";
    for (what, state) in [
        ("for a time", json!({ "Type": "Wait", "Seconds": 86400, "End": true })),
        ("for a worker", json!({ "Type": "Task", "Resource": activity, "End": true })),
    ] {
        let (each, again) = wait(what, waiting, &json!({ "StartAt": "W", "States": { "W": state } })).await?;
        println!("round {round}: waiting {what}: {each} bytes each; {waiting} resumed in {again:.2?}");
        let share = waiting as f64 / WAITING as f64;
        verdicts.note(
            format!("memory of an execution that waits {what}"),
            Bar::AtMost(BYTES, "bytes"),
            each as f64,
        );
        let resumed = format!("{waiting} executions that wait {what}, resumed");
        verdicts.note(resumed, Bar::AtMost(SECONDS * share, "s"), again.as_secs_f64());
    }
    Ok(())
}

/// Bytes of memory for each, and the time in which a new process has all of them.
async fn wait(what: &str, waiting: usize, definition: &Value) -> Result<(i64, Duration)> {
    let folder = bench::folder()?;
    let data = folder.path().join("data");
    let engine = Engine::start(&data, None)?;
    let arn = engine.machine("waits", "STANDARD", definition).await?;
    let request =
        operation(engine.address, "StartExecution", &json!({ "stateMachineArn": arn, "input": "{}" }));
    let (before, begin) = (engine.resident()?, Instant::now());
    let start = async |first: usize| {
        let mut client = Connection::open(engine.address).await?;
        for _ in (first..waiting).step_by(CLIENTS) {
            client.call(&request).await?;
        }
        anyhow::Ok(())
    };
    try_join_all((0..CLIENTS).map(start)).await?;
    println!("{what}: started at {:.0}/s", waiting as f64 / begin.elapsed().as_secs_f64());
    let each = (engine.resident()? - before) / waiting as i64;
    engine.kill()?;
    let begin = Instant::now();
    let engine = Engine::start(&data, None)?;
    let again = begin.elapsed();
    let unfinished = "SELECT count(*) FROM executions WHERE status = 0";
    let count: i64 = engine.journal()?.query_row(unfinished, [], |row| row.get(0))?;
    ensure!(count == waiting as i64, "{count} of {waiting} are there");
    Ok((each, again))
}
