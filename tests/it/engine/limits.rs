//! The limits of an execution: the length of a step and of a history, the size of what is stored, and what a damaged
//! history does.

use crate::engine::world::{START, World, facts};
use serde_json::json;
use std::sync::Arc;
use workflow::history::{Damaged, Detail, decode, encode};
use workflow::{Definition, Execution, Input, Pending, Refused, Status, TaskKey};

fn world(definition: &serde_json::Value) -> World {
    World::new(Arc::new(Definition::reread(&definition.to_string()).expect("the document can be read")), 7)
}

#[test]
fn an_endless_loop_stalls_nobody_and_ends_at_the_last_event() {
    let mut world = world(&json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}));
    let mut steps = vec![world.give(Input::Start { input: "{}".into() }).unwrap().unwrap()];
    while world.execution.must_continue() {
        assert!(world.execution.pending().any(|pending| pending == Pending::Continue));
        steps.push(world.give(Input::Continue).unwrap().unwrap());
    }
    assert!(steps.len() > 90 && steps.iter().all(|&events| events <= 256), "{steps:?}");
    let history = world.history().unwrap();
    assert_eq!(history.len(), 25_000);
    assert_eq!(history[24_999]["type"], "ExecutionFailed");
    assert_eq!(
        history[24_999]["executionFailedEventDetails"],
        json!({"error": "States.Runtime", "cause": "The execution reached the maximum number of history events (25000)."})
    );
    assert_eq!(world.execution.status(), Status::Failed);
}

#[test]
fn a_step_stops_at_its_bytes_too() {
    let large = "x".repeat(200_000);
    let mut states = serde_json::Map::new();
    for index in 0..12 {
        // Each makes a text of its own, so that each is stored.
        states.insert(
            format!("S{index}"),
            json!({"Type": "Pass", "Parameters": {"at": index, "text.$": "$.text"}, "Next": format!("S{}", index + 1)}),
        );
    }
    states.insert("S12".to_owned(), json!({"Type": "Succeed"}));
    let mut world = world(&json!({"StartAt": "S0", "States": states}));
    world.give(Input::Start { input: json!({"text": large}).to_string().into() }).unwrap().unwrap();
    while world.execution.must_continue() {
        world.give(Input::Continue).unwrap().unwrap();
    }
    assert!(world.rows.len() > 3 && world.rows.iter().all(|row| row.len() <= 1 << 20));
    assert_eq!(world.execution.status(), Status::Succeeded);
}

#[test]
fn an_output_over_the_limit_fails_its_state() {
    let mut world = world(&json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Parameters": {"a.$": "$.t", "b.$": "$.t"}, "End": true}}}));
    world
        .give(Input::Start { input: json!({"t": "x".repeat(140_000)}).to_string().into() })
        .unwrap()
        .unwrap();
    assert_eq!(world.execution.failure().unwrap().error.as_deref(), Some("States.DataLimitExceeded"));
}

fn give(world: &mut World, input: Input) {
    world.give(input).expect("the append is right").expect("the input is taken");
}

/// Ten tasks in a row, each with a small result put beside the others.
fn ten_steps() -> World {
    let mut states = serde_json::Map::new();
    for index in 1..=10 {
        let mut state = json!({"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work", "TimeoutSeconds": 60});
        if index < 10 {
            state["Next"] = json!(format!("Step{}", index + 1));
        } else {
            state["End"] = json!(true);
        }
        states.insert(format!("Step{index}"), state);
    }
    let mut world = world(&json!({"StartAt": "Step1", "States": states}));
    give(&mut world, Input::Start { input: json!({"order": 4711, "customer": "Ada"}).to_string().into() });
    for step in 1..=10 {
        let key = running(&world.execution)[0];
        world.now += 5;
        let output = json!({"step": step, "result": "done"}).to_string();
        give(&mut world, Input::TaskSucceeded { key, output: output.into() });
    }
    assert_eq!(world.execution.status(), Status::Succeeded);
    world
}

fn running(execution: &Execution) -> Vec<TaskKey> {
    let key = |pending| match pending {
        Pending::RunTask { key, .. } => Some(key),
        _ => None,
    };
    execution.pending().filter_map(key).collect()
}

#[test]
fn ten_steps_take_little_room() {
    let world = ten_steps();
    let bytes: usize = world.rows.iter().map(Vec::len).sum();
    println!("ten steps take {bytes} bytes in {} rows", world.rows.len());
    assert!(bytes < 1000, "{bytes} bytes");
}

#[test]
fn the_first_result_wins_and_the_rest_are_told_so() {
    let mut world = world(&json!({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:a", "Next": "B"},
        "B": {"Type": "Wait", "Seconds": 5, "End": true}}}));
    assert_eq!(world.give(Input::Time).unwrap(), Err(Refused::NotStarted));
    world.give(Input::Start { input: "{}".into() }).unwrap().unwrap();
    assert_eq!(world.give(Input::Start { input: "{}".into() }).unwrap(), Err(Refused::AlreadyStarted));
    let Some(Pending::Activity { key, token, .. }) = world.execution.pending().next() else {
        panic!("an activity waits")
    };
    assert_eq!(world.execution.key_of(token), Some(key));
    let good = |key| Input::TaskSucceeded { key, output: "1".into() };
    assert_eq!(
        world.give(good(TaskKey { attempt: key.attempt + 1, ..key })).unwrap(),
        Err(Refused::TaskTimedOut)
    );
    assert_eq!(world.give(good(TaskKey { entered: 900, ..key })).unwrap(), Err(Refused::TaskDoesNotExist));
    assert_eq!(world.give(Input::TaskSucceeded { key, output: "{".into() }).unwrap(), Err(Refused::NotJson));
    world.give(Input::TaskStarted { key, worker: None }).unwrap().unwrap();
    assert_eq!(world.give(Input::TaskStarted { key, worker: None }).unwrap(), Err(Refused::TaskTimedOut));
    world.give(good(key)).unwrap().unwrap();
    assert_eq!(world.give(good(key)).unwrap(), Err(Refused::TaskTimedOut));
    assert_eq!(world.give(Input::Heartbeat { key }).unwrap(), Err(Refused::TaskTimedOut));
    assert_eq!(world.execution.key_of(token), None);
    assert_eq!(world.execution.next_due(), Some(START + 5000));
    assert_eq!(world.give(Input::Time).unwrap(), Ok(0), "nothing is due yet");
    world.now += 5000;
    world.give(Input::Time).unwrap().unwrap();
    assert_eq!(world.give(good(key)).unwrap(), Err(Refused::Closed));
}

#[test]
fn a_damaged_history_is_refused() {
    let world = ten_steps();
    let rows: Vec<Vec<workflow::Event>> = world.rows.iter().map(|row| decode(row).unwrap()).collect();
    let folds = |rows: &[Vec<workflow::Event>]| {
        let mut execution = Execution::new(facts());
        rows.iter().flatten().try_for_each(|event| execution.apply(event)).map(|()| execution)
    };
    assert!(folds(&rows).is_ok());
    for lost in 0..rows.len() - 1 {
        let mut damaged = rows.clone();
        damaged.remove(lost);
        assert!(folds(&damaged).is_err(), "row {lost} is lost");
        let mut damaged = rows.clone();
        damaged.swap(lost, lost + 1);
        assert!(folds(&damaged).is_err(), "row {lost} is out of place");
    }
    let mut doubled = rows.clone();
    doubled.push(rows[0].clone());
    assert!(folds(&doubled).is_err());
    let mut foreign = rows;
    if let Detail::StateEntered { state, .. } = &mut foreign[0][1].detail {
        state.0 += 1;
    }
    assert!(folds(&foreign).is_err(), "the state is another");
    let illegal = folds(&foreign).unwrap_err();
    assert_eq!(illegal.length, 1);
}

#[test]
fn a_damaged_row_is_refused() {
    let row = &ten_steps().rows[1];
    let events = decode(row).unwrap();
    assert_eq!(decode(&[9, 9, 1]), Err(Damaged::Format(0x0909)));
    for length in 0..row.len() {
        assert!(decode(&row[..length]).is_err(), "cut at {length}");
    }
    let mut long = row.clone();
    long.push(0);
    assert_eq!(decode(&long), Err(Damaged::Tail(1)));
    let mut again = vec![1, 2];
    encode(&events, &mut again);
    assert_eq!(&again[2..], row, "a row is appended to what is there");
}

#[test]
fn a_row_may_hold_several_steps() {
    let world = ten_steps();
    let events: Vec<workflow::Event> = world.rows.iter().flat_map(|row| decode(row).unwrap()).collect();
    let mut row = Vec::new();
    encode(&events, &mut row);
    assert_eq!(decode(&row).unwrap(), events);
    assert!(row.len() < world.rows.iter().map(Vec::len).sum());
}

#[test]
fn data_that_nests_ever_deeper_is_stopped_before_it_cannot_be_read() {
    let mut world = world(
        &json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"a.$": "$"}, "Next": "A"}}}),
    );
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    assert_eq!(world.give(Input::Start { input: deep.into() }).unwrap(), Err(Refused::NotJson));
    give(&mut world, Input::Start { input: "{}".into() });
    while world.execution.must_continue() {
        give(&mut world, Input::Continue);
    }
    let failure = world.execution.failure().unwrap();
    assert_eq!(failure.error.as_deref(), Some("States.Runtime"));
    assert!(
        failure.cause.as_deref().unwrap().ends_with("The output nests deeper than 100 levels."),
        "{failure:?}"
    );
}

#[test]
fn only_what_dies_with_the_process_is_given_out_again() {
    let task = |resource: &str| {
        json!({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": resource,
        "Parameters": {"QueueUrl": "q", "MessageBody": "m"}, "TimeoutSeconds": 60, "End": true}}})
    };
    for (resource, due) in [
        ("arn:aws:lambda:us-east-1:123456789012:function:f", Some(START + 70_000)),
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", Some(START + 60_000)),
    ] {
        let mut world = world(&task(resource));
        give(&mut world, Input::Start { input: "{}".into() });
        let key = running(&world.execution)[0];
        world.now += 10_000;
        give(&mut world, Input::Redispatched { key });
        assert_eq!(world.execution.next_due(), due, "{resource}");
        assert!(matches!(world.execution.pending_task(key), Some(Pending::RunTask { dispatches: 2, .. })));
    }
    let mut world = world(&task("arn:aws:states:us-east-1:123456789012:activity:a"));
    give(&mut world, Input::Start { input: "{}".into() });
    let Some(Pending::Activity { key, .. }) = world.execution.pending().next() else {
        panic!("an activity waits")
    };
    assert_eq!(world.give(Input::Redispatched { key }).unwrap(), Err(Refused::TaskTimedOut));
}

#[test]
fn a_task_is_taken_back_once_for_each_time_it_was_given_out() {
    let mut world = world(
        &json!({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": true}}}),
    );
    give(&mut world, Input::Start { input: "{}".into() });
    let key = running(&world.execution)[0];
    give(&mut world, Input::Withdrawn { key });
    assert_eq!(world.give(Input::Withdrawn { key }).unwrap(), Err(Refused::TaskTimedOut));
    give(&mut world, Input::Redispatched { key });
    assert!(matches!(world.execution.pending_task(key), Some(Pending::RunTask { dispatches: 1, .. })));
}

#[test]
fn a_long_cause_is_cut() {
    let mut world = world(
        &json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"x.$": "$.none"}, "End": true}}}),
    );
    give(&mut world, Input::Start { input: json!({"long": "ü".repeat(60_000)}).to_string().into() });
    let cause = world.execution.failure().and_then(|failure| failure.cause.clone()).unwrap();
    assert!(cause.chars().count() == 32 * 1024 && cause.contains("'x.$' could not be found"));
}

#[test]
fn words_of_a_failure_are_as_long_as_the_api_takes_them() {
    let mut world = world(
        &json!({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": true}}}),
    );
    give(&mut world, Input::Start { input: "{}".into() });
    let key = running(&world.execution)[0];
    let long = |characters| Some("ü".repeat(characters).into());
    give(&mut world, Input::TaskFailed { key, error: long(257), cause: long(32 * 1024) });
    let failure = world.execution.failure().cloned().unwrap();
    assert_eq!((failure.error, failure.cause), (long(256), long(32 * 1024)));
}
