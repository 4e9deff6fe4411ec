//! Whatever comes in, the core answers; it never panics.

use crate::engine::world::World;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use workflow::history::decode;
use workflow::{Definition, Execution, Input, TaskKey};

/// JSON made of the language's own words, so that much of it is nearly a definition.
fn document() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "StartAt",
        "States",
        "Type",
        "Pass",
        "Task",
        "Choice",
        "Wait",
        "Parallel",
        "Map",
        "Fail",
        "Succeed",
        "A",
        "B",
        "Next",
        "End",
        "Retry",
        "Catch",
        "ErrorEquals",
        "States.ALL",
        "Branches",
        "ItemProcessor",
        "ItemsPath",
        "Choices",
        "Variable",
        "IsPresent",
        "Seconds",
        "SecondsPath",
        "Parameters",
        "x.$",
        "$.a",
        "$$.State",
        "$",
        "Resource",
        "ResultPath",
        "InputPath",
        "Default",
        "arn:aws:lambda:r:1:function:f",
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "States.Format('{}', $.a)",
        "TimeoutSeconds",
        "Not",
    ]);
    let leaf = prop_oneof![
        word.clone().prop_map(|word| json!(word)),
        any::<i32>().prop_map(|number| json!(number)),
        any::<bool>().prop_map(|flag| json!(flag)),
        Just(Value::Null),
        ".{0,8}".prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((word.clone(), inner), 0..6).prop_map(|fields| Value::Object(
                fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>()
            )),
        ]
    })
}

/// A definition that is right but for one field of one state.
fn nearly() -> impl Strategy<Value = Value> {
    let field = prop::sample::select(vec![
        "InputPath",
        "OutputPath",
        "ResultPath",
        "Parameters",
        "ResultSelector",
        "Seconds",
        "Resource",
        "Retry",
        "Catch",
        "Branches",
        "Choices",
        "ItemsPath",
        "ItemSelector",
        "TimeoutSecondsPath",
        "HeartbeatSeconds",
        "MaxConcurrencyPath",
        "Error",
        "CausePath",
    ]);
    (0_usize..7, field, document()).prop_map(|(at, field, value)| {
        let level = json!({"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}});
        let mut document = json!({"StartAt": "S0", "States": {
            "S0": {"Type": "Pass", "Next": "S1"},
            "S1": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": true, "Next": "S2"}], "Default": "S2"},
            "S2": {"Type": "Parallel", "Branches": [{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}], "Next": "S3"},
            "S3": {"Type": "Map", "ItemsPath": "$", "ItemProcessor": level, "Next": "S4"},
            "S4": {"Type": "Wait", "Seconds": 0, "Next": "S5"},
            "S5": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:f", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "S6"}], "Next": "S6"},
            "S6": {"Type": "Fail"},
        }});
        document["States"][format!("S{at}")][field] = value;
        document
    })
}

fn run(definition: Definition, input: &Value, keys: &[(u32, u32, u32)]) {
    let mut world = World::new(Arc::new(definition), 3);
    let _ = world.give(Input::Start { input: input.to_string().into() }).expect("the append is right");
    for (index, &(frame, entered, attempt)) in keys.iter().enumerate() {
        let key = TaskKey { frame, entered, attempt };
        let input = match index % 7 {
            0 => Input::TaskSucceeded { key, output: input.to_string().into() },
            1 => Input::Continue,
            2 => Input::Time,
            3 => Input::TaskFailed { key, error: None, cause: None },
            4 => Input::Redispatched { key },
            5 => Input::Withdrawn { key },
            _ => Input::Heartbeat { key },
        };
        world.now += 1000;
        let _ = world.give(input).expect("the append is right");
        assert!(world.replayed().expect("the rows fold") == world.execution);
    }
    world.history().expect("the history renders");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_document_panics(document in document()) {
        let _ = Definition::parse(&document.to_string());
    }

    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = Definition::parse(&text);
        let _ = Definition::parse(&json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"a.$": text}, "End": true}}}).to_string());
    }

    #[test]
    fn no_step_panics(document in nearly(), input in document(), keys in prop::collection::vec((0_u32..4, 0_u32..20, 0_u32..3), 0..12)) {
        if let Ok(definition) = Definition::parse(&document.to_string()) {
            run(definition, &input, &keys);
        }
    }

    #[test]
    fn no_row_panics(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let row = [&[1, 0], bytes.as_slice()].concat();
        if let Ok(events) = decode(&row) {
            let mut execution = Execution::new(crate::engine::world::facts());
            for event in events {
                let _ = execution.apply(&event);
            }
        }
    }
}
