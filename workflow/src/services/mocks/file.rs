//! The file of mocks: `StateMachines` → name → `TestCases` → name → state → the name of an entry of `MockedResponses`, whose
//! fields are calls (`"0"`, `"1-2"`) with `Return` or `Throw`.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::{Answer, Mocks, Response, States};
use crate::definition::Problem;

struct Reader {
    problems: Vec<Problem>,
    responses: HashMap<String, Vec<Response>>,
}

pub(super) fn parse(text: &str) -> Result<Mocks, Vec<Problem>> {
    let document: Value = serde_json::from_str(text)
        .map_err(|error| vec![Problem::new("", format!("The file is not JSON: {error}"))])?;
    let mut reader = Reader { problems: Vec::new(), responses: HashMap::new() };
    let Some(fields) = reader.object(&document, "") else { return Err(reader.problems) };
    for name in fields.keys().filter(|name| !matches!(name.as_str(), "StateMachines" | "MockedResponses")) {
        reader.problem(&at("", name), "Only StateMachines and MockedResponses are known here");
    }
    let none = Value::Object(Map::new());
    for (name, value) in reader
        .object(fields.get("MockedResponses").unwrap_or(&none), "/MockedResponses")
        .into_iter()
        .flatten()
    {
        let responses = reader.responses(value, &at("/MockedResponses", name));
        reader.responses.insert(name.clone(), responses);
    }
    let mut mocks = Mocks::default();
    let machines = fields.get("StateMachines").unwrap_or(&none);
    for (name, value) in reader.object(machines, "/StateMachines").into_iter().flatten() {
        let pointer = at("/StateMachines", name);
        let cases = reader.object(value, &pointer).and_then(|machine| machine.get("TestCases"));
        if cases.is_none() {
            reader.problem(&pointer, "A state machine needs TestCases");
        }
        let pointer = at(&pointer, "TestCases");
        let cases = cases.and_then(|cases| reader.object(cases, &pointer)).into_iter().flatten();
        let cases = cases.map(|(case, states)| (case.clone(), reader.states(states, &at(&pointer, case))));
        mocks.machines.insert(name.clone(), cases.collect());
    }
    if reader.problems.is_empty() { Ok(mocks) } else { Err(reader.problems) }
}

impl Reader {
    fn problem(&mut self, pointer: &str, message: impl Into<String>) {
        self.problems.push(Problem::new(pointer, message));
    }

    fn object<'a>(&mut self, value: &'a Value, pointer: &str) -> Option<&'a Map<String, Value>> {
        let fields = value.as_object();
        if fields.is_none() {
            self.problem(if pointer.is_empty() { "/" } else { pointer }, "Expected value of type Object");
        }
        fields
    }

    fn states(&mut self, value: &Value, pointer: &str) -> States {
        let mut states = States::new();
        for (state, response) in self.object(value, pointer).into_iter().flatten() {
            let pointer = at(pointer, state);
            match response.as_str().map(|name| (name, self.responses.get(name).cloned())) {
                Some((_, Some(responses))) => drop(states.insert(state.clone(), responses)),
                Some((name, None)) => self.problem(&pointer, format!("There is no mocked response '{name}'")),
                None => self.problem(&pointer, "Expected the name of a mocked response"),
            }
        }
        states
    }

    fn responses(&mut self, value: &Value, pointer: &str) -> Vec<Response> {
        let mut responses: Vec<Response> = Vec::new();
        for (calls, response) in self.object(value, pointer).into_iter().flatten() {
            let pointer = at(pointer, calls);
            let Some(range) = range(calls) else {
                self.problem(
                    &pointer,
                    "Expected the number of a call, such as \"0\", or of several, such as \"1-2\"",
                );
                continue;
            };
            if responses
                .iter()
                .any(|other| other.calls.start() <= range.end() && range.start() <= other.calls.end())
            {
                self.problem(&pointer, "A call with this number has another response already");
            }
            if let Some(answer) = self.answer(response, &pointer) {
                responses.push(Response { calls: range, answer });
            }
        }
        responses
    }

    fn answer(&mut self, value: &Value, pointer: &str) -> Option<Answer> {
        let fields = self.object(value, pointer)?;
        match (fields.get("Return"), fields.get("Throw"), fields.len()) {
            (Some(value), None, 1) => Some(Answer::Return(value.clone())),
            (None, Some(thrown), 1) => {
                let pointer = at(pointer, "Throw");
                let thrown = self.object(thrown, &pointer)?;
                let text = |name: &str| thrown.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
                let error = text("Error");
                if error.is_none() {
                    self.problem(&pointer, "What is thrown needs an Error");
                }
                Some(Answer::Throw { error: error?, cause: text("Cause").unwrap_or_default() })
            }
            _ => {
                self.problem(pointer, "A response has either Return or Throw");
                None
            }
        }
    }
}

/// `"3"` or `"1-2"`.
fn range(calls: &str) -> Option<RangeInclusive<u32>> {
    let (first, last) = calls.split_once('-').unwrap_or((calls, calls));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some(first..=last)
}

fn at(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::failure::failed;

    #[test]
    fn each_call_gets_its_own_response() {
        let text = r#"{
            "StateMachines": {"m": {"TestCases": {"Retried": {"Call": "Twice"}}}},
            "MockedResponses": {"Twice": {"0": {"Throw": {"Error": "E", "Cause": "c"}}, "1-2": {"Return": {"n": 1}}}}
        }"#;
        let mocks = Mocks::parse(text).unwrap();
        let answer = |state: &str, call| mocks.answer("m", "Retried", state, call);
        assert_eq!(answer("Call", 0), Some(Err(failed("E", "c"))));
        assert_eq!(
            (answer("Call", 1), answer("Call", 2)),
            (Some(Ok(r#"{"n":1}"#.into())), Some(Ok(r#"{"n":1}"#.into())))
        );
        assert_eq!(answer("Call", 3).unwrap().unwrap_err().error, "States.Runtime");
        assert_eq!((answer("Other", 0), mocks.answer("m", "Other", "Call", 0)), (None, None));
        assert!(mocks.has("m", "Retried") && !mocks.has("m", "Other") && !mocks.has("x", "Retried"));
    }

    #[test]
    fn every_problem_is_told_with_its_place() {
        let text = r#"{
            "StateMachines": {"m": {"TestCases": {"A": {"X": "None", "Y": 1}}}, "n": {}},
            "MockedResponses": {"R": {"x": {}, "0": {}, "1": {"Throw": {}}, "2-1": {"Return": 1}, "3-4": {"Return": 1},
                "4": {"Return": 2}}},
            "Else": 1
        }"#;
        let problems = Mocks::parse(text).unwrap_err();
        let places: Vec<&str> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(
            places,
            [
                "/Else",
                "/MockedResponses/R/x",
                "/MockedResponses/R/0",
                "/MockedResponses/R/1/Throw",
                "/MockedResponses/R/2-1",
                "/MockedResponses/R/4",
                "/StateMachines/m/TestCases/A/X",
                "/StateMachines/m/TestCases/A/Y",
                "/StateMachines/n",
            ]
        );
        assert!(Mocks::parse("{").unwrap_err()[0].message.contains("line 1"));
    }
}
