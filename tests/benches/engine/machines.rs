//! The state machines that are measured.

use serde_json::{Map, Value, json};

pub(crate) const STEPS: usize = 10;

/// The name of the machine whose tasks the mocks answer, and of the test case in which they do.
pub(crate) const MOCKED: &str = "mocked";
pub(crate) const TEST_CASE: &str = "Nothing";

/// Ten calls of a function that does nothing.
pub(crate) fn tasks() -> Value {
    let resource = "arn:aws:lambda:us-east-1:000000000000:function:nothing";
    in_a_row(&json!({ "Type": "Task", "Resource": resource }))
}

/// What a stand-in without functions can run.
pub(crate) fn passes() -> Value {
    in_a_row(&json!({ "Type": "Pass" }))
}

fn in_a_row(state: &Value) -> Value {
    let number = |number: usize| {
        let mut state = state.clone();
        if number < STEPS {
            state["Next"] = format!("S{}", number + 1).into();
        } else {
            state["End"] = true.into();
        }
        (format!("S{number}"), state)
    };
    json!({ "StartAt": "S1", "States": (1..=STEPS).map(number).collect::<Map<_, _>>() })
}

/// A file of mocks in which each of the ten tasks is answered in the engine's own process.
pub(crate) fn mocks() -> Value {
    let case: Map<_, _> = (1..=STEPS).map(|number| (format!("S{number}"), "Nothing".into())).collect();
    json!({
        "StateMachines": { MOCKED: { "TestCases": { TEST_CASE: case } } },
        "MockedResponses": { "Nothing": { "0": { "Return": {} } } },
    })
}

/// The fields of a CreateStateMachine.
pub(crate) fn create(name: &str, kind: &str, definition: &Value, account: &str) -> Value {
    json!({
        "name": name,
        "type": kind,
        "definition": definition.to_string(),
        "roleArn": format!("arn:aws:iam::{account}:role/none"),
    })
}
