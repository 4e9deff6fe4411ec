//! Parallel: every branch gets the same input; the outputs are gathered in the order of the branches.

use super::{Datum, State};
use crate::StateId;
use crate::definition::build::Level;
use crate::definition::fields::Fields;
use crate::history::{Detail, Payload};
use crate::step::machine::{Machine, Outcome};
use serde_json::Value;

#[derive(Debug)]
pub(crate) struct Parallel {
    starts: Vec<StateId>,
}

impl Parallel {
    pub(crate) fn read<'a>(fields: &Fields<'a>, level: &Level<'a>) -> Option<Parallel> {
        fields.need("Branches");
        let branches = fields.list("Branches")?;
        if branches.is_empty() {
            fields.problem("Branches", "Value cannot be empty");
        }
        let branch = |(index, value): (usize, &'a Value)| {
            level.levels.inner_machine(fields.element("Branches", index, value)?, level)
        };
        let starts: Vec<Option<StateId>> = branches.iter().enumerate().map(branch).collect();
        Some(Parallel { starts: starts.into_iter().collect::<Option<_>>()? })
    }

    pub(crate) fn act(&self, state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        let input = machine.payload(frame, state.flow.effective_input(machine, frame)?, "input")?;
        // A trial shows what the arguments come to for a Task alone, as AWS does.
        machine.inspect(|seen| seen.after_arguments = None);
        machine.emit_inside(
            frame,
            Detail::ParallelStarted { first: machine.next_frame(), starts: self.starts.clone(), input },
        )
    }

    /// All branches have come to their end.
    pub(crate) fn join(state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        machine.emit(frame, Detail::ParallelSucceeded)?;
        let gathered = Datum::Stored(Payload::Gathered, machine.gathered(frame)?);
        state.complete(machine, frame, gathered)
    }
}
