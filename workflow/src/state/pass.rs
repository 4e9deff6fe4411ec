//! Pass: hands its input on, or a fixed result.

use super::{Datum, State};
use crate::definition::fields::Fields;
use crate::step::machine::{Machine, Outcome};
use serde_json::Value;

#[derive(Debug)]
pub(crate) struct Pass {
    result: Option<Value>,
}

impl Pass {
    pub(crate) fn read(fields: &Fields<'_>) -> Pass {
        Pass { result: fields.get("Result").cloned() }
    }

    pub(crate) fn act(&self, state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        let result = match &self.result {
            Some(result) => Datum::Made(result.clone()),
            None => state.flow.effective_input(machine, frame)?,
        };
        let output = state.flow.output(machine, frame, result)?;
        machine.exit(frame, output, state.next)
    }
}
