//! Succeed: the branch has come to its end.

use super::State;
use crate::step::machine::{Machine, Outcome};

pub(crate) fn act(state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
    state.pass_on(machine, frame, None)
}
