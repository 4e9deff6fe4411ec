//! The engine's own promise, on the real binary: killed around any commit and started again, an execution ends with the
//! history it would have had.
//!
//! [`own`] brings cases of the project, [`recorded`] those recorded on AWS where they are at hand; [`history`] says when
//! two histories are the same. The process dies by the crash points around the journal's append, so that after the k-th
//! death exactly the events of k commits stand, or of k - 1.

mod history;
mod own;
mod recorded;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tests::engine_server::EngineServer;

const PATIENCE: Duration = Duration::from_secs(180);
/// What the executions here are called, so that a start whose answer was lost is known again.
const NAME: &str = "one";
const MACHINE: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:machine";
const EXECUTION: &str = "arn:aws:states:us-east-1:000000000000:execution:machine:one";

/// One machine, what it is started with, and what its tasks call.
struct Case {
    name: String,
    definition: String,
    input: String,
    /// Behind `#`, where the tasks are mocked.
    mocked_as: Option<&'static str>,
    flags: Vec<String>,
}

/// How many deaths the case was put through.
async fn survives(case: &Case) -> Result<u32> {
    let undisturbed = tempfile::tempdir()?;
    let server = start(case, undisturbed.path().to_owned(), None)?;
    let expected = tokio::time::timeout(PATIENCE, go(&server, case)).await.context("undisturbed")??;
    drop(server);
    let mut deaths = 0;
    for moment in ["before", "after"] {
        for count in 1.. {
            let death = format!("journal.append.{moment}:{count}");
            let folder = tempfile::tempdir()?;
            let doomed = start(case, folder.path().to_owned(), Some(&death))?;
            let ended = tokio::time::timeout(PATIENCE, go(&doomed, case)).await.context(death.clone())?;
            drop(doomed);
            let (history, died) = match ended {
                Ok(history) => (history, false),
                Err(_) => {
                    let next = start(case, folder.path().to_owned(), None)?;
                    let ended = tokio::time::timeout(PATIENCE, go(&next, case)).await;
                    (ended.with_context(|| death.clone())?.with_context(|| death.clone())?, true)
                }
            };
            if let Some(difference) = history::difference(&expected, &history) {
                bail!("{death}: {difference}\n{}\nexpected\n{}", lines(&history), lines(&expected));
            }
            if !died {
                break; // there are no more commits than these
            }
            deaths += 1;
        }
    }
    ensure!(deaths >= 2, "it was not killed around its first commit: {deaths}");
    Ok(deaths)
}

fn start(case: &Case, folder: PathBuf, death: Option<&str>) -> Result<EngineServer> {
    let mut settings: Vec<&str> = case.flags.iter().map(String::as_str).collect();
    if let Some(death) = death {
        settings.extend(["LOCKGATE_CRASH", death]);
    }
    EngineServer::start(&folder, &settings)
}

/// Asks for all of it until it has ended; its history. An error when the server has died.
async fn go(server: &EngineServer, case: &Case) -> Result<Vec<Value>> {
    let role = "arn:aws:iam::000000000000:role/role";
    let made = json!({"name": "machine", "definition": case.definition, "roleArn": role});
    server.ask("CreateStateMachine", &made).await?;
    let machine =
        case.mocked_as.map_or_else(|| MACHINE.to_owned(), |test_case| format!("{MACHINE}#{test_case}"));
    let started = json!({"stateMachineArn": machine, "name": NAME, "input": case.input});
    if let Err(error) = server.ask("StartExecution", &started).await {
        // One that has ended since its first start is there already, and that is as well.
        ensure!(error.to_string().contains("ExecutionAlreadyExists"), "{error}");
    }
    let execution = json!({"executionArn": EXECUTION});
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    while server.ask("DescribeExecution", &execution).await?["status"] == "RUNNING" {
        ticks.tick().await;
    }
    let history = json!({"executionArn": EXECUTION, "maxResults": 1000});
    let history = server.ask("GetExecutionHistory", &history).await?;
    ensure!(history.get("nextToken").is_none(), "a case here fits on one page");
    Ok(history["events"].as_array().context("events")?.clone())
}

fn lines(events: &[Value]) -> String {
    events.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
