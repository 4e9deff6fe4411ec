//! What a server takes of memory for a large result, it gives back when that is stored.

use anyhow::{Context, Result, ensure};
use tests::lab::Lab;
use tests::memory::resident;
use tests::server::Setup;
use tests::sound::wav;

const SECOND: u32 = 44_100;

/// Less than the parts of an upload that are held at a time.
const MOST_KEPT: u64 = 10 << 20;

#[tokio::test]
async fn a_server_is_no_larger_after_a_large_result() -> Result<()> {
    let lab = Lab::new(&Setup::default())?;
    let flow = lab.flow()?;
    let resident = || resident(lab.process_id()?).context("a process has memory");
    flow.run("short.wav", &wav(SECOND, 1), "short").await?;
    let before = resident()?;
    let session = flow.run("long.wav", &wav(600 * SECOND, 2), "long").await?;
    let after = resident()?;
    let bytes = session["outputs"][0]["bytes"].as_u64().with_context(|| format!("{session:#}"))?;
    ensure!(bytes > 20 << 20, "a result of {bytes} bytes has too few parts to show anything");
    ensure!(after < before + MOST_KEPT, "{before} bytes before, {after} after");
    Ok(())
}
