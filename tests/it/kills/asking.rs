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

/// The machine and its execution, whether or not they are there already.
pub(super) async fn begin(server: &EngineServer, definition: &str, input: &str) -> Result<()> {
    create(server, "machine", definition).await?;
    start(server, MACHINE, "one", input).await
}

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

/// Waits for an event of this type.
pub(super) async fn until(server: &EngineServer, kind: &str) -> Result<()> {
    let mut ticks = tokio::time::interval(OFTEN);
    while !history(server, EXECUTION).await?.iter().any(|event| event["type"] == kind) {
        ticks.tick().await;
    }
    Ok(())
}

pub(super) async fn history(server: &EngineServer, execution: &str) -> Result<History> {
    let history = json!({"executionArn": execution, "maxResults": 1000});
    let history = server.ask("GetExecutionHistory", &history).await?;
    ensure!(history.get("nextToken").is_none(), "a case here fits on one page");
    Ok(history["events"].as_array().context("events")?.clone())
}

/// The history of the execution, and those of its map runs' children in the order of their inputs: a child's name is
/// drawn.
pub(super) async fn with_children(server: &EngineServer) -> Result<Vec<History>> {
    let mut children = Vec::new();
    let runs = server.ask("ListMapRuns", &json!({"executionArn": EXECUTION})).await?;
    for run in runs["mapRuns"].as_array().context("map runs")? {
        let listed = server.ask("ListExecutions", &json!({"mapRunArn": run["mapRunArn"]})).await?;
        for child in listed["executions"].as_array().context("children")? {
            let arn = child["executionArn"].as_str().context("an ARN")?;
            let description = ended(server, arn).await?;
            children.push((description["input"].to_string(), history(server, arn).await?));
        }
    }
    children.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut histories = vec![history(server, EXECUTION).await?];
    histories.extend(children.into_iter().map(|(_, history)| history));
    Ok(histories)
}
