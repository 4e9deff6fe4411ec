//! What a driver of workflows must do. What its executions do, their input says: `wait` for an hour, `fail`, have a worker
//! do the `work` of a film, or end well.

use std::time::Duration;

use activities::ports::{Awaited, Driver, Execution, Machine, Status, Stopped, Task};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use states::Activity;

suite!(
    [
        what_is_started_again_is_started_once,
        an_execution_that_failed_tells_why,
        a_history_is_paged_and_begins_at_the_beginning,
        what_was_stopped_stays_so,
        what_a_worker_has_made_is_what_its_step_came_to,
        a_step_fails_as_its_worker_says,
        nobody_waits_by_a_token_that_was_never_given,
    ]
    in engine: engine, step_functions_on_our_engine: engine_by_its_api, on_aws: localstack,
);

fn input(what: &str) -> String {
    json!({ "do": what, "sessionId": "s", "recipe": "video" }).to_string()
}

async fn described(driver: &dyn Driver, name: &str) -> Result<Execution> {
    driver.describe(name).await?.context("it was started")
}

async fn closed(driver: &dyn Driver, name: &str) -> Result<Execution> {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..1500 {
        ticks.tick().await;
        let execution = described(driver, name).await?;
        if execution.status != Status::Running {
            ensure!(execution.stopped_at >= Some(execution.started_at), "{execution:?}");
            return Ok(execution);
        }
    }
    anyhow::bail!("{name} never ended")
}

async fn what_is_started_again_is_started_once(driver: &dyn Driver) -> Result<()> {
    driver.start(Machine::Session, "s-1", &input("wait")).await?;
    driver.start(Machine::Session, "s-1", &input("wait")).await?;
    driver.start(Machine::Session, "s-1", &input("fail")).await?;
    let execution = described(driver, "s-1").await?;
    ensure!(execution.status == Status::Running && execution.stopped_at.is_none(), "{execution:?}");
    ensure!(execution.name == "s-1" && execution.input == Some(input("wait")), "{execution:?}");
    let document: Value = serde_json::from_str(&execution.definition)?;
    ensure!(document["StartAt"].is_string(), "{document}");

    driver.start(Machine::Session, "s-2", &input("end")).await?;
    let ended = closed(driver, "s-2").await?;
    ensure!(ended.status == Status::Succeeded && ended.output.is_some(), "{ended:?}");
    driver.start(Machine::Session, "s-2", &input("end")).await?;
    let again = described(driver, "s-2").await?;
    ensure!(
        (again.status, again.started_at) == (ended.status, ended.started_at),
        "{again:?} after {ended:?}"
    );
    Ok(())
}

async fn an_execution_that_failed_tells_why(driver: &dyn Driver) -> Result<()> {
    driver.start(Machine::Session, "s-1", &input("fail")).await?;
    let execution = closed(driver, "s-1").await?;
    ensure!(execution.status == Status::Failed && execution.output.is_none(), "{execution:?}");
    ensure!(execution.error.as_deref() == Some("MediaCorrupt"), "{execution:?}");
    ensure!(execution.cause.as_deref() == Some("It is cut off."), "{execution:?}");
    Ok(())
}

async fn a_history_is_paged_and_begins_at_the_beginning(driver: &dyn Driver) -> Result<()> {
    driver.start(Machine::Session, "s-1", &input("end")).await?;
    closed(driver, "s-1").await?;
    let (mut events, mut after) = (Vec::new(), None);
    loop {
        let page = driver.history("s-1", after.as_deref()).await?.context("it was started")?;
        events.extend(page.events);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let ids: Vec<_> = events.iter().filter_map(|event| event["id"].as_u64()).collect();
    ensure!(ids == (1..=events.len() as u64).collect::<Vec<_>>(), "{events:#?}");
    ensure!(events[0]["type"] == "ExecutionStarted", "{events:#?}");
    let told = events[0]["executionStartedEventDetails"]["input"].as_str().unwrap_or_default();
    // A stand-in writes it anew, with other spaces.
    ensure!(serde_json::from_str::<Value>(told)? == serde_json::from_str::<Value>(&input("end"))?, "{told}");
    ensure!(events.iter().all(|event| event["timestamp"].is_number()), "{events:#?}");
    ensure!(events.iter().any(|event| event["stateEnteredEventDetails"]["name"].is_string()), "{events:#?}");
    ensure!(events.last().is_some_and(|event| event["type"] == "ExecutionSucceeded"), "{events:#?}");
    Ok(())
}

async fn what_was_stopped_stays_so(driver: &dyn Driver) -> Result<()> {
    driver.start(Machine::Session, "s-1", &input("wait")).await?;
    ensure!(driver.stop("s-1", "Cancelled", "Nobody waits.").await? == Stopped::Closed);
    let execution = closed(driver, "s-1").await?;
    ensure!(execution.status == Status::Aborted, "{execution:?}");
    ensure!(driver.stop("s-1", "Cancelled", "Nobody waits.").await? == Stopped::Closed, "it no longer runs");
    driver.start(Machine::Session, "s-1", &input("wait")).await?;
    ensure!(described(driver, "s-1").await?.status == Status::Aborted, "a name is used once");

    ensure!(driver.stop("s-2", "Cancelled", "Nobody waits.").await? == Stopped::NotFound);
    ensure!(driver.describe("s-2").await?.is_none());
    ensure!(driver.history("s-2", None).await?.is_none());
    Ok(())
}

/// The task of a worker, which may ask for it more than once.
async fn taken(driver: &dyn Driver) -> Result<Task> {
    for _ in 0..3 {
        if let Some(task) = driver.next_task(Activity::Video).await? {
            return Ok(task);
        }
    }
    anyhow::bail!("there is no task")
}

async fn what_a_worker_has_made_is_what_its_step_came_to(driver: &dyn Driver) -> Result<()> {
    driver.start(Machine::Session, "s-1", &input("work")).await?;
    let task = taken(driver).await?;
    let told: Value = serde_json::from_str(&task.input)?;
    ensure!(told["sessionId"] == "s" && told["do"] == "work", "{told}");
    ensure!(driver.beat(&task.token).await? == Awaited::Yes);
    ensure!(described(driver, "s-1").await?.status == Status::Running, "it has only begun");
    ensure!(driver.succeed(&task.token, r#"{"outputs":[]}"#).await? == Awaited::Yes);
    let execution = closed(driver, "s-1").await?;
    ensure!(execution.status == Status::Succeeded, "{execution:?}");
    ensure!(execution.output.as_ref().is_some_and(|output| output.contains("outputs")), "{execution:?}");
    Ok(())
}

async fn a_step_fails_as_its_worker_says(driver: &dyn Driver) -> Result<()> {
    driver.start(Machine::Session, "s-1", &input("work")).await?;
    let task = taken(driver).await?;
    ensure!(driver.fail(&task.token, "MediaCorrupt", "It is cut off.").await? == Awaited::Yes);
    let execution = closed(driver, "s-1").await?;
    ensure!(execution.status == Status::Failed, "{execution:?}");
    ensure!(execution.error.as_deref() == Some("MediaCorrupt"), "{execution:?}");
    ensure!(execution.cause.as_deref() == Some("It is cut off."), "{execution:?}");
    Ok(())
}

async fn nobody_waits_by_a_token_that_was_never_given(driver: &dyn Driver) -> Result<()> {
    ensure!(driver.beat("nobody's").await? == Awaited::NoMore);
    ensure!(driver.succeed("nobody's", "{}").await? == Awaited::NoMore);
    ensure!(driver.fail("nobody's", "MediaCorrupt", "It is cut off.").await? == Awaited::NoMore);
    Ok(())
}
