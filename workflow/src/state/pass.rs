//! Pass: hands its input on, or a fixed result.

use super::{Datum, Flow, State};
use crate::data::expression::Language;
use crate::definition::fields::Fields;
use crate::step::machine::{Machine, Outcome};
use serde_json::Value;

#[derive(Debug)]
pub(crate) struct Pass {
    result: Option<Value>,
}

impl Pass {
    pub(crate) fn read(fields: &Fields<'_>) -> Pass {
        let fixed = fields.language == Language::JsonPath;
        Pass { result: if fixed { fields.get("Result").cloned() } else { None } }
    }

    pub(crate) fn act(&self, state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        match &self.result {
            Some(result) => state.complete(machine, frame, Datum::Made(result.clone())),
            // Without a result of its own it works on its input, which JSONata does not call a result.
            None => match &state.flow {
                Flow::Paths(_) => {
                    let result = state.flow.effective_input(machine, frame)?;
                    state.complete(machine, frame, result)
                }
                Flow::Queries { .. } => state.pass_on(machine, frame, state.next),
            },
        }
    }
}
