//! Fail: the branch fails with an error and a cause, fixed or taken from the input.

use super::State;
use crate::data::template::Expression;
use crate::definition::fields::Fields;
use crate::history::Failure;
use crate::step::machine::{Exit, Machine, Outcome};
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Fail {
    error: Text,
    cause: Text,
}

#[derive(Debug)]
enum Text {
    Fixed(Option<Arc<str>>),
    From(&'static str, Expression),
}

impl Fail {
    pub(crate) fn read(fields: &Fields<'_>) -> Option<Fail> {
        Some(Fail { error: text(fields, "Error", "ErrorPath")?, cause: text(fields, "Cause", "CausePath")? })
    }

    pub(crate) fn act(&self, _state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        let error = self.error.value(machine, frame)?;
        let cause = self.cause.value(machine, frame)?;
        Err(Exit::Failed(Failure { error, cause }.bounded()))
    }
}

fn text(fields: &Fields<'_>, fixed: &'static str, path: &'static str) -> Option<Text> {
    fields.at_most_one(&[fixed, path]);
    let Some(expression) = fields.text(path) else {
        return Some(Text::Fixed(fields.text(fixed).map(Into::into)));
    };
    let read = Expression::parse(expression);
    if read.is_none() {
        fields.problem(path, "Value is not a valid JSONPath or intrinsic function call");
    }
    read.map(|expression| Text::From(path, expression))
}

impl Text {
    fn value(&self, machine: &Machine<'_>, frame: u32) -> Result<Option<Arc<str>>, Exit> {
        match self {
            Text::Fixed(text) => Ok(text.clone()),
            Text::From(field, expression) => match machine.eval(frame, expression, field)? {
                Value::String(text) => Ok(Some(text.into())),
                other => Err(machine.runtime(frame, &format!("The {field} '{other}' is not a string"))),
            },
        }
    }
}
