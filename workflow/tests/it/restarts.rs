//! An engine that ends anywhere goes on where its journal stands.

use std::time::Duration;

use ledger::rusqlite;
use workflow::driver::{Config, Engine, MachineRequest, Ticks};
use workflow::journal::{RunStatus, SqliteJournal};

use crate::rig::{Hanging, NOON, Rig, Script, chain, types};

#[tokio::test]
async fn cut_off_after_any_commit_it_ends_with_the_same_history() {
    let definition = chain(&["echo1", "echo2", "echo3"]);
    let calm = Rig::new().await;
    let arn = calm.start(&definition).await;
    calm.engine.closed(&arn).await.unwrap();
    let (expected, commits) = (calm.history(&arn).await, calm.journal.appends());

    for nth in 1..commits {
        let rig = Rig::new().await;
        let machine = rig.machine(&definition).await;
        rig.journal.fail(nth + 1, i64::MAX);
        let started = rig.engine.start_execution(&machine, Some("run"), r#"{"n":1}"#).await.unwrap();
        while rig.journal.appends() <= nth {
            tokio::task::yield_now().await;
        }
        assert_eq!(rig.engine.describe_execution(&started.arn).await.unwrap().status, RunStatus::Running);
        let rig = rig.restart(NOON + 5_000).await;
        let ended = rig.engine.closed(&started.arn).await.unwrap();
        assert_eq!(ended.status, RunStatus::Succeeded, "cut off after commit {nth}");
        assert_eq!(rig.history(&started.arn).await, expected, "cut off after commit {nth}");
    }
}

#[tokio::test]
async fn a_task_that_never_comes_back_is_given_out_again_and_at_last_given_up() {
    let mut rig = Rig::new().await;
    let arn = rig.start(&chain(&["hang"])).await;
    let mut dispatches = 0;
    for restart in 1..10 {
        let began = tokio::select! {
            began = rig.script.next() => Some(began),
            _ = rig.engine.closed(&arn) => None,
        };
        let Some(Hanging::Began { dispatch, .. }) = began else { break };
        assert_eq!(dispatch, restart, "each dispatch is counted");
        dispatches = dispatch;
        rig = rig.crash(NOON + i64::from(restart) * 1000).await;
    }
    let ended = rig.engine.describe_execution(&arn).await.unwrap();
    assert_eq!(ended.status, RunStatus::Failed, "given up after {dispatches} dispatches");
    assert!((2..=3).contains(&dispatches), "{dispatches}");
}

#[tokio::test]
async fn restarts_in_order_do_not_count_against_a_task() {
    let mut rig = Rig::new().await;
    let arn = rig.start(&chain(&["hang"])).await;
    for restart in 1..=5 {
        let Hanging::Began { dispatch, .. } = rig.script.next().await else { panic!("it is given out") };
        assert_eq!(dispatch, 1, "after {restart} restarts");
        rig = rig.restart(NOON + restart * 1000).await;
    }
    assert_eq!(rig.engine.describe_execution(&arn).await.unwrap().status, RunStatus::Running);
}

#[tokio::test]
async fn a_wait_goes_on_from_when_it_began() {
    let rig = Rig::new().await;
    let definition = r#"{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":100,"End":true}}}"#;
    let arn = rig.start(definition).await;
    rig.engine.shutdown(Duration::ZERO).await;
    let rig = Rig::on(rig.journal.repaired(), NOON + 99_999, Config::default()).await;
    rig.look().await;
    assert_eq!(rig.engine.describe_execution(&arn).await.unwrap().status, RunStatus::Running);
    rig.hand.advance(Duration::from_millis(1));
    let ended = rig.engine.closed(&arn).await.unwrap();
    assert_eq!((ended.status, ended.stopped), (RunStatus::Succeeded, Some(NOON + 100_000)));
}

#[tokio::test]
async fn an_execution_whose_history_is_damaged_is_parked_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.db");
    let open = async |now| {
        let (ticks, hand) = Ticks::manual(now, 1);
        let journal = SqliteJournal::open(&file).unwrap();
        (Engine::open(journal, Script::new(), ticks, Config::default()).await.unwrap(), hand)
    };
    let (engine, _hand) = open(NOON).await;
    let definition = r#"{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":9,"End":true}}}"#;
    let request = MachineRequest {
        name: "machine".into(),
        definition: definition.into(),
        settings: "{}".into(),
        ..MachineRequest::default()
    };
    let machine = engine.create_state_machine(request).await.unwrap().arn;
    let hit = engine.start_execution(&machine, Some("hit"), "{}").await.unwrap().arn;
    let spared = engine.start_execution(&machine, Some("spared"), "{}").await.unwrap().arn;
    engine.shutdown(Duration::ZERO).await;
    drop(engine);

    let disk = rusqlite::Connection::open(&file).unwrap();
    let flip = "UPDATE events SET body = CAST(substr(body, 1, 9) || x'ff' || substr(body, 11) AS BLOB) WHERE execution = 1";
    assert_eq!(disk.execute(flip, []).unwrap(), 1);
    drop(disk);

    let (engine, hand) = open(NOON + 1).await;
    hand.advance(Duration::from_secs(9));
    assert_eq!(engine.closed(&spared).await.unwrap().status, RunStatus::Succeeded);
    let parked = engine.closed(&hit).await.unwrap();
    assert_eq!(parked.status, RunStatus::Parked);
    let cause = parked.failed.unwrap().cause.unwrap();
    assert!(cause.contains("is not what was written"), "{cause}");
    assert!(engine.start_execution(&machine, Some("another"), "{}").await.is_ok());
}

#[tokio::test]
async fn a_token_outlives_the_engine_that_gave_it() {
    let rig = Rig::new().await;
    let definition = r#"{"StartAt":"C","States":{"C":{"Type":"Task","End":true,
        "Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters":{"QueueUrl":"q","MessageBody":{"token.$":"$$.Task.Token"}}}}}"#;
    let arn = rig.start(definition).await;
    let Hanging::Began { token: Some(token), .. } = rig.script.next().await else {
        panic!("a token is told")
    };
    let submitted = async {
        while !types(&rig.history(&arn).await).contains(&"TaskSubmitted") {
            tokio::task::yield_now().await;
        }
    };
    submitted.await;
    let rig = rig.restart(NOON + 1000).await;
    rig.engine.send_task_success(&token, r#""done""#).await.unwrap();
    let ended = rig.engine.closed(&arn).await.unwrap();
    assert_eq!((ended.status, ended.output.as_deref()), (RunStatus::Succeeded, Some(r#""done""#)));
}
