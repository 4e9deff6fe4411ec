//! What the items of a map run become: each through the ItemSelector of its Map, in the scope of the state that waits
//! for the run. It is a matter of this step alone: the events of the children keep what came of it.

use super::machine::Machine;
use super::{Definition, Tick};
use crate::data::context::MapItem;
use crate::execution::Pending;
use crate::history::Failure;
use crate::state::Body;
use crate::{Execution, TaskKey};

/// The inputs of these items of the run that `execution` waits for.
pub(crate) fn item_inputs<'a>(
    definition: &Definition,
    execution: &Execution,
    key: TaskKey,
    items: impl Iterator<Item = MapItem<'a>>,
    tick: Tick,
) -> Result<Vec<String>, Failure> {
    let machine = Machine::new(definition, execution, tick);
    let entry = execution.frame(key.frame).and_then(|frame| frame.entry.as_ref());
    let state = entry.and_then(|entry| definition.state(entry.state));
    let (Some(Pending::MapRun { .. }), Some(state)) = (execution.pending_task(key), state) else {
        return Err(Failure::default());
    };
    let Body::Map(map) = &state.body else { return Err(Failure::default()) };
    items.map(|item| map.input_of(state, &machine, key.frame, item)).collect()
}
