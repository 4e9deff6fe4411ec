//! The deployed stack as its users have it: somebody signed in, before a gateway; and what only a test can do to it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Rig;
use super::cognito::Pool;
use super::gateway::Gateway;
use crate::flow::Flow;

pub struct Stage {
    pub rig: Rig,
    gateway: Gateway,
    pool: Pool,
    http: reqwest::Client,
}

impl Stage {
    pub async fn open() -> Result<Self> {
        Self::told(&json!({})).await
    }

    /// With an API that is told of other places than it was deployed with.
    pub async fn told(variables: &Value) -> Result<Self> {
        let rig = Rig::running()?;
        let (name, host) = (rig.output("ApiFunction")?, rig.output("ApiHost")?);
        let gateway = Gateway::before_told(&rig.functions, name, host, variables).await?;
        Ok(Self { pool: Pool::open(&rig).await?, http: reqwest::Client::new(), gateway, rig })
    }

    pub async fn flow_of(&self, name: &str) -> Result<Flow> {
        Ok(self.flow_by(self.pool.sign_in(name).await?.id))
    }

    /// Of somebody in the pool's group of admins.
    pub async fn flow_of_an_admin(&self, name: &str) -> Result<Flow> {
        Ok(self.flow_by(self.pool.sign_in_as(name, "admin").await?.id))
    }

    /// Of whoever has this token.
    pub fn flow_by(&self, token: String) -> Flow {
        Flow { token: Some(token), ..Flow::new(&self.gateway.url) }
    }

    /// Gives the function behind an output of the stack an event, and takes its answer.
    pub async fn invoke(&self, output: &str, event: &Value) -> Result<Value> {
        let url =
            format!("{}/2015-03-31/functions/{}/invocations", self.rig.functions, self.rig.output(output)?);
        let answer = self.http.post(url).body(event.to_string()).send().await?;
        let failed = answer.headers().contains_key("x-amz-function-error") || !answer.status().is_success();
        let text = answer.text().await?;
        ensure!(!failed, "{output} failed: {text}");
        serde_json::from_str(&text).with_context(|| text.clone())
    }

    /// Kills whatever has an event of that function; how many processes that were.
    pub async fn kill(&self, output: &str) -> Result<usize> {
        let url = format!("{}/rig/functions/{}/kill", self.rig.functions, self.rig.output(output)?);
        let answer = self.http.post(url).send().await?.error_for_status()?;
        Ok(answer.text().await?.parse()?)
    }

    /// How a session's record was written, write by write.
    pub async fn writes(&self, id: &str) -> Result<Vec<String>> {
        let answer = self.http.get(format!("{}/rig/writes/{id}", self.rig.functions)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }
}

/// The history of a session at its end, once its last execution has ended too: that comes a moment later.
pub async fn history(flow: &Flow, id: &str) -> Result<Value> {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let begun = Instant::now();
    loop {
        ticks.tick().await;
        let history = flow.history(id).await?;
        let executions = history["executions"].as_array().context("a history has executions")?;
        if executions.iter().all(|execution| execution["status"] != "RUNNING") {
            return Ok(history);
        }
        ensure!(begun.elapsed() < flow.patience, "an execution never ends: {history:#}");
    }
}
