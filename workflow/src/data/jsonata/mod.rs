//! JSONata, the second language of a document: `{% $states.input.name %}`. This folder is the only place that knows the
//! crate behind it. [`check`] is what a document may not say, [`guard`] keeps hostile expressions within their bounds,
//! [`functions`] are those that Step Functions adds and those that must be the step's own, [`convert`] is the way between
//! its values and ours.

mod check;
mod convert;
mod functions;
mod guard;
mod walk;

use super::Scope;
use convert::{Kind, kind};
use functions::Budget;
use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorOptions};
use jsonata_core::parser;
use jsonata_core::value::JValue;
use serde_json::Value;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

/// How deep an evaluation may nest, as on AWS.
const MAX_DEPTH: usize = 99;
/// How many items a sequence may have, as on AWS.
const MAX_ITEMS: usize = 873_782;
/// The end of what no count bounds: many comparisons of large values, which the steps do not see. AWS waits as long. What
/// comes of an evaluation is recorded, so that this clock is never asked again.
const MAX_MILLIS: u64 = 5_000;
/// An expression may have this many bytes; a definition has room for a few of these.
const MAX_TEXT: usize = 64 * 1024;

/// An expression, read and checked.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    text: Box<str>,
    code: Arc<AstNode>,
    /// The variables it reads that are not its own.
    reads: BTreeSet<Box<str>>,
}

impl PartialEq for Query {
    fn eq(&self, other: &Query) -> bool {
        self.text == other.text
    }
}

/// Why a text is no expression that a document may have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    Unsupported(String),
}

/// Why an expression has no value; `expression` and `field` are the caller's to name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAnswer {
    #[error("returned nothing (undefined).")]
    Nothing,
    #[error("returned an unsupported result type.")]
    Unsupported,
    #[error("threw an error during evaluation. {0}")]
    Threw(String),
}

/// Where an expression stands: only a Catch knows what was caught.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    State,
    Catch,
}

/// The text between `{%` and `%}`, when the whole text is one expression.
pub(crate) fn delimited(text: &str) -> Option<&str> {
    Some(text.strip_prefix("{%")?.strip_suffix("%}")?.trim())
}

impl Query {
    pub(crate) fn parse(text: &str, place: Place) -> Result<Query, Refusal> {
        if text.len() > MAX_TEXT {
            return Err(Refusal::Invalid(format!("An expression may have at most {MAX_TEXT} bytes")));
        }
        let mut code = contained(|| parser::parse(text))
            .ok_or_else(|| Refusal::Invalid(BEYOND.into()))?
            .map_err(|error| Refusal::Invalid(convert::parse_wording(&error.to_string())))?;
        check::references(&code, place)?;
        let reads = check::free_variables(&code);
        guard::guard(&mut code);
        Ok(Query { text: text.into(), code: Arc::new(code), reads })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The variables of the execution that it may read.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.reads.iter().map(|name| &**name).filter(|name| *name != STATES)
    }

    pub(crate) fn eval(&self, scope: &Scope<'_>) -> Result<Value, NoAnswer> {
        let mut context = Context::new();
        for name in self.variables() {
            if let Some(text) = scope.variables.get(name) {
                context.bind(name.to_owned(), parsed(text));
            }
        }
        if self.reads.contains(STATES) {
            context.bind(STATES.to_owned(), convert::states(scope));
        }
        let options = EvaluatorOptions {
            max_stack_depth: Some(MAX_DEPTH),
            max_sequence_length: Some(MAX_ITEMS),
            timeout_ms: Some(MAX_MILLIS),
            cancel: None,
        };
        let budget = Rc::new(Budget::new(scope.random, scope.now));
        let mut evaluator = Evaluator::with_options(context, options);
        functions::register(&mut evaluator, &budget);
        let answer = contained(|| evaluator.evaluate(&self.code, &JValue::Undefined));
        scope.random.set(budget.random());
        let value = answer
            .ok_or_else(|| NoAnswer::Threw(BEYOND.into()))?
            .map_err(|error| NoAnswer::Threw(convert::wording(error.message())))?;
        match kind(&value) {
            Kind::Undefined => Err(NoAnswer::Nothing),
            Kind::Function => Err(NoAnswer::Unsupported),
            Kind::Data => convert::to_json(&value).ok_or(NoAnswer::Unsupported),
        }
    }
}

/// What the crate cannot do is an error of the expression, and no end of the engine.
const BEYOND: &str = "The expression is beyond what can be evaluated.";

/// The crate panics at some widths in pictures, and perhaps elsewhere. Whatever it was working at is dropped with the
/// evaluation; it shares nothing with others.
fn contained<T>(work: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).ok()
}

/// The variable that the language itself binds.
const STATES: &str = "states";

fn parsed(text: &str) -> JValue {
    JValue::from_json_str(text).unwrap_or(JValue::Null)
}

#[cfg(test)]
mod tests;
