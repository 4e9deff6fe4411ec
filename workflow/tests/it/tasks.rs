//! Tasks in the process: the first result wins, a stop drops the future, a panic is a failure like any other.

use workflow::Refused;
use workflow::driver::Error;
use workflow::journal::RunStatus;

use crate::rig::{Hanging, Rig, chain, lambda, types};

#[tokio::test]
async fn stopping_drops_the_future_that_runs() {
    let rig = Rig::new().await;
    let arn = rig.start(&chain(&["hang"])).await;
    assert!(matches!(rig.script.next().await, Hanging::Began { dispatch: 1, .. }));
    rig.engine.stop_execution(&arn, Some("Enough"), Some("said somebody")).await.unwrap();
    assert_eq!(rig.script.next().await, Hanging::Dropped);
    let ended = rig.engine.describe_execution(&arn).await.unwrap();
    let failed = ended.failed.unwrap();
    assert_eq!(ended.status, RunStatus::Aborted);
    assert_eq!((failed.error.as_deref(), failed.cause.as_deref()), (Some("Enough"), Some("said somebody")));
    let again = rig.engine.stop_execution(&arn, None, None).await.unwrap();
    assert_eq!(Some(again), ended.stopped, "stopping what has ended changes nothing");
}

#[tokio::test]
async fn a_timeout_drops_the_future_that_runs() {
    let rig = Rig::new().await;
    let definition = format!(
        r#"{{"StartAt":"T","States":{{"T":{{"Type":"Task","Resource":"{}","TimeoutSeconds":5,"End":true}}}}}}"#,
        lambda("hang")
    );
    let arn = rig.start(&definition).await;
    rig.script.next().await;
    rig.hand.advance(std::time::Duration::from_secs(5));
    assert_eq!(rig.script.next().await, Hanging::Dropped);
    assert_eq!(
        rig.engine.closed(&arn).await.unwrap().failed.unwrap().error.as_deref(),
        Some("States.Timeout")
    );
}

#[tokio::test]
async fn a_panic_fails_the_task_and_the_engine_goes_on() {
    let rig = Rig::new().await;
    let arn = rig.start(&chain(&["panic"])).await;
    let ended = rig.engine.closed(&arn).await.unwrap();
    assert_eq!(ended.status, RunStatus::Failed);
    let cause = ended.failed.unwrap().cause.unwrap();
    assert!(cause.contains("of all things"), "{cause}");
    let machine = rig.engine.place().machine("machine");
    assert!(rig.engine.start_execution(&machine, None, "{}").await.is_ok());
}

/// One alone takes its first step in the engine's loop; of several, each has a thread's turn.
#[tokio::test]
async fn a_panic_of_one_of_several_fails_that_task() {
    let rig = Rig::new().await;
    let branch = |state: &str| {
        let task = format!(r#"{{"Type":"Task","Resource":"{}","End":true}}"#, lambda("panic"));
        format!(r#"{{"StartAt":"{state}","States":{{"{state}":{task}}}}}"#)
    };
    let branches = [branch("A"), branch("B")].join(",");
    let definition = format!(
        r#"{{"StartAt":"P","States":{{"P":{{"Type":"Parallel","Branches":[{branches}],"End":true}}}}}}"#
    );
    let arn = rig.start(&definition).await;
    let cause = rig.engine.closed(&arn).await.unwrap().failed.unwrap().cause.unwrap();
    assert!(cause.contains("of all things"), "{cause}");
}

#[tokio::test]
async fn the_tasks_own_error_and_output_arrive() {
    let rig = Rig::new().await;
    let machine = rig.machine(&chain(&["echo", "fail"])).await;
    let arn = rig.engine.start_execution(&machine, None, r#"{"n":1}"#).await.unwrap().arn;
    let ended = rig.engine.closed(&arn).await.unwrap();
    let failed = ended.failed.unwrap();
    assert_eq!((failed.error.as_deref(), failed.cause.as_deref()), (Some("Oops"), Some("it had to be")));
    let history = rig.history(&arn).await;
    assert_eq!(history.last().unwrap()["type"], "ExecutionFailed");
    let ids: Vec<_> = history.iter().map(|event| event["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>(), "gapless");
}

#[tokio::test]
async fn a_result_that_is_there_at_once_is_one_like_any_other() {
    let mut histories = Vec::new();
    for functions in [["echo", "fail"], ["once", "once-fail"]] {
        let rig = Rig::new().await;
        let arn = rig.start(&chain(&functions)).await;
        let failed = rig.engine.closed(&arn).await.unwrap().failed.unwrap();
        assert_eq!((failed.error.as_deref(), failed.cause.as_deref()), (Some("Oops"), Some("it had to be")));
        assert_eq!(functions.map(|function| rig.script.called(function)), [1, 1]);
        let mut events = rig.history(&arn).await;
        for event in &mut events {
            if let Some(scheduled) = event.get_mut("lambdaFunctionScheduledEventDetails") {
                scheduled["resource"].take(); // by which the two are told apart
            }
        }
        histories.push(events);
    }
    assert_eq!(histories[0], histories[1]);
}

#[tokio::test]
async fn the_first_durable_completion_wins() {
    let rig = Rig::new().await;
    let definition = r#"{"StartAt":"C","States":{"C":{"Type":"Task","End":true,
        "Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters":{"QueueUrl":"q","MessageBody":{"token.$":"$$.Task.Token"}}}}}"#;
    let arn = rig.start(definition).await;
    let Hanging::Began { token: Some(token), .. } = rig.script.next().await else {
        panic!("a token is told")
    };
    let (one, two, three) = tokio::join!(
        rig.engine.send_task_success(&token, "1"),
        rig.engine.send_task_failure(&token, Some("Two"), None),
        rig.engine.send_task_success(&token, "3"),
    );
    let outcomes = [one, two, three];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    let late = |outcome: &&Result<(), Error>| {
        matches!(outcome, Err(Error::Refused(Refused::TaskTimedOut | Refused::Closed)))
    };
    assert_eq!(outcomes.iter().filter(late).count(), 2, "{outcomes:?}");
    let ended = rig.engine.closed(&arn).await.unwrap();
    let winner = outcomes.iter().position(Result::is_ok).unwrap();
    let expected = [(Some("1"), None), (None, Some("Two")), (Some("3"), None)][winner];
    let error = ended.failed.and_then(|failed| failed.error);
    assert_eq!((ended.output.as_deref(), error.as_deref()), expected);
    let results = types(&rig.history(&arn).await)
        .iter()
        .filter(|kind| matches!(**kind, "TaskSucceeded" | "TaskFailed"))
        .count();
    assert_eq!(results, 1);
    assert!(matches!(rig.engine.send_task_success("nonsense", "1").await, Err(Error::InvalidToken)));
    assert!(matches!(rig.engine.send_task_success(&token, "{").await, Err(Error::InvalidOutput(_))));
}

#[tokio::test]
async fn a_sign_of_life_puts_the_heartbeat_off() {
    let rig = Rig::new().await;
    let definition = format!(
        r#"{{"StartAt":"T","States":{{"T":{{"Type":"Task","Resource":"{}","HeartbeatSeconds":10,"TimeoutSeconds":60,"End":true}}}}}}"#,
        lambda("beat")
    );
    let arn = rig.start(&definition).await;
    rig.script.next().await;
    for _ in 0..3 {
        rig.hand.advance(std::time::Duration::from_secs(9));
        rig.script.beat.notify_one();
        assert_eq!(
            rig.script.next().await,
            Hanging::Began { dispatch: 0, token: None },
            "the beat was taken"
        );
    }
    rig.hand.advance(std::time::Duration::from_secs(10));
    assert_eq!(rig.script.next().await, Hanging::Dropped);
    let ended = rig.engine.closed(&arn).await.unwrap();
    assert_eq!(ended.stopped, Some(crate::rig::NOON + 37_000));
}
