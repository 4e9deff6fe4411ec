//! What a ten-step workflow that has ended keeps on disk: what the database has grown by, once its log is moved into it.

use anyhow::Result;
use serde_json::json;
use tests::bench;

use crate::cell::repeat;
use crate::connection::{Connection, operation};
use crate::engine::Engine;
use crate::machines::{MOCKED, TEST_CASE, tasks};
use crate::verdicts::{Bar, Verdicts};

pub(crate) async fn run(round: usize, verdicts: &mut Verdicts) -> Result<()> {
    let folder = bench::folder()?;
    let engine = Engine::start(&folder.path().join("data"), None)?;
    let arn = engine.machine(MOCKED, "EXPRESS", &tasks()).await?;
    let before = size(&engine)?;
    let machine = format!("{arn}#{TEST_CASE}");
    let request = operation(
        engine.address,
        "StartSyncExecution",
        &json!({ "stateMachineArn": machine, "input": "{}" }),
    );
    let mut clients = Vec::new();
    for _ in 0..16 {
        clients.push(Connection::open(engine.address).await?);
    }
    repeat(clients, async |client: &mut Connection| client.call(&request).await.map(drop)).await?;
    let after = size(&engine)?;
    let count: i64 = engine.journal()?.query_row("SELECT count(*) FROM executions", [], |row| row.get(0))?;
    let each = (after - before) / count;
    println!("round {round}: {each} bytes on disk for each of {count} workflows of ten steps");
    verdicts.note(
        "on disk for a workflow of ten steps".to_owned(),
        Bar::AtMost(1500.0, "bytes"),
        each as f64,
    );
    Ok(())
}

/// Bytes of the database with nothing left in its log.
fn size(engine: &Engine) -> Result<i64> {
    let journal = engine.journal()?;
    journal.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    let pages: i64 = journal.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    let bytes: i64 = journal.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    Ok(pages * bytes)
}
