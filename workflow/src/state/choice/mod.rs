//! Choice: the first rule that holds says where to go.

mod comparison;
mod rule;

use super::{Assign, Datum, Flow, State};
use crate::StateId;
use crate::data::expression::Language;
use crate::data::template::Template;
use crate::definition::build::Level;
use crate::definition::fields::Fields;
use crate::step::evaluate::Sight;
use crate::step::machine::{Machine, Outcome};
use rule::Rule;
use serde_json::Value;

#[derive(Debug)]
pub(crate) struct Choice {
    branches: Vec<Branch>,
    default: Option<StateId>,
}

/// One of the `Choices`: where to go when the rule holds, what to assign on the way and, in JSONata, with what output.
#[derive(Debug)]
struct Branch {
    rule: Rule,
    next: StateId,
    assign: Assign,
    output: Option<Template>,
}

impl Choice {
    pub(crate) fn read<'a>(fields: &Fields<'a>, level: &Level<'a>) -> Option<Choice> {
        let default = level.target(fields, "Default");
        fields.need("Choices");
        let choices = fields.list("Choices")?;
        if choices.is_empty() {
            fields.problem("Choices", "Value cannot be empty");
        }
        let rule = |(index, value): (usize, &'a Value)| {
            let fields = fields.element("Choices", index, value)?;
            fields.need("Next");
            let next = level.target(&fields, "Next");
            let rule = Rule::read(&fields);
            let assign = Assign::read(&fields);
            let output = match fields.language {
                Language::JsonPath => None,
                Language::Jsonata => fields.template("Output"),
            };
            fields.finish();
            Some(Branch { rule: rule?, next: next?, assign, output })
        };
        Some(Choice { branches: choices.iter().enumerate().filter_map(rule).collect(), default })
    }

    pub(crate) fn successors(&self) -> Vec<StateId> {
        self.branches.iter().map(|branch| branch.next).chain(self.default).collect()
    }

    pub(crate) fn act(&self, state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        let input = state.flow.input(machine, frame)?;
        for branch in &self.branches {
            if branch.rule.holds(machine, frame, &input)? {
                return branch.take(state, machine, frame, &input);
            }
        }
        match self.default {
            Some(next) => state.pass_on(machine, frame, Some(next)),
            // The specification calls it States.NoChoiceMatched; AWS does not.
            None => {
                let message =
                    "Failed to transition out of the state. The state does not point to a next state.";
                Err(machine.runtime(frame, message))
            }
        }
    }
}

impl Branch {
    fn take(&self, state: &State, machine: &mut Machine<'_>, frame: u32, input: &Datum) -> Outcome {
        let assigned = self.assign.values(machine, frame, || Sight::of(input))?;
        let output = match (&state.flow, &self.output) {
            (Flow::Paths(_), _) => state.flow.pass_on(machine, frame)?,
            (Flow::Queries { .. }, None) => input.clone(),
            (Flow::Queries { .. }, Some(template)) => {
                Datum::Made(machine.fill(frame, template, Sight::default())?)
            }
        };
        machine.exit(frame, output, assigned, Some(self.next))
    }
}
