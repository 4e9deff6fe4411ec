//! Cancel while a function is at work, which nobody stops: it finds out by itself. Of a worker, `films` tells.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::flow::Flow;
use tests::rig::stage::{Stage, history, until};
use tests::sound::{decoded, wav};

const SECOND: u32 = 44_100;

/// Cancels a session whose file somebody is at. Answers with it as it stands then.
pub(super) async fn cancelled(flow: &Flow, id: &str) -> Result<Value> {
    let cancelled = flow.cancel(id).await?;
    ensure!(cancelled["state"] == "Failed" && cancelled["problem"]["type"] == "cancelled", "{cancelled:#}");
    let history = history(flow, id).await?;
    // Whichever is first: that it is stopped, or that it misses what was taken away.
    let ended = ["ABORTED", "FAILED"];
    ensure!(ended.iter().any(|&ended| history["executions"][0]["status"] == ended), "{history:#}");
    Ok(cancelled)
}

/// Nothing was added to it since.
pub(super) async fn stays(flow: &Flow, id: &str, cancelled: &Value) -> Result<()> {
    let after = flow.session(id).await?;
    ensure!(after["trail"] == cancelled["trail"] && after["outputs"] == json!([]), "{after:#}");
    Ok(())
}

/// Its file is there still, and whoever was at it takes it again.
pub(super) async fn redriven(flow: &Flow, id: &str, file: &[u8]) -> Result<()> {
    flow.redrive(id).await?;
    let done = flow.until(id, &["Done", "Failed"]).await?;
    ensure!(done["state"] == "Done" && done["attempt"] == 2, "{done:#}");
    ensure!(decoded(&flow.fetch(&done).await?)? == file[44..], "the samples differ");
    Ok(())
}

#[tokio::test]
async fn a_cancel_in_the_middle_of_the_work_leaves_nothing_of_it() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    // Its FLAC is written in many parts.
    let file = wav(600 * SECOND, 1);
    let id = flow.start("a.wav", &file, "k").await?;
    until(flow.patience, async || Ok(!stage.results(&id).await?.is_empty()))
        .await
        .context("nothing is written")?;

    let cancelled = cancelled(&flow, &id).await?;
    until(flow.patience, async || {
        Ok(stage.swept(&id).await?.owes.is_empty() && stage.results(&id).await?.is_empty())
    })
    .await
    .with_context(|| format!("something of {id} stays"))?;
    stays(&flow, &id, &cancelled).await?;

    redriven(&flow, &id, &file).await?;
    let results = stage.results(&id).await?;
    ensure!(results.iter().all(|key| key.starts_with(&format!("{id}/2/"))), "{results:?}");
    Ok(())
}
