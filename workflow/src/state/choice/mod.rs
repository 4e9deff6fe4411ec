//! Choice: the first rule that holds says where to go.

mod rule;

use super::State;
use crate::StateId;
use crate::definition::build::Level;
use crate::definition::fields::Fields;
use crate::step::machine::{Machine, Outcome};
use rule::Rule;
use serde_json::Value;

#[derive(Debug)]
pub(crate) struct Choice {
    rules: Vec<(Rule, StateId)>,
    default: Option<StateId>,
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
            let rule = Rule::read(&fields, 0);
            fields.finish();
            Some((rule?, next?))
        };
        Some(Choice { rules: choices.iter().enumerate().filter_map(rule).collect(), default })
    }

    pub(crate) fn successors(&self) -> Vec<StateId> {
        self.rules.iter().map(|(_, next)| *next).chain(self.default).collect()
    }

    pub(crate) fn act(&self, state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        let input = state.flow.input(machine, frame)?.to_value();
        let mut next = self.default;
        for (rule, target) in &self.rules {
            if machine
                .in_scope(frame, &input, |scope| rule.holds(scope))
                .map_err(|invalid| machine.runtime(frame, &invalid.to_string()))?
            {
                next = Some(*target);
                break;
            }
        }
        let Some(next) = next else {
            return Err(machine.failure(
                frame,
                "States.NoChoiceMatched",
                "No choice rule was matched and there is no Default.",
            ));
        };
        let output = state.flow.pass_on(machine, frame)?;
        machine.exit(frame, output, Some(next))
    }
}
