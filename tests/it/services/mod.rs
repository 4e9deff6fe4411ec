//! What tasks call, against stand-ins that answer as the services do: what is sent, what a state machine sees of the answer,
//! and how each failure is named.

mod dynamodb;
mod lambda;
mod map_runs;
mod messages;
mod mocks;
mod nested;
mod nested_crash;
mod objects;
mod rude;

use std::sync::Arc;

use activities::clock::random_id;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::stand_in::StandIn;
use workflow::driver::{self, Description, Engine, MachineRequest, Page, Place, Ticks};
use workflow::journal::MemoryJournal;
use workflow::services::{Config, Endpoints, Services};

/// An engine in memory whose tasks go to stand-ins.
struct Rig {
    engine: Engine,
}

impl Rig {
    async fn new(config: Config) -> Result<Self> {
        let config = Config { region: "us-east-1".to_owned(), ..config };
        let services = Arc::new(Services::new(config, Ticks::system())?);
        let place = Place { region: "us-east-1".to_owned(), account: "123456789012".to_owned() };
        let config = driver::Config { place, objects: services.clone(), ..driver::Config::default() };
        let engine =
            Engine::open(MemoryJournal::default(), services.clone(), Ticks::system(), config).await?;
        services.begin(engine.clone());
        Ok(Self { engine })
    }

    /// With this stand-in for every service.
    async fn before(stand_in: &StandIn) -> Result<Self> {
        let url = || stand_in.url.parse().ok();
        let endpoints = Endpoints { lambda: url(), sqs: url(), sns: url(), dynamodb: url(), s3: url() };
        Self::new(Config { endpoints, ..Config::default() }).await
    }

    async fn machine(&self, name: &str, definition: &Value) -> Result<String> {
        let definition = definition.to_string();
        let request = MachineRequest { name: name.to_owned(), definition, ..MachineRequest::default() };
        Ok(self.engine.create_state_machine(request).await?.arn)
    }

    async fn run(&self, machine: &str, input: &Value) -> Result<Ended> {
        let started = self.engine.start_execution(machine, None, &input.to_string()).await?;
        self.ended(&started.arn).await
    }

    async fn ended(&self, arn: &str) -> Result<Ended> {
        let ended = tokio::time::timeout(tests::flow::PATIENCE, self.engine.closed(arn));
        let description = ended.await.context("the execution ends")??;
        let history = self.engine.history(arn, &Page { limit: 1000, ..Page::default() }, false).await?;
        Ok(Ended { description, history: history.events })
    }

    /// Runs one task.
    async fn task(&self, resource: &str, parameters: Value) -> Result<Ended> {
        let machine = self.machine(&random_id(), &one(resource, parameters)).await?;
        self.run(&machine, &json!({})).await
    }
}

/// A machine of one task.
fn one(resource: &str, parameters: Value) -> Value {
    let task = json!({"Type": "Task", "Resource": resource, "Parameters": parameters, "End": true});
    json!({"StartAt": "Call", "States": {"Call": task}})
}

/// How an execution ended.
#[derive(Debug)]
struct Ended {
    description: Description,
    history: Vec<Value>,
}

impl Ended {
    fn output(&self) -> Result<Value> {
        let output = self.description.output.as_deref().with_context(|| format!("it failed: {self:#?}"))?;
        Ok(serde_json::from_str(output)?)
    }

    /// It failed with this error and these words in its cause.
    fn failed(&self, error: &str, cause: &str) -> Result<()> {
        let failed =
            self.description.failed.as_ref().with_context(|| format!("it did not fail: {self:#?}"))?;
        ensure!(failed.error.as_deref() == Some(error), "{error} is expected: {failed:#?}");
        ensure!(
            failed.cause.as_deref().unwrap_or_default().contains(cause),
            "{cause:?} is expected: {failed:#?}"
        );
        Ok(())
    }

    fn types(&self) -> Vec<&str> {
        self.history.iter().filter_map(|event| event["type"].as_str()).collect()
    }

    /// The own fields of the first event of this type.
    fn details(&self, kind: &str) -> Result<&Value> {
        let event =
            self.history.iter().find(|event| event["type"] == kind).with_context(|| kind.to_owned())?;
        let fields = event.as_object().context("an event is an object")?;
        Ok(fields.iter().find(|(name, _)| name.ends_with("EventDetails")).context("it has details")?.1)
    }
}
