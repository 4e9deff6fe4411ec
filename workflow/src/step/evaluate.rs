//! What a step needs of expressions: values in the scope of a branch's state, and failures worded as AWS words them.

use super::machine::{Exit, Machine};
use crate::data::Scope;
use crate::data::context::{Context, Item};
use crate::data::path::Path;
use crate::data::template::{Expression, Template, Unfilled};
use crate::history::Failure;
use crate::retry::RUNTIME;
use crate::state::Datum;
use serde_json::Value;

impl Machine<'_> {
    pub(crate) fn fill(&self, frame: u32, template: &Template, data: &Datum) -> Result<Value, Exit> {
        self.fill_in(frame, template, &data.to_value(), None)
    }

    pub(crate) fn fill_for_item(
        &self,
        frame: u32,
        template: &Template,
        data: &Value,
        item: (u32, Value),
    ) -> Result<Value, Exit> {
        self.fill_in(frame, template, data, Some(item))
    }

    fn fill_in(
        &self,
        frame: u32,
        template: &Template,
        data: &Value,
        item: Option<(u32, Value)>,
    ) -> Result<Value, Exit> {
        self.scoped(frame, data, item, |scope| template.fill(scope))
            .map_err(|unfilled| self.unfilled(frame, &unfilled))
    }

    /// The value of an expression over the raw input of the state.
    pub(crate) fn eval(&self, frame: u32, expression: &Expression, field: &str) -> Result<Value, Exit> {
        let data = self.data(frame).to_value();
        let value = self.scoped(frame, &data, None, |scope| {
            expression.eval(scope, field).map(|value| value.into_owned())
        });
        value.map_err(|unfilled| self.unfilled(frame, &unfilled))
    }

    /// The value of a path that is no template's.
    pub(crate) fn look_up(&self, frame: u32, path: &Path, data: &Value) -> Result<Value, Exit> {
        let found = self.in_scope(frame, data, |scope| path.eval(scope).map(|value| value.into_owned()));
        found.map_err(|none| self.runtime(frame, &format!("Invalid path '{}' : {none}", path.text())))
    }

    pub(crate) fn in_scope<T>(&self, frame: u32, data: &Value, run: impl FnOnce(&Scope<'_>) -> T) -> T {
        self.scoped(frame, data, None, run)
    }

    fn scoped<T>(
        &self,
        frame: u32,
        data: &Value,
        item: Option<(u32, Value)>,
        run: impl FnOnce(&Scope<'_>) -> T,
    ) -> T {
        let entry = self.execution.frame(frame).and_then(|frame| frame.entry.as_ref());
        let context = Context {
            facts: self.execution.facts(),
            execution_input: self.execution.input(),
            started_at: self.execution.started_at().unwrap_or(self.now),
            state_name: entry.map_or("", |entry| self.definition.name(entry.state)),
            entered_at: entry.map_or(self.now, |entry| entry.at),
            retry_count: entry.map_or(0, |entry| entry.retries.iter().map(|(_, count)| count).sum()),
            token: self
                .token
                .or_else(|| self.execution.frame(frame)?.task()?.token)
                .map(|token| token.to_string()),
            item: item
                .map_or_else(|| Item::Of(&self.execution, frame), |(index, value)| Item::Given(index, value)),
        };
        run(&Scope { data, context: &context, random: &self.random })
    }

    fn unfilled(&self, frame: u32, unfilled: &Unfilled) -> Exit {
        match unfilled {
            Unfilled::NotFound { .. } => self.runtime(frame, &unfilled.to_string()),
            Unfilled::Intrinsic(_) => self.failure(frame, "States.IntrinsicFailure", &unfilled.to_string()),
        }
    }

    pub(crate) fn runtime(&self, frame: u32, what: &str) -> Exit {
        self.failure(frame, RUNTIME, what)
    }

    /// A failure of the state itself, worded as AWS words it.
    pub(crate) fn failure(&self, frame: u32, error: &str, what: &str) -> Exit {
        let entry = self.execution.frame(frame).and_then(|frame| frame.entry.as_ref());
        let (name, id) = entry.map_or(("", 0), |entry| (self.definition.name(entry.state), entry.id));
        let cause = format!(
            "An error occurred while executing the state '{name}' (entered at the event id #{id}). {what}"
        );
        Exit::Failed(Failure::new(error, &cause))
    }

    pub(crate) fn too_large(&self, frame: u32, what: &str) -> Exit {
        let name = self.state(frame).map_or("", |state| &state.name);
        let cause = format!(
            "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
        );
        let cause = if what == "input" {
            format!("The input of the state '{name}' exceeds the maximum number of bytes service limit.")
        } else {
            cause
        };
        Exit::Failed(Failure::new("States.DataLimitExceeded", &cause))
    }
}
