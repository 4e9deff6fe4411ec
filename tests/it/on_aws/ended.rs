//! An execution that ends without its session: Step Functions tells, and the session follows at once.

use anyhow::{Result, ensure};
use aws::connection::Connection;
use reqwest::Method;
use serde_json::json;
use tests::flow::{expect, id};
use tests::rig::stage::{Stage, history};
use tests::sound::wav;

const SECOND: u32 = 44_100;

#[tokio::test]
async fn a_session_whose_execution_was_stopped_fails_without_waiting_for_the_sweep() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let file = wav(240 * SECOND, 1);
    let announced = flow.announce("a.wav", &file, "k", json!({})).await?;
    ensure!(flow.upload(&announced, &file).await?.status() == 200);
    let id = id(&announced)?;
    flow.until(&id, &["ReadyToXcode"]).await?;
    expect(flow.verb(Method::PUT, &format!("/xcode/{id}"), None).await?, 202).await?;
    flow.until(&id, &["Transcoding"]).await?;

    let machine = stage.rig.output("StateMachine")?;
    let execution = format!("{}:{id}-1", machine.replacen(":stateMachine:", ":execution:", 1));
    let functions = Connection::new(&stage.rig.account())?.step_functions();
    functions.stop_execution().execution_arn(&execution).error("Somebody").cause("by hand").send().await?;
    history(&flow, &id).await?;
    let detail = json!({ "executionArn": execution, "stateMachineArn": machine, "name": format!("{id}-1"), "status": "ABORTED" });
    let event = json!({ "source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": detail });
    stage.invoke("SweepFunction", &event).await?;
    let session = flow.session(&id).await?;
    // The sweep by itself lets a minute pass, so that whatever the execution has begun comes first.
    ensure!(session["state"] == "Failed" && session["attempt"] == 1, "{session:#}");

    // Told again, or late, it moves nothing.
    expect(flow.verb(Method::POST, &format!("/xcode/{id}/redrive"), None).await?, 202).await?;
    stage.invoke("SweepFunction", &event).await?;
    let session = flow.session(&id).await?;
    ensure!(session["state"] != "Failed" && session["attempt"] == 2, "{session:#}");
    expect(flow.verb(Method::POST, &format!("/xcode/{id}/cancel"), None).await?, 202).await?;
    Ok(())
}
