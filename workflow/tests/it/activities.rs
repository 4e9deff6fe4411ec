//! Workers that poll: who gets what, heartbeats, and how long a poll lasts.

use std::time::Duration;

use workflow::Refused;
use workflow::driver::{ActivityTask, Error};
use workflow::journal::RunStatus;

use crate::rig::{NOON, Rig, types};

async fn activity(rig: &Rig, more: &str) -> (String, String) {
    let arn = rig.engine.create_activity("work", None, Vec::new()).await.unwrap().arn;
    let definition = format!(
        r#"{{"StartAt":"A","States":{{"A":{{"Type":"Task","Resource":"{arn}","End":true{more}}}}}}}"#
    );
    (arn, definition)
}

fn poll(rig: &Rig, arn: &str) -> tokio::task::JoinHandle<Result<Option<ActivityTask>, Error>> {
    let (engine, arn) = (rig.engine.clone(), arn.to_owned());
    tokio::spawn(async move { engine.get_activity_task(&arn, Some("worker")).await })
}

#[tokio::test]
async fn a_worker_that_waits_gets_the_task_and_keeps_it_by_heartbeats() {
    let rig = Rig::new().await;
    let (arn, definition) = activity(&rig, r#","HeartbeatSeconds":10,"TimeoutSeconds":60"#).await;
    let waiting = poll(&rig, &arn);
    let execution = rig.start(&definition).await;
    let task = waiting.await.unwrap().unwrap().expect("there is a task");
    assert_eq!(&*task.input, r#"{"n":1}"#);
    for _ in 0..3 {
        rig.hand.advance(Duration::from_millis(9_999));
        rig.engine.send_task_heartbeat(&task.token).await.unwrap();
    }
    rig.engine.send_task_success(&task.token, "42").await.unwrap();
    let ended = rig.engine.closed(&execution).await.unwrap();
    assert_eq!((ended.status, ended.output.as_deref()), (RunStatus::Succeeded, Some("42")));
    let history = rig.history(&execution).await;
    let expected = [
        "ExecutionStarted",
        "TaskStateEntered",
        "ActivityScheduled",
        "ActivityStarted",
        "ActivitySucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ];
    assert_eq!(types(&history), expected, "heartbeats are not shown");
    assert_eq!(history[3]["activityStartedEventDetails"]["workerName"], "worker");
}

#[tokio::test]
async fn a_worker_that_falls_silent_loses_the_task() {
    let rig = Rig::new().await;
    let (arn, definition) = activity(&rig, r#","HeartbeatSeconds":10,"TimeoutSeconds":60"#).await;
    let execution = rig.start(&definition).await;
    let task = poll(&rig, &arn).await.unwrap().unwrap().expect("there is a task");
    rig.hand.advance(Duration::from_millis(9_999));
    rig.look().await;
    rig.hand.advance(Duration::from_millis(1));
    let ended = rig.engine.closed(&execution).await.unwrap();
    assert_eq!(ended.stopped, Some(NOON + 10_000));
    let late = rig.engine.send_task_success(&task.token, "42").await;
    assert!(matches!(late, Err(Error::Refused(Refused::TaskTimedOut))), "{late:?}");
    let late = rig.engine.send_task_heartbeat(&task.token).await;
    assert!(matches!(late, Err(Error::Refused(Refused::TaskTimedOut))), "{late:?}");
}

#[tokio::test]
async fn a_worker_is_told_which_try_of_it_a_task_is() {
    let rig = Rig::new().await;
    let retry = r#","Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":1}]"#;
    let (arn, definition) = activity(&rig, retry).await;
    let execution = rig.start(&definition).await;
    let first = poll(&rig, &arn).await.unwrap().unwrap().expect("there is a task");
    rig.engine.send_task_failure(&first.token, Some("Once"), None).await.unwrap();
    let again = poll(&rig, &arn);
    let second = rig.while_time_passes(again).await.unwrap().unwrap().expect("it is tried again");
    assert_eq!((first.attempt, second.attempt), (1, 2));
    rig.engine.send_task_success(&second.token, "1").await.unwrap();
    assert_eq!(rig.engine.closed(&execution).await.unwrap().status, RunStatus::Succeeded);
}

#[tokio::test]
async fn a_poll_without_a_task_ends_after_a_minute() {
    let rig = Rig::new().await;
    let (arn, _) = activity(&rig, "").await;
    let waiting = poll(&rig, &arn);
    tokio::task::yield_now().await;
    rig.look().await;
    rig.hand.advance(Duration::from_millis(59_999));
    rig.look().await;
    assert!(!waiting.is_finished());
    rig.hand.advance(Duration::from_millis(1));
    assert_eq!(waiting.await.unwrap().unwrap(), None);
}

#[tokio::test]
async fn one_task_goes_to_one_of_many_workers() {
    let rig = Rig::new().await;
    let (arn, definition) = activity(&rig, "").await;
    let waiting: Vec<_> = (0..8).map(|_| poll(&rig, &arn)).collect();
    rig.start(&definition).await;
    rig.while_time_passes(async {
        let mut got = 0;
        for worker in waiting {
            got += usize::from(worker.await.unwrap().unwrap().is_some());
        }
        assert_eq!(got, 1);
    })
    .await;
}

#[tokio::test]
async fn a_hand_over_that_is_not_durable_did_not_happen() {
    let rig = Rig::new().await;
    let (arn, definition) = activity(&rig, "").await;
    let execution = rig.start(&definition).await;
    rig.journal.fail(1, 1);
    assert!(matches!(poll(&rig, &arn).await.unwrap(), Err(Error::Journal(_))));
    let again = poll(&rig, &arn);
    let task = rig.while_time_passes(again).await.unwrap().unwrap().expect("it is offered again");
    rig.engine.send_task_success(&task.token, "1").await.unwrap();
    assert_eq!(rig.engine.closed(&execution).await.unwrap().status, RunStatus::Succeeded);
}

#[tokio::test]
async fn an_activity_that_is_not_there_is_said_so() {
    let rig = Rig::new().await;
    let missing = rig.engine.place().activity("missing");
    assert!(matches!(rig.engine.get_activity_task(&missing, None).await, Err(Error::NoActivity(_))));
}
