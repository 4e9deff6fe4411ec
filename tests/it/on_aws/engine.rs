//! The same state machine, of the deployed document and the deployed functions, run by our own engine in the place of
//! Step Functions: the same comes out. No sweep is made here: it would look in this engine for everybody's executions.

use anyhow::{Context, Result, ensure};
use aws::connection::Connection;
use aws_sdk_sfn::Client;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::engine_server::EngineServer;
use tests::films::Film;
use tests::flow::{Flow, expect};
use tests::pictures::{Jpeg, Pixels};
use tests::rig::stage::{Stage, entered, history, until};
use tests::rig::transcribe::Job;
use tests::rig::worker::Worker;
use tests::rig::{self, Rig};
use tests::sound::{self, wav};

use super::cancel::{cancelled, redriven, stays};

const SECOND: u32 = 44_100;

/// Our engine, with the deployed machines in it, and the activities that they name.
struct Engine {
    server: EngineServer,
    /// The machine of sessions, as it is called here.
    machine: String,
    _folder: TempDir,
}

impl Engine {
    async fn start() -> Result<Self> {
        let rig = Rig::running()?;
        let folder = tempfile::tempdir()?;
        let server = EngineServer::start(folder.path(), &["--lambda-endpoint", &rig.functions])?;
        let deployed = Connection::new(&rig.account())?.step_functions();
        let own = Connection::new(&rig::account(&[("SFN", &server.url)]))?.step_functions();
        let sessions = rig.output("StateMachine")?;
        let machine = brought(&deployed, &own, sessions).await?;
        brought(&deployed, &own, &format!("{sessions}-notify")).await?;
        Ok(Self { server, machine, _folder: folder })
    }

    /// A stage whose API starts executions here.
    async fn stage(&self) -> Result<Stage> {
        Stage::told(&self.told().into_iter().collect()).await
    }

    fn told(&self) -> [(&str, &str); 2] {
        [("AWS_ENDPOINT_URL_SFN", &self.server.url), ("LOCKGATE_STATE_MACHINE", &self.machine)]
    }
}

/// A deployed machine, made here too with the activities that it names; the ARN that it has here.
async fn brought(deployed: &Client, own: &Client, arn: &str) -> Result<String> {
    let machine = deployed.describe_state_machine().state_machine_arn(arn).send().await?;
    ensure!(!machine.definition.contains("${"), "{}", machine.definition);
    for activity in activities(&machine.definition)? {
        own.create_activity().name(activity).send().await?;
    }
    let create = own.create_state_machine().name(machine.name).definition(machine.definition);
    Ok(create.role_arn(machine.role_arn).send().await?.state_machine_arn)
}

/// What a document's tasks are of which workers are to ask for them.
fn activities(definition: &str) -> Result<Vec<String>> {
    let document: Value = serde_json::from_str(definition)?;
    let states = document["States"].as_object().context("a document has states")?;
    let named = states.values().filter_map(|state| state["Resource"].as_str()?.split_once(":activity:"));
    Ok(named.map(|(_, name)| name.to_owned()).collect())
}

/// What of a session and its history must not depend on who has run it.
fn outcome(session: &Value, history: &Value) -> Value {
    let outputs = session["outputs"].as_array().into_iter().flatten();
    let output =
        |output: &Value| json!([output["name"], output["sha256"], output["contentType"], output["media"]]);
    let executions = history["executions"].as_array().into_iter().flatten();
    let execution = |execution: &Value| {
        json!({
            "status": execution["status"],
            "error": execution["error"],
            "states": entered(execution),
        })
    };
    json!({
        "state": session["state"],
        "problem": session["problem"]["type"],
        "outputs": outputs.map(output).collect::<Vec<_>>(),
        "executions": executions.map(execution).collect::<Vec<_>>(),
    })
}

/// A file that is sent and started, and what is said of it.
struct Sent {
    name: &'static str,
    file: Vec<u8>,
    more: Value,
}

impl Sent {
    /// Runs it to its end, and looks whether that is an end.
    async fn run(&self, stage: &Stage, flow: &Flow) -> Result<Value> {
        let Self { name, file, more } = self;
        let id = flow.start_as(name, file, name, more.clone()).await?;
        if more["recipe"] == "captions" {
            Job::of(stage, &id)?.done().await?;
        }
        let session = flow.until(&id, &["Done", "Failed"]).await?;
        let history = history(flow, &id).await?;
        let again = flow.verb(Method::PUT, &format!("/xcode/{id}"), None).await?;
        expect(again, 400).await?;
        Ok(outcome(&session, &history))
    }
}

/// That the stack's own Step Functions have had no part in a session.
async fn only_here(stage: &Stage, id: &str) -> Result<()> {
    let elsewhere = stage.executions(id).await?;
    ensure!(elsewhere.is_empty(), "{elsewhere:?}");
    Ok(())
}

#[tokio::test]
async fn our_engine_makes_of_the_deployed_machine_what_step_functions_does() -> Result<()> {
    let picture = Jpeg::default().bytes(&Pixels::scene(1200, 900))?;
    let sent = |name, file, more| Sent { name, file, more };
    let all = [
        (sent("a.wav", wav(2 * SECOND, 2), json!({})), "Done", 1),
        (sent("noise.wav", vec![7; 5000], json!({})), "Failed", 0),
        (sent("sea.jpg", picture, json!({ "recipe": "proxies", "contentType": "image/jpeg" })), "Done", 2),
        (sent("Talk.wav", wav(3 * SECOND, 1), json!({ "recipe": "captions" })), "Done", 2),
    ];
    let engine = Engine::start().await?;
    let (theirs, ours) = (Stage::open().await?, engine.stage().await?);
    let (by_them, by_us) = (theirs.flow_of("ann").await?, ours.flow_of("ann").await?);
    for (sent, state, least) in all {
        let (there, here) = (sent.run(&theirs, &by_them).await?, sent.run(&ours, &by_us).await?);
        ensure!(there == here, "{there:#}\n{here:#}");
        ensure!(here["state"] == state, "{here:#}");
        let outputs = here["outputs"].as_array().context("outputs")?;
        ensure!(outputs.len() >= least, "{here:#}");
        let is_digest = |digest: &Value| digest.as_str().map(str::len) == Some(sound::sha256(b"").len());
        ensure!(outputs.iter().all(|output| is_digest(&output[1])), "{here:#}");
    }
    only_here(&ours, &by_us.first_session().await?).await
}

#[tokio::test]
async fn a_worker_takes_its_films_from_our_engine() -> Result<()> {
    let engine = Engine::start().await?;
    let stage = engine.stage().await?;
    let flow = stage.flow_of("ann").await?;
    let worker = Worker::start_also_told(&stage.rig, &engine.told()).await?;
    let film = Film { seconds: 4, ..Film::default() }.bytes()?;
    let more = json!({ "contentType": "video/mp4", "recipe": "video" });
    let id = flow.start_as("Sea.mp4", &film, "k", more).await?;
    let session = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["attempt"] == 1, "{session:#}");
    let output = &session["outputs"][0];
    let made = flow.fetch(&session).await?;
    ensure!(output["name"] == "Sea-web.mp4" && output["sha256"] == sound::sha256(&made), "{output:#}");
    let history = history(&flow, &id).await?;
    let states = ["Begin", "HasBegun", "Probe", "Recipe", "Video", "Finish", "Done"];
    ensure!(entered(&history["executions"][0]) == states, "{history:#}");
    let meters = worker.meters().await?;
    ensure!(meters.contains("lockgate_activity_seconds_count{activity=\"video\"} 1"), "{meters}");
    only_here(&stage, &id).await
}

#[tokio::test]
async fn what_our_engine_runs_is_cancelled_and_redriven() -> Result<()> {
    let engine = Engine::start().await?;
    let stage = engine.stage().await?;
    let flow = stage.flow_of("ann").await?;
    let file = wav(600 * SECOND, 1);
    let id = flow.start("a.wav", &file, "k").await?;
    until(flow.patience, async || Ok(flow.session(&id).await?["stage"] == "working"))
        .await
        .context("nobody is at work")?;

    let cancelled = cancelled(&flow, &id).await?;
    stays(&flow, &id, &cancelled).await?;
    redriven(&flow, &id, &file).await?;
    let history = history(&flow, &id).await?;
    let executions = history["executions"].as_array().context("executions")?;
    let names: Vec<_> = executions.iter().filter_map(|execution| execution["name"].as_str()).collect();
    ensure!(names == [format!("{id}-1"), format!("{id}-2")], "{names:?}");
    ensure!(executions[1]["status"] == "SUCCEEDED", "{history:#}");
    only_here(&stage, &id).await
}
