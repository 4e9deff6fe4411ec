//! Nothing is answered, shown or begun before it is durable; and a failed commit leaves nothing behind.

use workflow::driver::{Config, Error};
use workflow::journal::RunStatus;

use crate::rig::{Journal, NOON, Rig, chain};

#[tokio::test]
async fn nothing_is_answered_shown_or_begun_before_it_is_durable() {
    nothing_is_early("echo").await;
}

#[tokio::test]
async fn nor_what_is_answered_at_once() {
    nothing_is_early("once").await;
}

async fn nothing_is_early(function: &str) {
    let rig = Rig::new().await;
    let machine = rig.machine(&chain(&[function])).await;
    rig.journal.shut();
    let engine = rig.engine.clone();
    let start = tokio::spawn(async move { engine.start_execution(&machine, Some("run"), "{}").await });
    rig.journal.faults.arrived.notified().await;
    rig.look().await; // the loop has had every chance to answer
    assert!(!start.is_finished());
    let arn = rig.engine.place().execution("machine", "run");
    assert!(matches!(rig.engine.describe_execution(&arn).await, Err(Error::NoExecution(_))));
    assert_eq!(rig.script.called(function), 0);

    rig.journal.reopen();
    assert_eq!(start.await.unwrap().unwrap().arn, arn);
    assert_eq!(rig.engine.closed(&arn).await.unwrap().status, RunStatus::Succeeded);
    assert_eq!(rig.script.called(function), 1);
}

#[tokio::test]
async fn a_refused_start_leaves_nothing_and_its_name_is_free() {
    let rig = Rig::new().await;
    let machine = rig.machine(&chain(&["echo"])).await;
    rig.journal.fail(1, 1);
    let refused = rig.engine.start_execution(&machine, Some("run"), "{}").await;
    assert!(matches!(refused, Err(Error::Journal(_))), "{refused:?}");
    let started = rig.engine.start_execution(&machine, Some("run"), "{}").await.unwrap();
    assert!(!started.existed);
    assert_eq!(rig.engine.closed(&started.arn).await.unwrap().status, RunStatus::Succeeded);
}

#[tokio::test]
async fn whichever_commit_fails_the_end_is_the_same_and_no_result_is_lost() {
    no_result_is_lost(["echo1", "echo2", "echo3"]).await;
}

#[tokio::test]
async fn nor_is_one_that_was_there_at_once() {
    no_result_is_lost(["once1", "once2", "once3"]).await;
}

async fn no_result_is_lost(functions: [&str; 3]) {
    let definition = chain(&functions);
    let calm = Rig::new().await;
    let arn = calm.start(&definition).await;
    calm.engine.closed(&arn).await.unwrap();
    let (expected, commits) = (calm.history(&arn).await, calm.journal.appends());
    assert!(commits >= 4, "a commit for the start and one for each result, not {commits}");

    for nth in 1..commits {
        for count in [1, 3] {
            let rig = Rig::new().await;
            let machine = rig.machine(&definition).await;
            rig.journal.fail(nth + 1, count);
            let started = rig.engine.start_execution(&machine, Some("run"), r#"{"n":1}"#).await.unwrap();
            let ended = rig.while_time_passes(rig.engine.closed(&started.arn)).await.unwrap();
            assert_eq!(ended.status, RunStatus::Succeeded, "commit {nth} failed {count} times");
            assert_eq!(rig.history(&started.arn).await, expected, "commit {nth} failed {count} times");
            for function in functions {
                assert_eq!(rig.script.called(function), 1, "commit {nth} failed {count} times: {function}");
            }
        }
    }
}

#[tokio::test]
async fn who_asked_for_what_a_failed_commit_held_is_refused() {
    let rig = Rig::new().await;
    let arn = rig.start(&chain(&["hang"])).await;
    rig.script.next().await;
    rig.journal.fail(1, 1);
    let stopped = rig.engine.stop_execution(&arn, None, None).await;
    assert!(matches!(stopped, Err(Error::Journal(_))), "{stopped:?}");
    assert_eq!(rig.engine.describe_execution(&arn).await.unwrap().status, RunStatus::Running);
    rig.engine.stop_execution(&arn, None, None).await.unwrap();
    assert_eq!(rig.engine.describe_execution(&arn).await.unwrap().status, RunStatus::Aborted);
}

#[tokio::test]
async fn a_full_queue_refuses_starts_and_nothing_else_is_lost() {
    let config = Config { queue: 4, ..Config::default() };
    let rig = Rig::on(Journal::new(), NOON, config).await;
    let machine = rig.machine(&chain(&["echo"])).await;
    rig.journal.shut();
    let starts: Vec<_> = (0..3000)
        .map(|_| {
            let (engine, machine) = (rig.engine.clone(), machine.clone());
            tokio::spawn(async move { engine.start_execution(&machine, None, "{}").await })
        })
        .collect();
    while !starts.iter().any(tokio::task::JoinHandle::is_finished) {
        tokio::task::yield_now().await;
    }
    rig.journal.reopen();
    let (mut started, mut refused) = (0, 0);
    for start in starts {
        match start.await.unwrap() {
            Ok(started_now) => {
                let ended = rig.engine.closed(&started_now.arn).await.unwrap();
                assert_eq!(ended.status, RunStatus::Succeeded);
                started += 1;
            }
            Err(Error::Busy) => refused += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(started > 0 && refused > 0, "{started} started, {refused} refused");
    assert!(rig.engine.start_execution(&machine, None, "{}").await.is_ok());
}

#[tokio::test]
async fn the_same_start_again_is_the_same_execution_and_another_one_is_refused() {
    let rig = Rig::new().await;
    let machine = rig.machine(&chain(&["hang"])).await;
    let start = |input: &'static str| rig.engine.start_execution(&machine, Some("run"), input);
    let (one, two) = tokio::join!(start("{}"), start("{}"));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.arn, two.arn);
    assert_eq!([one.existed, two.existed].iter().filter(|existed| **existed).count(), 1);
    assert!(matches!(start("[]").await, Err(Error::ExecutionExists(_))), "another input");
    rig.engine.stop_execution(&one.arn, None, None).await.unwrap();
    assert!(matches!(start("{}").await, Err(Error::ExecutionExists(_))), "it has ended");
}
