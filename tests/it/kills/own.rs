//! Cases of the project: every type of state, with tasks that mocks answer, so that each runs as it stands on any machine.

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use super::case::Case;
use super::survives;

/// The tasks of the cases, by the name of their state.
fn mocks() -> Value {
    json!({
        "StateMachines": {"machine": {"TestCases": {"Mocked": {
            "Works": "Works", "Flickers": "Fails twice", "Breaks": "Fails"
        }}}},
        "MockedResponses": {
            "Works": {"0-99": {"Return": {"n": 1}}},
            "Fails twice": {"0-1": {"Throw": {"Error": "Flicker", "Cause": "c"}}, "2-99": {"Return": {"n": 2}}},
            "Fails": {"0-99": {"Throw": {"Error": "Broken", "Cause": "c"}}}
        }
    })
}

fn task() -> Value {
    json!({"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "End": true})
}

fn with(mut state: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().into_iter().flatten() {
        state[name] = value.clone();
    }
    state
}

fn machine(start: &str, states: Value) -> Value {
    json!({"StartAt": start, "States": states})
}

fn cases() -> Vec<(&'static str, Value)> {
    let then = |next: &str| json!({"End": null, "Next": next});
    let plain = |state: Value| {
        let fields = state.as_object().cloned().unwrap_or_default();
        Value::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect())
    };
    let retry = json!([{"ErrorEquals": ["Flicker"], "IntervalSeconds": 1, "BackoffRate": 1.0}]);
    let catch = json!([{"ErrorEquals": ["States.ALL"], "Next": "After", "ResultPath": "$.caught"}]);
    vec![
        (
            "a chain of tasks",
            machine(
                "Works",
                json!({
                    "Works": plain(with(task(), then("Wait"))),
                    "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Choose"},
                    "Choose": {"Type": "Choice", "Default": "Lost",
                        "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "Done"}]},
                    "Lost": {"Type": "Fail", "Error": "Lost"},
                    "Done": {"Type": "Succeed"}
                }),
            ),
        ),
        ("retries", machine("Flickers", json!({"Flickers": with(task(), json!({"Retry": retry}))}))),
        (
            "a caught failure",
            machine(
                "Breaks",
                json!({
                    "Breaks": with(task(), json!({"Catch": catch})),
                    "After": {"Type": "Pass", "End": true}
                }),
            ),
        ),
        ("a failure", machine("Breaks", json!({"Breaks": task()}))),
        (
            "branches",
            machine(
                "Both",
                json!({"Both": {"Type": "Parallel", "End": true, "Branches": [
                    machine("Works", json!({"Works": task()})),
                    machine("Flickers", json!({"Flickers": with(task(), json!({"Retry": retry}))})),
                    machine("Rest", json!({"Rest": {"Type": "Wait", "Seconds": 1, "End": true}}))
                ]}}),
            ),
        ),
        (
            "iterations and variables",
            machine(
                "Each",
                json!({"Each": {
                    "Type": "Map", "MaxConcurrency": 1, "ItemsPath": "$.items", "End": true,
                    "Assign": {"count.$": "States.ArrayLength($)"},
                    "ItemProcessor": machine("Works", json!({"Works": with(task(), json!({
                        "Assign": {"seen.$": "$.n"}, "ResultPath": "$.r"}))}))
                }}),
            ),
        ),
        ("a map run", a_map_run()),
        ("queries", queries()),
    ]
}

fn a_map_run() -> Value {
    let mut processor = machine("Works", json!({"Works": task()}));
    processor["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    machine(
        "Each",
        json!({"Each": {
            "Type": "Map", "MaxConcurrency": 2, "ItemsPath": "$.items", "End": true,
            "ToleratedFailureCount": 1, "ItemBatcher": {"MaxItemsPerBatch": 1},
            "ItemProcessor": processor
        }}),
    )
}

fn queries() -> Value {
    json!({"QueryLanguage": "JSONata", "StartAt": "Works", "States": {
        "Works": {
            "Type": "Task", "Resource": task()["Resource"], "Next": "Say",
            "Assign": {"id": "{% $uuid() %}", "n": "{% $states.result.n %}"}
        },
        "Say": {"Type": "Pass", "End": true, "Output": {"same": "{% $length($id) %}", "n": "{% $n + 1 %}"}}
    }})
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_ends_as_if_nobody_had_died() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("mocks.json");
    std::fs::write(&file, mocks().to_string())?;
    let flags = vec!["--mock-config".to_owned(), file.display().to_string()];
    let cases = cases().into_iter().map(|(name, definition)| Case {
        name: name.to_owned(),
        definition: definition.to_string(),
        input: r#"{"n":1,"items":[{"a":1},{"a":2}]}"#.to_owned(),
        mocked_as: Some("Mocked"),
        flags: flags.clone(),
    });
    // Most of them wait for a second somewhere: together they take no longer than one.
    let runs = stream::iter(cases)
        .map(|case| async move {
            let case = &case;
            survives(async || Ok(case)).await.with_context(|| case.name.clone())
        })
        .buffer_unordered(4);
    let deaths: u32 = runs.try_fold(0, |sum, deaths| async move { Ok(sum + deaths) }).await?;
    println!("{deaths} deaths");
    Ok(())
}
