//! Map: one run of the same states for each item, so many at a time. Inline they are branches of this execution, and
//! that is here; [`distributed`] they are executions of their own.

mod batcher;
pub(crate) mod distributed;
mod label;
mod number;
mod reader;
mod trial;
mod writer;

use super::setting::{Form, Setting, whole_or_text};
use super::{Datum, State};
use crate::StateId;
use crate::data::context::MapItem;
use crate::data::expression::Language;
use crate::data::path::Path;
use crate::data::template::Template;
use crate::definition::build::Level;
use crate::definition::fields::Fields;
use crate::history::{Detail, Payload};
use crate::step::evaluate::Sight;
use crate::step::machine::{Exit, Machine, Outcome};
use distributed::Distributed;
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
    distributed: Option<Distributed>,
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
        let distributed = Distributed::read(fields, &processor, level);
        let start = level.levels.inner_machine(processor, level);
        Some(Map { start: start?, items, item_selector, concurrency, distributed: distributed? })
    }

    pub(crate) fn distributed(&self) -> Option<&Distributed> {
        self.distributed.as_ref()
    }

    pub(crate) fn act(&self, state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        if let Some(distributed) = &self.distributed {
            return distributed.act(self, state, machine, frame);
        }
        let (items, length) = self.items(state, machine, frame)?;
        let wanted = self.concurrency(state, machine, frame)?;
        let concurrency = if wanted == 0 { MAX_CONCURRENCY } else { wanted.min(MAX_CONCURRENCY) };
        machine.emit_inside(frame, Detail::MapStarted { items, length, concurrency })
    }

    /// The array of the items, or the object whose properties they are, and how many there are.
    fn items(&self, state: &State, machine: &Machine<'_>, frame: u32) -> Result<(Payload, u32), Exit> {
        let items = self.items.find(state, machine, frame)?;
        let value = items.to_value();
        let length = match (&value, &self.distributed) {
            (Value::Array(items), _) => items.len(),
            (Value::Object(properties), Some(_)) => properties.len(),
            _ => return Err(self.items.no_array(machine, frame, &value)),
        };
        self.items.inspect(machine, &value);
        self.show_items(state, machine, frame, &items)?;
        let length = u32::try_from(length).map_err(|_| machine.too_large(frame, "input"))?;
        Ok((machine.payload(frame, items, "input")?, length))
    }

    /// How many are wanted at a time; 0 for as many as may be.
    fn concurrency(&self, state: &State, machine: &Machine<'_>, frame: u32) -> Result<u32, Exit> {
        let input = state.flow.input(machine, frame)?;
        let wanted = self.concurrency.value(&CONCURRENCY, machine, frame, &input)?;
        machine.inspect(|it| it.max_concurrency = Some(wanted));
        Ok(wanted)
    }

    /// There is room for one more iteration.
    pub(crate) fn iterate(&self, state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        let (index, item) = machine.next_item(frame)?;
        let input = match self.selected(state, machine, frame, MapItem::of_state_data(index, item))? {
            None => Payload::Item(index),
            Some(selected) => machine.payload(frame, Datum::Made(selected), "input")?,
        };
        machine.emit(
            frame,
            Detail::IterationStarted { index, frame: machine.next_frame(), input, start: self.start },
        )
    }

    /// What the ItemSelector makes of an item; `None` when there is none, and the item is taken as it is.
    fn selected(
        &self,
        state: &State,
        machine: &Machine<'_>,
        frame: u32,
        item: MapItem<'_>,
    ) -> Result<Option<Value>, Exit> {
        let Some(selector) = &self.item_selector else { return Ok(None) };
        let input = state.flow.input(machine, frame)?;
        let sight = Sight { item: Some(item), ..Sight::of(&input) };
        machine.fill(frame, selector, sight).map(Some)
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
