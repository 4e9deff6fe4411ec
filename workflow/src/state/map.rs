//! Map, inline: one run of the same states for each item of an array, so many at a time.

use super::{Datum, State};
use crate::StateId;
use crate::data::path::Path;
use crate::data::template::Template;
use crate::definition::build::Level;
use crate::definition::fields::Fields;
use crate::history::{Detail, Payload};
use crate::step::machine::{Exit, Machine, Outcome};
use serde_json::Value;

/// An inline Map runs at most this many iterations at a time, as on AWS.
const MAX_CONCURRENCY: u32 = 40;

#[derive(Debug)]
pub(crate) struct Map {
    start: StateId,
    items_path: Option<Path>,
    item_selector: Option<Template>,
    concurrency: Concurrency,
}

#[derive(Debug)]
enum Concurrency {
    Fixed(u32),
    From(Path),
}

impl Map {
    pub(crate) fn read<'a>(fields: &Fields<'a>, level: &Level<'a>) -> Option<Map> {
        fields.exactly_one(&["ItemProcessor", "Iterator"]);
        fields.at_most_one(&["ItemSelector", "Parameters"]);
        fields.at_most_one(&["MaxConcurrency", "MaxConcurrencyPath"]);
        let items_path = fields.path("ItemsPath");
        let item_selector = fields.template("ItemSelector").or_else(|| fields.template("Parameters"));
        let concurrency = match fields.path("MaxConcurrencyPath") {
            Some(path) => Concurrency::From(path),
            None => Concurrency::Fixed(fields.count("MaxConcurrency", 0).unwrap_or(0)),
        };
        let (name, value) =
            [("ItemProcessor", fields.get("ItemProcessor")), ("Iterator", fields.get("Iterator"))]
                .into_iter()
                .find_map(|(name, value)| Some((name, value?)))?;
        let processor = fields.inner(name, value)?;
        if let Some(config) =
            processor.get("ProcessorConfig").and_then(|value| processor.inner("ProcessorConfig", value))
        {
            if config.text("Mode").is_some_and(|mode| mode != "INLINE") {
                config.problem("Mode", "Only the mode INLINE is supported");
            }
            config.text("ExecutionType");
            config.finish();
        }
        let start = level.levels.machine(&processor, level.depth + 1);
        processor.finish();
        Some(Map { start: start?, items_path, item_selector, concurrency })
    }

    pub(crate) fn act(&self, state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        let input = state.flow.input(machine, frame)?;
        let items = match &self.items_path {
            Some(path) if !path.is_whole() => Datum::Made(machine.look_up(frame, path, &input.to_value())?),
            _ => input,
        };
        let value = items.to_value();
        let Some(length) = value.as_array().map(Vec::len) else {
            let message = format!("Map state input must be an array but was: {value}");
            return Err(machine.runtime(frame, &message));
        };
        let concurrency = self.concurrency(state, machine, frame)?;
        let length = u32::try_from(length).map_err(|_| machine.too_large(frame, "input"))?;
        let items = machine.payload(frame, items, "input")?;
        machine.emit(frame, Detail::MapStarted { items, length, concurrency })
    }

    fn concurrency(&self, state: &State, machine: &Machine<'_>, frame: u32) -> Result<u32, Exit> {
        let wanted = match &self.concurrency {
            Concurrency::Fixed(wanted) => *wanted,
            Concurrency::From(path) => {
                let value = machine.look_up(frame, path, &state.flow.input(machine, frame)?.to_value())?;
                let wanted = value.as_u64().and_then(|wanted| u32::try_from(wanted).ok());
                let message = format!(
                    "The MaxConcurrencyPath parameter does not reference a valid, non-negative integer: {} == {value}",
                    path.text()
                );
                wanted.ok_or_else(|| machine.runtime(frame, &message))?
            }
        };
        Ok(if wanted == 0 { MAX_CONCURRENCY } else { wanted.min(MAX_CONCURRENCY) })
    }

    /// There is room for one more iteration.
    pub(crate) fn iterate(&self, state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        let (index, item) = machine.next_item(frame)?;
        let input = match &self.item_selector {
            None => Payload::Item(index),
            Some(selector) => {
                let input = state.flow.input(machine, frame)?.to_value();
                let item = serde_json::from_str(item).unwrap_or(Value::Null);
                let filled = machine.fill_for_item(frame, selector, &input, (index, item))?;
                machine.payload(frame, Datum::Made(filled), "input")?
            }
        };
        machine.emit(
            frame,
            Detail::IterationStarted { index, frame: machine.next_frame(), input, start: self.start },
        )
    }

    /// All iterations have come to their end.
    pub(crate) fn join(state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        machine.emit(frame, Detail::MapSucceeded)?;
        let gathered = Datum::Stored(Payload::Gathered, machine.gathered(frame)?);
        let output = state.flow.output(machine, frame, gathered)?;
        machine.exit(frame, output, state.next)
    }
}
