//! Map, inline: one run of the same states for each item of an array, so many at a time.

use super::setting::{Form, Setting, whole_or_text};
use super::{Datum, State};
use crate::StateId;
use crate::data::expression::Language;
use crate::data::path::Path;
use crate::data::template::Template;
use crate::definition::build::Level;
use crate::definition::fields::Fields;
use crate::history::{Detail, Payload};
use crate::step::evaluate::Sight;
use crate::step::machine::{Exit, Machine, Outcome};
use serde_json::Value;

/// An inline Map runs at most this many iterations at a time, as on AWS.
const MAX_CONCURRENCY: u32 = 40;

/// Where the items come from.
#[derive(Debug)]
enum Items {
    Input,
    Path(Path),
    /// In JSONata: an array, or a query that gives one.
    Made(Template),
}

/// A number of iterations.
const CONCURRENCY: Form<u32> = Form { read: whole_or_text, wanted: "non-negative integer", kind: "number" };

#[derive(Debug)]
pub(crate) struct Map {
    start: StateId,
    items: Items,
    item_selector: Option<Template>,
    concurrency: Setting<u32>,
}

impl Map {
    pub(crate) fn read<'a>(fields: &Fields<'a>, level: &Level<'a>) -> Option<Map> {
        fields.exactly_one(&["ItemProcessor", "Iterator"]);
        if fields.language == Language::JsonPath {
            fields.at_most_one(&["ItemSelector", "Parameters"]);
        }
        let items = Items::read(fields);
        let selector = fields.template("ItemSelector");
        let item_selector = match fields.language {
            Language::JsonPath => selector.or_else(|| fields.template("Parameters")),
            Language::Jsonata => selector,
        };
        let names = ["MaxConcurrency", "MaxConcurrencyPath"];
        fields.at_most_one(&names);
        let concurrency =
            Setting::read(fields, names, |name| fields.count(name, 0)).unwrap_or(Setting::Fixed(0));
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
        let start = level.levels.inner_machine(processor, level);
        Some(Map { start: start?, items, item_selector, concurrency })
    }

    pub(crate) fn act(&self, state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        let items = self.items.find(state, machine, frame)?;
        let value = items.to_value();
        let Some(length) = value.as_array().map(Vec::len) else {
            return Err(self.items.no_array(machine, frame, &value));
        };
        let concurrency = self.concurrency(state, machine, frame)?;
        self.items.inspect(machine, &value);
        machine.inspect(|it| it.max_concurrency = Some(concurrency.0));
        let (_, concurrency) = concurrency;
        let length = u32::try_from(length).map_err(|_| machine.too_large(frame, "input"))?;
        let items = machine.payload(frame, items, "input")?;
        machine.emit_inside(frame, Detail::MapStarted { items, length, concurrency })
    }

    /// How many iterations are wanted at a time, and how many there will be.
    fn concurrency(&self, state: &State, machine: &Machine<'_>, frame: u32) -> Result<(u32, u32), Exit> {
        let input = state.flow.input(machine, frame)?;
        let wanted = self.concurrency.value(&CONCURRENCY, machine, frame, &input)?;
        Ok((wanted, if wanted == 0 { MAX_CONCURRENCY } else { wanted.min(MAX_CONCURRENCY) }))
    }

    /// There is room for one more iteration.
    pub(crate) fn iterate(&self, state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        let (index, item) = machine.next_item(frame)?;
        let input = match &self.item_selector {
            None => Payload::Item(index),
            Some(selector) => {
                let input = state.flow.input(machine, frame)?;
                let item = serde_json::from_str(item).unwrap_or(Value::Null);
                let sight = Sight { item: Some((index, item)), ..Sight::of(&input) };
                let filled = machine.fill(frame, selector, sight)?;
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
        state.complete(machine, frame, gathered)
    }
}

impl Items {
    fn read(fields: &Fields<'_>) -> Items {
        match fields.language {
            Language::JsonPath => fields.path("ItemsPath").map_or(Items::Input, Items::Path),
            Language::Jsonata => match fields.template("Items") {
                None => Items::Input,
                Some(Template::Literal(value)) if !value.is_array() => {
                    fields.problem("Items", "Expected value of type Array");
                    Items::Input
                }
                Some(template) => Items::Made(template),
            },
        }
    }

    fn find(&self, state: &State, machine: &Machine<'_>, frame: u32) -> Result<Datum, Exit> {
        let input = state.flow.input(machine, frame)?;
        match self {
            Items::Path(path) if !path.is_whole() => machine.look_up(frame, path, &input).map(Datum::Made),
            Items::Input | Items::Path(_) => Ok(input),
            Items::Made(template) => machine.fill(frame, template, Sight::default()).map(Datum::Made),
        }
    }

    fn inspect(&self, machine: &Machine<'_>, items: &Value) {
        if let Items::Path(_) = self {
            machine.inspect(|it| it.after_items_path = Some(items.clone()));
        }
    }

    fn no_array(&self, machine: &Machine<'_>, frame: u32, value: &Value) -> Exit {
        let message = format!("Map state input must be an array but was: {value}");
        match self {
            Items::Made(Template::Found(source)) => machine.unfit(frame, source, "array", "array", value),
            _ => machine.misfit(frame, &message),
        }
    }
}
