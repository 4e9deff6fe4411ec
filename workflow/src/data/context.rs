//! The context object, which `$$` reads.

use crate::execution::frame::{Frame, Phase};
use crate::{Execution, Facts, Millis};
use serde_json::{Value, json};
use std::sync::Arc;

/// A scope of which no more is known than the data.
#[cfg(test)]
pub(crate) fn in_bare_scope<T>(data: &Value, run: impl FnOnce(&super::Scope<'_>) -> T) -> T {
    let execution = Execution::new(Arc::default());
    let data = super::Document::of_value(data.clone());
    run(&super::Scope {
        data: &data,
        states: super::States { input: &data, result: None, error: None },
        context: &Context::bare(&execution),
        variables: super::Variables { execution: &execution, frame: 0 },
        now: 0,
        random: &std::cell::Cell::new(7),
    })
}

/// What the context object is made of. It is put together only when an expression reads it.
pub(crate) struct Context<'a> {
    /// Takes the place of all the rest, but for the item that a Map is about to begin: a state is tried alone.
    pub(crate) given: Option<Value>,
    pub(crate) facts: &'a Facts,
    pub(crate) execution_input: &'a Arc<str>,
    pub(crate) started_at: Millis,
    /// How often the execution was redriven, and when last; AWS says nothing of it when a state is tried alone.
    pub(crate) redriven: Option<(u32, Option<Millis>)>,
    pub(crate) state_name: &'a str,
    pub(crate) entered_at: Millis,
    pub(crate) retry_count: u32,
    pub(crate) token: Option<String>,
    pub(crate) item: Item<'a>,
}

impl<'a> Context<'a> {
    /// A context of which no more is known than the execution.
    #[cfg(test)]
    pub(crate) fn bare(execution: &'a Execution) -> Context<'a> {
        Context {
            given: None,
            facts: execution.facts(),
            execution_input: execution.input(),
            started_at: 0,
            redriven: Some((0, None)),
            state_name: "",
            entered_at: 0,
            retry_count: 0,
            token: None,
            item: Item::Of(execution, 0),
        }
    }

    pub(crate) fn value(&self) -> Value {
        if let Some(given) = &self.given {
            let mut given = given.clone();
            if let (Item::Given(item), Some(fields)) = (&self.item, given.as_object_mut()) {
                fields.insert("Map".into(), json!({ "Item": item.shown() }));
            }
            return given;
        }
        let mut context = json!({
            "Execution": {
                "Id": self.facts.execution_arn,
                "Input": serde_json::from_str::<Value>(self.execution_input).unwrap_or(Value::Null),
                "StartTime": super::time::format(self.started_at),
                "Name": self.facts.execution_name,
                "RoleArn": self.facts.role_arn,
            },
            "StateMachine": { "Id": self.facts.state_machine_arn, "Name": self.facts.state_machine_name },
            "State": {
                "Name": self.state_name,
                "EnteredTime": super::time::format(self.entered_at),
                "RetryCount": self.retry_count,
            },
        });
        let fields = context.as_object_mut().expect("it was just made as an object");
        if let Some((count, last)) = self.redriven {
            fields["Execution"]["RedriveCount"] = count.into();
            if let Some(at) = last {
                fields["Execution"]["RedriveTime"] = super::time::format(at).into();
            }
        }
        if let Some(token) = &self.token {
            fields.insert("Task".into(), json!({ "Token": token }));
        }
        if let Some(item) = self.item.seen() {
            fields.insert("Map".into(), json!({ "Item": item.shown() }));
        }
        context
    }
}

/// Where the context object's `Map.Item` comes from.
pub(crate) enum Item<'a> {
    Given(MapItem<'a>),
    /// The innermost iteration around this branch.
    Of(&'a Execution, u32),
}

impl<'a> Item<'a> {
    fn seen(&self) -> Option<MapItem<'a>> {
        let (execution, mut id) = match self {
            Item::Given(item) => return Some(*item),
            Item::Of(execution, frame) => (*execution, *frame),
        };
        loop {
            let frame: &Frame = execution.frame(id)?;
            let parent = frame.parent?;
            if let Phase::Join(join) = &execution.frame(parent)?.phase
                && let Some(items) = &join.items
            {
                return Some(MapItem::of_state_data(frame.index, items.get(frame.index)?));
            }
            id = parent;
        }
    }
}

/// The source of items that are not read from anywhere.
pub(crate) const STATE_DATA: &str = "STATE_DATA";

/// An item of a Map, before anything was selected of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MapItem<'a> {
    pub(crate) index: u32,
    /// JSON text.
    pub(crate) text: &'a str,
    /// Its name, when the items are the properties of an object.
    pub(crate) key: Option<&'a str>,
    /// The URI of what it was read from.
    pub(crate) source: &'a str,
}

impl<'a> MapItem<'a> {
    pub(crate) fn of_state_data(index: u32, text: &'a str) -> MapItem<'a> {
        MapItem { index, text, key: None, source: STATE_DATA }
    }

    /// What an iteration gets when there is no ItemSelector.
    pub(crate) fn whole(&self) -> String {
        match self.key {
            None => self.text.to_owned(),
            Some(key) => format!("{{\"Key\":{},\"Value\":{}}}", Value::from(key), self.text),
        }
    }

    fn shown(&self) -> Value {
        let value: Value = serde_json::from_str(self.text).unwrap_or(Value::Null);
        let mut shown = json!({ "Index": self.index, "Value": value, "Source": self.source });
        if let Some(key) = self.key {
            shown["Key"] = key.into();
        }
        shown
    }
}
