//! An execution that ends without its session: Step Functions tells, and the session follows at once. What it tells may come
//! early, twice, or when the sweep has been there.

use anyhow::{Result, ensure};
use aws::connection::Connection;
use serde_json::json;
use tests::flow::id;
use tests::rig::stage::{Stage, history, until};
use tests::sound::wav;

const SECOND: u32 = 44_100;

/// Stops the first execution of a session behind its back.
async fn stop(stage: &Stage, id: &str) -> Result<()> {
    let functions = Connection::new(&stage.rig.account())?.step_functions();
    let stop = functions.stop_execution().execution_arn(execution(stage, id)?);
    stop.error("Somebody").cause("by hand").send().await?;
    Ok(())
}

fn execution(stage: &Stage, id: &str) -> Result<String> {
    let machine = stage.rig.output("StateMachine")?;
    Ok(format!("{}:{id}-1", machine.replacen(":stateMachine:", ":execution:", 1)))
}

/// Step Functions tells that it was stopped.
async fn told(stage: &Stage, id: &str) -> Result<()> {
    let (execution, machine) = (execution(stage, id)?, stage.rig.output("StateMachine")?);
    let detail = json!({ "executionArn": execution, "stateMachineArn": machine, "name": format!("{id}-1"), "status": "ABORTED" });
    let event = json!({ "source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": detail });
    stage.invoke("SweepFunction", &event).await?;
    Ok(())
}

#[tokio::test]
async fn a_session_whose_execution_was_stopped_fails_without_waiting_for_the_sweep() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let file = wav(240 * SECOND, 1);
    let id = flow.start("a.wav", &file, "k").await?;
    flow.until(&id, &["Transcoding"]).await?;

    stop(&stage, &id).await?;
    history(&flow, &id).await?;
    told(&stage, &id).await?;
    let session = flow.session(&id).await?;
    // The sweep by itself lets a minute pass, so that whatever the execution has begun comes first.
    ensure!(session["state"] == "Failed" && session["attempt"] == 1, "{session:#}");

    // Told again, or late, it moves nothing.
    flow.redrive(&id).await?;
    told(&stage, &id).await?;
    let session = flow.session(&id).await?;
    ensure!(session["state"] != "Failed" && session["attempt"] == 2, "{session:#}");
    flow.cancel(&id).await?;
    Ok(())
}

#[tokio::test]
async fn whether_the_sweep_comes_first_or_the_word_a_session_fails_once() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let speech = wav(3 * SECOND, 1);
    // It waits for Transcribe, which nobody lets end.
    let more = json!({ "recipe": "captions", "start": "auto" });
    let announced = flow.announce("talk.wav", &speech, "k", more).await?;
    ensure!(flow.upload(&announced, &speech).await?.status() == 200);
    let id = id(&announced)?;
    let began = flow.until(&id, &["Transcoding"]).await?;
    told(&stage, &id).await?;
    let session = flow.session(&id).await?;
    ensure!(session["trail"] == began["trail"], "it was told of an execution that runs: {session:#}");

    stop(&stage, &id).await?;
    history(&flow, &id).await?;
    // The stand-in tells of it as well, before this or after.
    stage.swept(&id).await?;
    told(&stage, &id).await?;
    let failed = flow.session(&id).await?;
    ensure!(failed["state"] == "Failed" && failed["attempt"] == 1, "{failed:#}");

    until(flow.patience, async || Ok(stage.swept(&id).await?.owes.is_empty())).await?;
    told(&stage, &id).await?;
    let session = flow.session(&id).await?;
    ensure!(session["trail"] == failed["trail"] && session["problem"] == failed["problem"], "{session:#}");
    Ok(())
}
