//! Timers go off neither early nor late, whatever the clock does.

use std::time::Duration;

use workflow::journal::RunStatus;

use crate::rig::{NOON, Rig};

fn wait(seconds: u32) -> String {
    format!(r#"{{"StartAt":"W","States":{{"W":{{"Type":"Wait","Seconds":{seconds},"End":true}}}}}}"#)
}

#[tokio::test]
async fn a_wait_ends_at_its_instant() {
    let rig = Rig::new().await;
    let arn = rig.start(&wait(100)).await;
    rig.hand.advance(Duration::from_millis(99_999));
    rig.look().await;
    rig.hand.advance(Duration::from_millis(1));
    let ended = rig.engine.closed(&arn).await.unwrap();
    assert_eq!(ended.stopped, Some(NOON + 100_000), "had it gone off early, it would have ended early");
    assert_eq!(rig.timed_history(&arn).await.last().unwrap()["timestamp"], 1_700_000_100.0);
}

/// What is kept is an instant. (That a clock which is set while the engine runs moves nothing is `ticks`' own test.)
#[tokio::test]
async fn after_a_restart_the_clock_that_there_is_says_what_is_left() {
    let rig = Rig::new().await;
    let arn = rig.start(&wait(100)).await;
    let rig = rig.restart(NOON - 86_400_000).await;
    rig.look().await;
    assert_eq!(rig.engine.describe_execution(&arn).await.unwrap().status, RunStatus::Running);
    let rig = rig.restart(NOON + 86_400_000).await;
    assert_eq!(rig.engine.closed(&arn).await.unwrap().status, RunStatus::Succeeded);
    let events = rig.timed_history(&arn).await;
    assert_eq!(events.last().unwrap()["id"], events.len(), "their order is that of their ids");
}

#[tokio::test]
async fn thousands_of_waits_that_left_memory_end_each_in_its_time() {
    let rig = Rig::new().await;
    let definition = r#"{"StartAt":"W","States":{"W":{"Type":"Wait","SecondsPath":"$.s","End":true}}}"#;
    let machine = rig.machine(definition).await;
    let mut arns = Vec::new();
    for second in 0..3000_i64 {
        let input = format!(r#"{{"s":{}}}"#, 1000 + second % 7);
        arns.push((second % 7, rig.engine.start_execution(&machine, None, &input).await.unwrap().arn));
    }
    rig.hand.advance(Duration::from_secs(999));
    for second in 0..7 {
        rig.hand.advance(Duration::from_secs(1));
        for (_, arn) in arns.iter().filter(|(due, _)| *due == second) {
            let ended = rig.engine.closed(arn).await.unwrap();
            assert_eq!(ended.stopped, Some(NOON + (1000 + second) * 1000));
        }
    }
}

const DAY: i64 = 86_400_000;

#[tokio::test]
async fn a_standard_execution_has_a_year_with_its_redrives() {
    let rig = Rig::new().await;
    let arn = rig.start(&wait(400 * 24 * 60 * 60)).await;
    rig.hand.advance(Duration::from_secs(10 * 24 * 60 * 60));
    rig.engine.stop_execution(&arn, None, None).await.unwrap();
    rig.engine.redrive_execution(&arn, None).await.unwrap();
    let rig = rig.restart(NOON + 365 * DAY - 1).await;
    rig.look().await;
    assert_eq!(rig.engine.describe_execution(&arn).await.unwrap().status, RunStatus::Running);
    rig.hand.advance(Duration::from_millis(1));
    let ended = rig.engine.closed(&arn).await.unwrap();
    assert_eq!((ended.status, ended.stopped), (RunStatus::TimedOut, Some(NOON + 365 * DAY)));
}
