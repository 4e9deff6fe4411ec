//! Mocks of service calls, in the form that AWS's local edition made familiar: a file names state machines, their test
//! cases, and for each state the answers to its first call, its first retry, and so on.
//!
//! A test case is chosen by `stateMachineArn#TestCase` when an execution starts. States that it does not name call what
//! they call without it. Reading the file is in [`file`].

mod file;

use std::collections::HashMap;
use std::ops::RangeInclusive;

use serde_json::Value;

use super::failure::failed;
use crate::definition::Problem;
use crate::errors::RUNTIME;
use crate::tasks::TaskError;

/// Everything a file says.
#[derive(Debug, Default, PartialEq)]
pub struct Mocks {
    machines: HashMap<String, TestCases>,
}

type TestCases = HashMap<String, States>;
/// The answers of each state.
type States = HashMap<String, Vec<Response>>;

/// What the calls with these numbers get; the first one is 0.
#[derive(Debug, Clone, PartialEq)]
struct Response {
    calls: RangeInclusive<u32>,
    answer: Answer,
}

#[derive(Debug, Clone, PartialEq)]
enum Answer {
    Return(Value),
    Throw { error: String, cause: String },
}

impl Mocks {
    /// Reads a file; every problem at once.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        file::parse(text)
    }

    /// Whether the machine has this test case.
    pub fn has(&self, machine: &str, test_case: &str) -> bool {
        self.machines.get(machine).is_some_and(|cases| cases.contains_key(test_case))
    }

    /// What the state's call with this number gets, when the test case mocks the state.
    pub(super) fn answer(
        &self,
        machine: &str,
        test_case: &str,
        state: &str,
        call: u32,
    ) -> Option<Result<String, TaskError>> {
        let responses = self.machines.get(machine)?.get(test_case)?.get(state)?;
        let response = responses.iter().find(|response| response.calls.contains(&call));
        Some(match response.map(|response| &response.answer) {
            Some(Answer::Return(value)) => Ok(value.to_string()),
            Some(Answer::Throw { error, cause }) => Err(failed(error, cause)),
            None => Err(failed(
                RUNTIME,
                format!(
                    "The test case '{test_case}' has no mocked response for call {call} of the state '{state}'"
                ),
            )),
        })
    }
}
