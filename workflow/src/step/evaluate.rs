//! What a step needs of expressions: values in the scope of a branch's state, and failures worded as AWS words them.

use super::machine::{Exit, Machine};
use crate::data::context::{Context, Item, MapItem};
use crate::data::expression::{Expression, NoValue, Source};
use crate::data::path::Path;
use crate::data::template::Template;
use crate::data::{Scope, States, Variables};
use crate::errors::{DATA_LIMIT_EXCEEDED, INTRINSIC_FAILURE, QUERY_EVALUATION_ERROR, RUNTIME};
use crate::history::Failure;
use crate::state::{Datum, Flow};
use serde_json::Value;

/// What the expressions of a state can see at one point of its work, besides its input, variables and context.
#[derive(Default)]
pub(crate) struct Sight<'a> {
    /// `$` of JSONPath; the input of the state when there is nothing else.
    pub(crate) data: Option<&'a Datum>,
    pub(crate) result: Option<&'a Datum>,
    pub(crate) error: Option<&'a Datum>,
    /// The item of a Map whose iteration is about to begin.
    pub(crate) item: Option<MapItem<'a>>,
}

impl<'a> Sight<'a> {
    pub(crate) fn of(data: &'a Datum) -> Sight<'a> {
        Sight { data: Some(data), ..Sight::default() }
    }

    /// The result of a state, which `$` of JSONPath shows too.
    pub(crate) fn of_result(result: &'a Datum) -> Sight<'a> {
        Sight { data: Some(result), result: Some(result), ..Sight::default() }
    }

    /// What a Catch has caught, which `$` of JSONPath shows too.
    pub(crate) fn of_error(error: &'a Datum) -> Sight<'a> {
        Sight { data: Some(error), error: Some(error), ..Sight::default() }
    }
}

impl Machine<'_> {
    pub(crate) fn fill(&self, frame: u32, template: &Template, sight: Sight<'_>) -> Result<Value, Exit> {
        self.seeing(frame, sight, |scope| {
            template.fill(scope).map_err(|(source, none)| self.no_value(frame, source, &none, scope))
        })
    }

    pub(crate) fn find(&self, frame: u32, source: &Source, sight: Sight<'_>) -> Result<Value, Exit> {
        self.seeing(frame, sight, |scope| {
            let found = source.expression.eval(scope).map(|value| value.into_owned());
            found.map_err(|none| self.no_value(frame, source, &none, scope))
        })
    }

    /// The value of a path in a field of its own, which AWS words otherwise than one in a template.
    pub(crate) fn look_up(&self, frame: u32, path: &Path, data: &Datum) -> Result<Value, Exit> {
        self.seeing(frame, Sight::of(data), |scope| {
            let found = path.eval(scope).map(|value| value.into_owned());
            found.map_err(|none| self.runtime(frame, &format!("Invalid path '{}' : {none}", path.text())))
        })
    }

    /// The value of a field of its own.
    pub(crate) fn find_alone(&self, frame: u32, source: &Source, sight: Sight<'_>) -> Result<Value, Exit> {
        self.seeing(frame, sight, |scope| {
            let found = source.expression.eval(scope).map(|value| value.into_owned());
            found.map_err(|none| match none {
                NoValue::NoMatch(none) => {
                    let message = format!("Invalid path '{}' : {none}", source.expression.text());
                    self.runtime(frame, &message)
                }
                none => self.no_value(frame, source, &none, scope),
            })
        })
    }

    /// The value of a setting is not of the form that was wanted.
    pub(crate) fn unfit(&self, frame: u32, source: &Source, wanted: &str, kind: &str, value: &Value) -> Exit {
        let (field, text) = (&source.field, source.expression.text());
        if !matches!(source.expression, Expression::Query(_)) {
            let message =
                format!("The {field} parameter does not reference a valid, {wanted}: {text} == {value}");
            return self.runtime(frame, &message);
        }
        let is = kind_of(value);
        let what = if is == kind {
            format!("returned a value out of range. Expected a {wanted}, but was: {value}")
        } else {
            format!(
                "returned an unexpected result type. Expected '{kind}', but was '{is}' for value: {value}"
            )
        };
        let message = format!("The JSONata expression '{text}' specified for the field '{field}' {what}");
        self.unevaluated(frame, Some(field), &message)
    }

    /// Data of a wrong form, which in JSONata counts as a failed evaluation.
    pub(crate) fn misfit(&self, frame: u32, what: &str) -> Exit {
        match self.state(frame).map(|state| &state.flow) {
            Ok(Flow::Queries { .. }) => self.unevaluated(frame, None, what),
            _ => self.runtime(frame, what),
        }
    }

    /// A query that has no value, or none that fits.
    pub(crate) fn unevaluated(&self, frame: u32, location: Option<&str>, what: &str) -> Exit {
        let failure = self.worded(frame, QUERY_EVALUATION_ERROR, what);
        Exit::Unevaluated { failure, location: location.map(Into::into) }
    }

    pub(crate) fn seeing<T>(&self, frame: u32, sight: Sight<'_>, run: impl FnOnce(&Scope<'_>) -> T) -> T {
        let input = self.data(frame).document();
        let [data, result, error] =
            [sight.data, sight.result, sight.error].map(|seen| seen.map(Datum::document));
        let context = self.context(frame, sight.item);
        run(&Scope {
            data: data.as_ref().unwrap_or(&input),
            states: States { input: &input, result: result.as_ref(), error: error.as_ref() },
            context: &context,
            variables: Variables { execution: &self.execution, frame },
            now: self.now,
            random: &self.random,
        })
    }

    fn context<'a>(&'a self, frame: u32, item: Option<MapItem<'a>>) -> Context<'a> {
        let entry = self.execution.frame(frame).and_then(|frame| frame.entry.as_ref());
        Context {
            given: self.trial.as_ref().and_then(|trial| trial.borrow().context.clone()),
            facts: self.execution.facts(),
            execution_input: self.execution.input(),
            started_at: self.execution.started_at().unwrap_or(self.now),
            redriven: self.trial.is_none().then(|| (self.execution.redrives(), self.execution.redriven_at())),
            state_name: entry.map_or("", |entry| self.definition.name(entry.state)),
            entered_at: entry.map_or(self.now, |entry| entry.at),
            retry_count: entry.map_or(0, |entry| entry.retries.iter().map(|(_, count)| count).sum()),
            token: self
                .token
                .or_else(|| self.execution.frame(frame)?.task()?.token)
                .map(|token| token.to_string()),
            item: item.map_or_else(|| Item::Of(&self.execution, frame), Item::Given),
        }
    }

    fn no_value(&self, frame: u32, source: &Source, none: &NoValue, scope: &Scope<'_>) -> Exit {
        match none {
            NoValue::NoMatch(_) => {
                let message = format!(
                    "The JSONPath '{}' specified for the field '{}' could not be found in the input '{}'",
                    source.expression.text(),
                    source.field,
                    scope.data.text(),
                );
                self.runtime(frame, &message)
            }
            NoValue::Intrinsic(trouble) => self.failure(frame, INTRINSIC_FAILURE, &trouble.to_string()),
            NoValue::Query(why) => {
                let (field, text) = (&source.field, source.expression.text());
                let message =
                    format!("The JSONata expression '{text}' specified for the field '{field}' {why}");
                self.unevaluated(frame, Some(field), &message)
            }
        }
    }

    pub(crate) fn runtime(&self, frame: u32, what: &str) -> Exit {
        self.failure(frame, RUNTIME, what)
    }

    /// A failure of the state itself, worded as AWS words it.
    pub(crate) fn failure(&self, frame: u32, error: &str, what: &str) -> Exit {
        Exit::Failed(self.worded(frame, error, what))
    }

    fn worded(&self, frame: u32, error: &str, what: &str) -> Failure {
        let entry = self.execution.frame(frame).and_then(|frame| frame.entry.as_ref());
        let (name, id) = entry.map_or(("", 0), |entry| (self.definition.name(entry.state), entry.id));
        let cause = format!(
            "An error occurred while executing the state '{name}' (entered at the event id #{id}). {what}"
        );
        Failure::new(error, &cause)
    }

    pub(crate) fn too_large(&self, frame: u32, what: &str) -> Exit {
        let name = self.state(frame).map_or("", |state| &state.name);
        let cause = match what {
            "input" => {
                format!("The input of the state '{name}' exceeds the maximum number of bytes service limit.")
            }
            _ => format!(
                "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
            ),
        };
        Exit::Failed(Failure::new(DATA_LIMIT_EXCEEDED, &cause))
    }
}

/// What JSONata calls the type of a value.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
