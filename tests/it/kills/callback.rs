//! A callback: a function is given a token, and whoever has it gives signs of life and answers.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::engine_server::EngineServer;
use tests::stand_in::{Reply, StandIn};

use super::asking::{EXECUTION, begin, ended, history, until};
use super::work::{HEARTBEAT_SECONDS, Work};
use super::{History, Scene, survives};

fn definition() -> String {
    json!({"StartAt": "Ask", "States": {"Ask": {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true,
        "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
        "HeartbeatSeconds": HEARTBEAT_SECONDS
    }}})
    .to_string()
}

struct Callback {
    lambda: StandIn,
    work: Option<Work>,
}

impl Callback {
    async fn set() -> Result<Self> {
        // The answer's headers are part of a result, and so of the history.
        let lambda =
            StandIn::start(|_| Reply::ok("{}").header("date", "Thu, 01 Jan 1970 00:00:00 GMT")).await?;
        Ok(Self { lambda, work: None })
    }

    /// The token that the function was given. It may be called again after a death, and never with another one.
    fn token(&self) -> Result<String> {
        let heard = self.lambda.heard();
        let tokens: BTreeSet<String> = heard
            .iter()
            .map(|call| {
                let payload: Value = serde_json::from_str(&call.body)?;
                Ok(payload["token"].as_str().context("a token")?.to_owned())
            })
            .collect::<Result<_>>()?;
        ensure!(tokens.len() == 1, "{tokens:?}");
        tokens.into_iter().next().context("a call")
    }
}

impl Scene for Callback {
    const AT_ONCE: usize = 6;

    fn settings(&self) -> Vec<String> {
        vec!["--lambda-endpoint".to_owned(), self.lambda.url.clone()]
    }

    async fn go(&mut self, server: &EngineServer) -> Result<Vec<History>> {
        begin(server, &definition(), "{}").await?;
        if self.work.is_none() {
            // An answer that is quicker than the function's own leaves another history.
            until(server, "TaskSubmitted").await?;
            self.work = Some(Work::new(&self.token()?));
        }
        self.work.as_mut().context("it was asked for")?.go_on(server).await?;
        let execution = ended(server, EXECUTION).await?;
        ensure!(
            execution["status"] == "SUCCEEDED" && execution["output"] == r#"{"done":true}"#,
            "{execution:#}"
        );
        self.token()?;
        Ok(vec![history(server, EXECUTION).await?])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_with_heartbeats_ends_as_if_nobody_had_died() -> Result<()> {
    let deaths = survives(Callback::set).await?;
    println!("{deaths} deaths");
    // The start, the function's answer, each sign of life and the end are commits.
    ensure!(deaths >= 2 * (HEARTBEAT_SECONDS + 4), "{deaths}");
    Ok(())
}
