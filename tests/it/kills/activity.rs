//! An activity and its worker, who polls for it, gives signs of life and answers, all over the API.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::engine_server::EngineServer;

use super::asking::{EXECUTION, begin, ended, history};
use super::work::{HEARTBEAT_SECONDS, Work};
use super::{History, Scene, survives};

const ACTIVITY: &str = "arn:aws:states:us-east-1:000000000000:activity:press";
/// A try whose worker never got it.
const LOST: [&str; 3] = ["ActivityScheduled", "ActivityStarted", "ActivityTimedOut"];

fn definition() -> String {
    // What was lost on its way to the worker is missed, and handed out again.
    let retry = json!([{"ErrorEquals": ["States.HeartbeatTimeout"], "IntervalSeconds": 1, "MaxAttempts": 3}]);
    json!({"StartAt": "Press", "States": {"Press": {
        "Type": "Task", "Resource": ACTIVITY, "HeartbeatSeconds": HEARTBEAT_SECONDS, "Retry": retry, "End": true
    }}})
    .to_string()
}

#[derive(Default)]
struct Worker {
    /// How many tasks have come to it.
    taken: usize,
    work: Option<Work>,
}

impl Worker {
    async fn take(&mut self, server: &EngineServer) -> Result<Work> {
        let poll = json!({"activityArn": ACTIVITY, "workerName": "worker"});
        let task = server.ask("GetActivityTask", &poll).await?;
        ensure!(task["input"] == r#"{"n":1}"#, "{task}");
        self.taken += 1;
        Ok(Work::new(task["taskToken"].as_str().context("a token")?))
    }
}

impl Scene for Worker {
    const AT_ONCE: usize = 6;

    fn settings(&self) -> Vec<String> {
        Vec::new()
    }

    async fn go(&mut self, server: &EngineServer) -> Result<Vec<History>> {
        server.ask("CreateActivity", &json!({"name": "press"})).await?;
        begin(server, &definition(), r#"{"n":1}"#).await?;
        if self.work.is_none() {
            self.work = Some(self.take(server).await?);
        }
        self.work.as_mut().context("it was taken")?.go_on(server).await?;
        let execution = ended(server, EXECUTION).await?;
        ensure!(execution["status"] == "SUCCEEDED", "{execution:#}");
        let history = history(server, EXECUTION).await?;
        let handed_out = history.iter().filter(|event| event["type"] == "ActivityStarted").count();
        Ok(vec![without_lost(&history, handed_out - self.taken)?])
    }
}

/// The history without the tries that were handed out and never arrived, which are so many.
///
/// Where the engine dies between the commit of a worker's taking the task and its answer, neither that worker nor the
/// next engine can know that nobody has it. On AWS, too, such a task is missed by its heartbeat and tried again. That try
/// is more than an undisturbed history has, and the only thing that may be.
fn without_lost(history: &[Value], lost: usize) -> Result<History> {
    let mut rest = history;
    let (mut kept, mut shift) = (History::new(), 0);
    while let Some((event, behind)) = rest.split_first() {
        if is_lost(rest) {
            shift += LOST.len() as u64;
            rest = &rest[LOST.len()..];
            continue;
        }
        let mut event = event.clone();
        for number in ["id", "previousEventId"] {
            let of = event[number].as_u64().context("a number")?;
            event[number] = of.saturating_sub(shift).into();
        }
        kept.push(event);
        rest = behind;
    }
    let left_out = shift as usize / LOST.len();
    ensure!(left_out == lost, "{left_out} tries were missed, {lost} were lost: {}", super::lines(history));
    Ok(kept)
}

fn is_lost(events: &[Value]) -> bool {
    let is_try =
        LOST.len() <= events.len() && events.iter().zip(LOST).all(|(event, kind)| event["type"] == kind);
    is_try && events[2]["activityTimedOutEventDetails"]["error"] == "States.HeartbeatTimeout"
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activity_with_heartbeats_ends_as_if_nobody_had_died() -> Result<()> {
    let deaths = survives(async || Ok(Worker::default())).await?;
    println!("{deaths} deaths");
    // The start, the taking, each sign of life and the end are commits.
    ensure!(deaths >= 2 * (HEARTBEAT_SECONDS + 4), "{deaths}");
    Ok(())
}

#[test]
fn only_tries_that_were_lost_are_left_out() {
    let event = |id: u32, kind: &str| json!({"id": id, "previousEventId": id - 1, "type": kind});
    let with = |kinds: &[&str]| (1..).zip(kinds).map(|(id, kind)| event(id, kind)).collect::<Vec<_>>();
    let (before, after) = (
        ["ExecutionStarted", "TaskStateEntered"],
        ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"],
    );
    let calm = with(&[&before[..], &after].concat());
    let mut missed = with(&[&before[..], &LOST, &after].concat());
    assert_eq!(without_lost(&missed, 0).unwrap(), missed, "another timeout says nothing of the worker");
    missed[4]["activityTimedOutEventDetails"] = json!({"error": "States.HeartbeatTimeout"});
    assert_eq!(without_lost(&missed, 1).unwrap(), calm);
    assert!(without_lost(&missed, 0).is_err(), "it was not lost");
    assert_eq!(without_lost(&calm, 0).unwrap(), calm);
}
