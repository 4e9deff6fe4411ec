//! ItemBatcher: several items for one child, and what all of them get beside their items.

use super::super::State;
use super::number::{BATCH_BYTES, BATCH_ITEMS, Wrong, whole};
use crate::data::template::Template;
use crate::definition::fields::Fields;
use crate::history::Batch;
use crate::state::MAX_PAYLOAD;
use crate::state::setting::Setting;
use crate::step::evaluate::Sight;
use crate::step::machine::{Exit, Machine};
use serde_json::Value;

#[derive(Debug)]
pub(super) struct Batcher {
    items: Option<Setting<u32>>,
    bytes: Option<Setting<u32>>,
    input: Option<Template>,
}

impl Batcher {
    /// The field `ItemBatcher` of a Map.
    pub(super) fn read(fields: &Fields<'_>) -> Option<Batcher> {
        let value = fields.get("ItemBatcher")?;
        let inner = fields.inner("ItemBatcher", value)?;
        let items = BATCH_ITEMS.read(&inner, |name| inner.count(name, 1));
        let bytes = BATCH_BYTES.read(&inner, |name| {
            let bytes = inner.count(name, 1)?;
            if bytes as usize > MAX_PAYLOAD {
                inner.problem(name, format!("Expected an integer of at most {MAX_PAYLOAD}"));
            }
            Some(bytes)
        });
        if items.is_none() && bytes.is_none() {
            inner.problem(
                "",
                "At least one of the fields MaxItemsPerBatch and MaxInputBytesPerBatch is required",
            );
        }
        let input = inner.template("BatchInput");
        inner.finish();
        Some(Batcher { items, bytes, input })
    }

    pub(super) fn evaluate(&self, state: &State, machine: &Machine<'_>, frame: u32) -> Result<Batch, Exit> {
        let positive = |value: &Value| match whole(value, "must be positive")? {
            0 => Err(Wrong::Kind("positive integer")),
            number => Ok(number),
        };
        let items = BATCH_ITEMS.value(self.items.as_ref(), state, machine, frame, positive)?;
        let bytes = BATCH_BYTES.value(self.bytes.as_ref(), state, machine, frame, positive)?;
        let input = match &self.input {
            None => None,
            Some(template) => {
                let input = state.flow.input(machine, frame)?;
                Some(machine.fill(frame, template, Sight::of(&input))?.to_string().into())
            }
        };
        Ok(Batch { items, bytes, input })
    }
}
