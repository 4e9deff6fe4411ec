//! Step Functions starts an execution, and its answer never arrives: whoever asks again finds that one, and starts no other.
//! The sessions wait for Transcribe, so that their executions run until the test lets them end.

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;
use states::{Debt, State};
use tests::flow::{Flow, expect, id};
use tests::rig::Rig;
use tests::rig::proxy::{Deal, Proxy};
use tests::rig::stage::{Stage, history};
use tests::rig::transcribe::Job;
use tests::sound::wav;

const SECOND: u32 = 44_100;

const START: &str = "StartExecution";

/// A stage whose Step Functions are reached through a proxy.
struct Bench {
    proxy: Proxy,
    stage: Stage,
    flow: Flow,
}

impl Bench {
    async fn open() -> Result<Self> {
        let proxy = Proxy::before(&Rig::running()?.localstack).await?;
        let stage = Stage::told(&json!({ "AWS_ENDPOINT_URL_SFN": proxy.url })).await?;
        let flow = stage.flow_of("ann").await?;
        Ok(Self { proxy, stage, flow })
    }

    /// A session of speech that may be started; its id.
    async fn ready(&self) -> Result<String> {
        let more = json!({ "recipe": "captions" });
        id(&self.flow.ready_as("talk.wav", &wav(3 * SECOND, 1), "k", more).await?)
    }

    /// Asks for the start, always by the same key. Answers what was asked of Step Functions meanwhile.
    async fn start(&self, id: &str) -> Result<Vec<String>> {
        self.proxy.heard();
        let asked = self.flow.verb(Method::PUT, &format!("/xcode/{id}"), Some("the-one-key")).await?;
        let session = expect(asked, 202).await?;
        ensure!(session["state"] == "Transcoding" && session["attempt"] == 1, "{session:#}");
        Ok(self.proxy.heard())
    }

    /// Starts a session, and no answer arrives however often it is tried. Nobody knows then what Step Functions does know.
    async fn started_unheard(&self) -> Result<String> {
        let id = self.ready().await?;
        self.proxy.next(&[Deal::LoseAnswer; 64]);
        let asked = self.start(&id).await?;
        self.proxy.next(&[]);
        ensure!(asked.len() > 1 && asked.iter().all(|operation| operation == START), "{asked:?}");
        ensure!(self.owes_start(&id).await?, "it is taken for started");
        ensure!(self.stage.executions(&id).await? == [format!("{id}-1")], "it was not carried out");
        Ok(id)
    }

    async fn owes_start(&self, id: &str) -> Result<bool> {
        let session = self.stage.record(id).await?;
        ensure!(session.state == State::Transcoding, "{session:#?}");
        Ok(session.owes.iter().any(|owed| owed.debt == Debt::Start))
    }

    /// Lets the session end, which must be Done, by the one execution that there is.
    async fn ends_once(&self, id: &str) -> Result<()> {
        Job::of(&self.stage, id)?.done().await?;
        let session = self.flow.until(id, &["Done", "Failed"]).await?;
        ensure!(session["state"] == "Done" && session["attempt"] == 1, "{session:#}");
        let history = history(&self.flow, id).await?;
        ensure!(history["executions"].as_array().is_some_and(|all| all.len() == 1), "{history:#}");
        ensure!(history["executions"][0]["status"] == "SUCCEEDED", "{history:#}");
        ensure!(self.stage.executions(id).await? == [format!("{id}-1")]);
        Ok(())
    }
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_is_found_by_the_next_try() -> Result<()> {
    let bench = Bench::open().await?;
    let id = bench.ready().await?;
    bench.proxy.next(&[Deal::LoseAnswer]);
    let asked = bench.start(&id).await?;
    ensure!(asked == [START, START], "{asked:?}");
    ensure!(!bench.owes_start(&id).await?, "the second answer was heard");
    bench.ends_once(&id).await
}

#[tokio::test]
async fn a_start_that_nobody_has_heard_of_is_found_by_whoever_asks_again() -> Result<()> {
    let bench = Bench::open().await?;
    let id = bench.started_unheard().await?;
    let asked = bench.start(&id).await?;
    ensure!(asked == [START], "{asked:?}");
    ensure!(!bench.owes_start(&id).await?, "the answer was heard");
    bench.ends_once(&id).await
}

#[tokio::test]
async fn a_start_that_nobody_has_heard_of_is_found_by_the_sweep() -> Result<()> {
    let bench = Bench::open().await?;
    let id = bench.started_unheard().await?;
    bench.proxy.heard();
    let swept = bench.stage.swept(&id).await?;
    ensure!(swept.state == State::Transcoding && swept.owes.is_empty(), "{swept:#?}");
    let asked = bench.proxy.heard();
    ensure!(asked.iter().any(|operation| operation == START), "{asked:?}");
    bench.ends_once(&id).await
}
