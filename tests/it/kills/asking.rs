//! What is asked of the engine, and asked again after each of its deaths.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::engine_server::EngineServer;

use super::History;

pub(super) const MACHINE: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:machine";
/// Its executions have names, so that a start whose answer was lost is known again.
pub(super) const EXECUTION: &str = "arn:aws:states:us-east-1:000000000000:execution:machine:one";

/// How often it is looked whether something has happened.
const OFTEN: Duration = Duration::from_millis(10);

pub(super) async fn create(server: &EngineServer, name: &str, definition: &str) -> Result<()> {
    let role = "arn:aws:iam::000000000000:role/role";
    let made = json!({"name": name, "definition": definition, "roleArn": role});
    server.ask("CreateStateMachine", &made).await.map(drop)
}

pub(super) async fn start(server: &EngineServer, machine: &str, name: &str, input: &str) -> Result<()> {
    let started = json!({"stateMachineArn": machine, "name": name, "input": input});
    if let Err(error) = server.ask("StartExecution", &started).await {
        // One that has ended since its first start is there already, and that is as well.
        ensure!(error.to_string().contains("ExecutionAlreadyExists"), "{error}");
    }
    Ok(())
}

/// The description of the execution, once it has ended.
pub(super) async fn ended(server: &EngineServer, execution: &str) -> Result<Value> {
    let mut ticks = tokio::time::interval(OFTEN);
    loop {
        let description = server.ask("DescribeExecution", &json!({"executionArn": execution})).await?;
        if description["status"] != "RUNNING" {
            return Ok(description);
        }
        ticks.tick().await;
    }
}

pub(super) async fn history(server: &EngineServer, execution: &str) -> Result<History> {
    let history = json!({"executionArn": execution, "maxResults": 1000});
    let history = server.ask("GetExecutionHistory", &history).await?;
    ensure!(history.get("nextToken").is_none(), "a case here fits on one page");
    Ok(history["events"].as_array().context("events")?.clone())
}
