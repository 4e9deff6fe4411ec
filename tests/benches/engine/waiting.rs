//! What 100,000 executions that only wait cost in memory, and how long the engine takes to have them again after a crash.

use std::time::Instant;

use anyhow::Result;
use futures::future::try_join_all;
use serde_json::{Value, json};

use crate::connection::{Connection, operation};
use crate::engine::Engine;

const WAITING: usize = 100_000;
const CLIENTS: usize = 256;

pub(crate) async fn run() -> Result<()> {
    let activity = "arn:aws:states:us-east-1:000000000000:activity:nobody";
    for (what, state) in [
        ("for a time", json!({ "Type": "Wait", "Seconds": 86400, "End": true })),
        ("for a worker", json!({ "Type": "Task", "Resource": activity, "End": true })),
    ] {
        wait(what, &json!({ "StartAt": "W", "States": { "W": state } })).await?;
    }
    Ok(())
}

async fn wait(what: &str, definition: &Value) -> Result<()> {
    let folder = crate::folder()?;
    let data = folder.path().join("data");
    let engine = Engine::start(&data, None)?;
    let arn = engine.machine("waits", "STANDARD", definition).await?;
    let request =
        operation(engine.address, "StartExecution", &json!({ "stateMachineArn": arn, "input": "{}" }));
    let (before, begin) = (engine.resident()?, Instant::now());
    let start = async |first: usize| {
        let mut client = Connection::open(engine.address).await?;
        for _ in (first..WAITING).step_by(CLIENTS) {
            client.call(&request).await?;
        }
        anyhow::Ok(())
    };
    try_join_all((0..CLIENTS).map(start)).await?;
    let rate = WAITING as f64 / begin.elapsed().as_secs_f64();
    let each = (engine.resident()? - before) / WAITING as i64;
    engine.kill()?;
    let begin = Instant::now();
    let engine = Engine::start(&data, None)?;
    let again = begin.elapsed();
    let unfinished = "SELECT count(*) FROM executions WHERE status = 0";
    let count: i64 = engine.journal()?.query_row(unfinished, [], |row| row.get(0))?;
    println!(
        "waiting {what}: started at {rate:.0}/s, {each} bytes of memory each; {count} resumed in {again:.2?}"
    );
    Ok(())
}
