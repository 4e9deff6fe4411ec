//! The deployed stack as its users have it: somebody signed in, before a gateway; and what only a test can do to it.

use std::time::{Duration, Instant};

use activities::ports::{Due, Sessions as _};
use anyhow::{Context, Result, ensure};
use aws::connection::Connection;
use aws::sessions::DynamoSessions;
use serde_json::{Value, json};
use states::{Session, Timestamp};

use super::Rig;
use super::cognito::Pool;
use super::functions::VARIABLES;
use super::gateway::Gateway;
use crate::flow::Flow;

pub struct Stage {
    pub rig: Rig,
    gateway: Gateway,
    pool: Pool,
    http: reqwest::Client,
    /// What its functions are told besides what they were deployed with, where this test asks them.
    variables: Value,
}

impl Stage {
    pub async fn open() -> Result<Self> {
        Self::told(&json!({})).await
    }

    /// With an API that is told of other places than it was deployed with, and so is whatever else is invoked here; what the
    /// stack invokes by itself is not.
    pub async fn told(variables: &Value) -> Result<Self> {
        let rig = Rig::running()?;
        let (name, host) = (rig.output("ApiFunction")?, rig.output("ApiHost")?);
        let gateway = Gateway::before_told(&rig.functions, name, host, variables).await?;
        let (pool, http) = (Pool::open(&rig).await?, reqwest::Client::new());
        Ok(Self { pool, http, gateway, rig, variables: variables.clone() })
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
        let request = self.http.post(url).header(VARIABLES, self.variables.to_string());
        let answer = request.body(event.to_string()).send().await?;
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

    /// Has the sweep come to a session now, as if it were due. Answers with the record as it stands then.
    pub async fn swept(&self, id: &str) -> Result<Session> {
        let records = self.records()?;
        if let Some(at) = records.get(id).await?.context("it is there")?.due_at {
            records.put_off(&Due { id: id.to_owned(), at }, Timestamp::UNIX_EPOCH).await?;
        }
        self.invoke("SweepFunction", &json!({ "source": "aws.events", "detail": {} })).await?;
        records.get(id).await?.context("it is there still")
    }

    /// The stack's own table, which is reached where the stack was made.
    fn records(&self) -> Result<DynamoSessions> {
        let made = Connection::new(&super::account(&[("", &self.rig.localstack)]))?;
        Ok(DynamoSessions::new(made.dynamodb(), self.rig.output("Table")?))
    }

    /// A session's record as it stands, of which the API does not show everything.
    pub async fn record(&self, id: &str) -> Result<Session> {
        self.records()?.get(id).await?.context("it is there")
    }

    /// The executions of a session that the stack's Step Functions know, by name.
    pub async fn executions(&self, id: &str) -> Result<Vec<String>> {
        let functions = Connection::new(&self.rig.account())?.step_functions();
        let list = functions.list_executions().state_machine_arn(self.rig.output("StateMachine")?);
        let (mut names, mut next) = (Vec::new(), None);
        loop {
            let page = list.clone().set_next_token(next).send().await?;
            let named = page.executions().iter().map(|execution| execution.name().to_owned());
            names.extend(named.filter(|name| name.starts_with(id)));
            next = page.next_token;
            if next.is_none() {
                return Ok(names);
            }
        }
    }

    /// What lies below a session's id in the bucket of results: the keys of objects, and of uploads that are in parts yet.
    pub async fn results(&self, id: &str) -> Result<Vec<String>> {
        let objects = Connection::new(&self.rig.account())?.objects();
        let (bucket, below) = (self.rig.output("Results")?, format!("{id}/"));
        // First: one that is completed meanwhile is an object then.
        let uploads = objects.client().list_multipart_uploads().bucket(bucket).prefix(&below).send().await?;
        let uploads = uploads.uploads.unwrap_or_default().into_iter().filter_map(|upload| upload.key);
        let listed = objects.list(bucket, &below).await?.into_iter().map(|listed| listed.key);
        Ok(uploads.chain(listed).collect())
    }

    /// How a session's record was written, write by write.
    pub async fn writes(&self, id: &str) -> Result<Vec<String>> {
        let answer = self.http.get(format!("{}/rig/writes/{id}", self.rig.functions)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }
}

/// The states that an execution of a history has entered, in turn.
pub fn entered(execution: &Value) -> Vec<&str> {
    let events = execution["events"].as_array().into_iter().flatten();
    events.filter_map(|event| event["stateEnteredEventDetails"]["name"].as_str()).collect()
}

/// Waits until it holds.
pub async fn until(patience: Duration, holds: impl AsyncFn() -> Result<bool>) -> Result<()> {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    while !holds().await? {
        ensure!(began.elapsed() < patience, "it never came to be");
        ticks.tick().await;
    }
    Ok(())
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
