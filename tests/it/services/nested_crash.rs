//! A parent and its child, with the process killed at every commit in turn: both end as if nothing had happened, and there
//! is one child.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::engine_server::EngineServer;

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

fn definitions() -> [(&'static str, Value); 2] {
    let child = json!({"StartAt": "A", "States": {
        "A": {"Type": "Wait", "Seconds": 1, "Next": "B"},
        "B": {"Type": "Pass", "Result": {"x": 1}, "End": true}
    }});
    let start = json!({"StartAt": "Call", "States": {"Call": {
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": true,
        "Parameters": {"StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:child", "Input": {"n": 1}},
        "OutputPath": "$.Output"
    }}});
    [("child", child), ("parent", start)]
}

/// Asks for all of it, until it is done or the server is dead.
async fn go(server: &EngineServer) -> Result<Value> {
    for (name, definition) in definitions() {
        let made = json!({"name": name, "definition": definition.to_string(), "roleArn": "arn:aws:iam::000000000000:role/r"});
        server.ask("CreateStateMachine", &made).await?;
    }
    let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:parent";
    let arn = "arn:aws:states:us-east-1:000000000000:execution:parent:one";
    // One that has ended in the meantime is there already, and that is as well.
    let start = json!({"stateMachineArn": machine, "name": "one", "input": "{}"});
    if let Err(error) = server.ask("StartExecution", &start).await {
        ensure!(error.to_string().contains("ExecutionAlreadyExists"), "{error}");
    }
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
    loop {
        let execution = server.ask("DescribeExecution", &json!({"executionArn": arn})).await?;
        if execution["status"] != "RUNNING" {
            return Ok(execution);
        }
        ticks.tick().await;
    }
}

async fn check(server: &EngineServer, parent: &Value, death: &str) -> Result<()> {
    ensure!(parent["status"] == "SUCCEEDED" && parent["output"] == r#"{"x":1}"#, "{death}: {parent:#}");
    let children = json!({"stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:child"});
    let children = server.ask("ListExecutions", &children).await?;
    let all = children["executions"].as_array().context("a list")?;
    ensure!(all.len() == 1 && all[0]["status"] == "SUCCEEDED", "{death}: {children:#}");
    let history = server.ask("GetExecutionHistory", &json!({"executionArn": parent["executionArn"]})).await?;
    let kinds: Vec<_> =
        history["events"].as_array().into_iter().flatten().filter_map(|it| it["type"].as_str()).collect();
    let expected = [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ];
    ensure!(kinds == expected, "{death}: {kinds:?}");
    Ok(())
}

#[tokio::test]
async fn a_kill_at_any_commit_leaves_one_child_and_one_end() -> Result<()> {
    let mut deaths = 0;
    for moment in ["before", "after"] {
        for count in 1.. {
            let death = format!("journal.append.{moment}:{count}");
            let folder = tempfile::tempdir()?;
            let doomed = EngineServer::start(folder.path(), &["LOCKGATE_CRASH", &death])?;
            if let Ok(parent) = tokio::time::timeout(PATIENCE, go(&doomed)).await? {
                check(&doomed, &parent, "nobody died").await?;
                break; // there are no more commits than these
            }
            deaths += 1;
            drop(doomed);
            let next = EngineServer::start(folder.path(), &[])?;
            let parent = tokio::time::timeout(PATIENCE, go(&next)).await??;
            check(&next, &parent, &death).await?;
        }
    }
    ensure!(deaths >= 8, "the parent starts, submits and ends, and the child starts and ends: {deaths}");
    Ok(())
}

/// More restarts than a task may have dispatches.
#[tokio::test]
async fn waiting_for_a_child_survives_any_number_of_kills() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for _ in 0..6 {
        let server = EngineServer::start(folder.path(), &[])?;
        let waiting = async {
            let going = go(&server);
            tokio::select! {
                ended = going => ended.map(|_| ()),
                submitted = submitted(&server) => submitted,
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await??;
    }
    let server = EngineServer::start(folder.path(), &[])?;
    let parent = tokio::time::timeout(PATIENCE, go(&server)).await??;
    check(&server, &parent, "killed six times").await
}

/// Returns when the parent waits for its child.
async fn submitted(server: &EngineServer) -> Result<()> {
    let arn = json!({"executionArn": "arn:aws:states:us-east-1:000000000000:execution:parent:one"});
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(5));
    loop {
        ticks.tick().await;
        if let Ok(history) = server.ask("GetExecutionHistory", &arn).await
            && history["events"].as_array().is_some_and(|events| events.len() >= 5)
        {
            return Ok(());
        }
    }
}
