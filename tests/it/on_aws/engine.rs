//! The same state machine, of the deployed document and the deployed functions, run by our own engine in the place of
//! Step Functions: the same comes out.

use anyhow::{Result, ensure};
use aws::connection::Connection;
use reqwest::Method;
use serde_json::{Value, json};
use tests::engine_server::EngineServer;
use tests::flow::id;
use tests::rig::stage::{Stage, history};
use tests::rig::{self, Rig};
use tests::sound::{self, wav};

const SECOND: u32 = 44_100;

/// Our engine, with the deployed machine in it.
async fn engine(folder: &std::path::Path) -> Result<(EngineServer, Value)> {
    let rig = Rig::running()?;
    let server = EngineServer::start(folder, &["--lambda-endpoint", &rig.functions])?;
    let deployed = Connection::new(&rig.account())?.step_functions();
    let machine =
        deployed.describe_state_machine().state_machine_arn(rig.output("StateMachine")?).send().await?;
    ensure!(!machine.definition.contains("${"), "{}", machine.definition);
    let own = Connection::new(&rig::account(&[("SFN", &server.url)]))?.step_functions();
    let create = own.create_state_machine().name(machine.name).definition(machine.definition);
    let created = create.role_arn(machine.role_arn).send().await?;
    let told = json!({
        "AWS_ENDPOINT_URL_SFN": server.url,
        "LOCKGATE_STATE_MACHINE": created.state_machine_arn,
    });
    Ok((server, told))
}

/// What of a session and its history must not depend on who has run it.
fn outcome(session: &Value, history: &Value) -> Value {
    let output = &session["outputs"][0];
    let execution = &history["executions"][0];
    let events = execution["events"].as_array().cloned().unwrap_or_default();
    let entered = events.iter().filter_map(|event| event["stateEnteredEventDetails"]["name"].as_str());
    json!({
        "state": session["state"],
        "problem": session["problem"]["type"],
        "sha256": output["sha256"],
        "media": output["media"],
        "status": execution["status"],
        "error": execution["error"],
        "states": entered.collect::<Vec<_>>(),
    })
}

#[tokio::test]
async fn our_engine_makes_of_the_deployed_machine_what_step_functions_does() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (_server, told) = engine(folder.path()).await?;
    let mut outcomes = Vec::new();
    for stage in [Stage::open().await?, Stage::told(&told).await?] {
        let flow = stage.flow_of("ann").await?;
        let mut of_this = Vec::new();
        for (name, file) in [("a.wav", wav(2 * SECOND, 2)), ("noise.wav", vec![7; 5000])] {
            let session = flow.run(name, &file, name).await?;
            let history = history(&flow, &id(&session)?).await?;
            of_this.push(outcome(&session, &history));
            let again = flow.verb(Method::PUT, &format!("/xcode/{}", id(&session)?), None).await?;
            ensure!(again.status() == 400, "{}", again.text().await?);
        }
        outcomes.push(of_this);
    }
    ensure!(outcomes[0] == outcomes[1], "{outcomes:#?}");
    ensure!(outcomes[0][0]["state"] == "Done" && outcomes[0][1]["state"] == "Failed", "{outcomes:#?}");
    ensure!(outcomes[0][0]["sha256"].as_str().is_some_and(|sha256| sha256.len() == sound::sha256(b"").len()));
    Ok(())
}
