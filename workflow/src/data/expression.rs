//! What a field of a state may say in place of a fixed value: a path or an intrinsic call in JSONPath, a query in JSONata.
//! This is where the two languages meet; hardly anything above it asks which one a document speaks.

use super::Scope;
use super::intrinsics::{Call, Trouble};
use super::jsonata::{NoAnswer, Query};
use super::path::{NoMatch, Path};
use serde_json::Value;
use std::borrow::Cow;

/// The language of a state's fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Language {
    #[default]
    JsonPath,
    Jsonata,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Path(Path),
    Call(Call),
    Query(Query),
}

/// An expression and the field it stands in, as messages name it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Source {
    pub(crate) field: Box<str>,
    pub(crate) expression: Expression,
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum NoValue {
    #[error("{0}")]
    NoMatch(#[from] NoMatch),
    #[error(transparent)]
    Intrinsic(#[from] Trouble),
    #[error(transparent)]
    Query(#[from] NoAnswer),
}

impl Expression {
    /// What JSONPath allows behind `.$`.
    pub(crate) fn path_or_call(text: &str) -> Option<Expression> {
        if text.starts_with('$') {
            Path::parse(text).ok().map(Expression::Path)
        } else {
            Call::parse(text).map(Expression::Call)
        }
    }

    pub(crate) fn eval<'a>(&self, scope: &Scope<'a>) -> Result<Cow<'a, Value>, NoValue> {
        match self {
            Expression::Path(path) => Ok(path.eval(scope)?),
            Expression::Call(call) => Ok(Cow::Owned(call.eval(scope)?)),
            Expression::Query(query) => Ok(Cow::Owned(query.eval(scope)?)),
        }
    }

    pub(crate) fn text(&self) -> &str {
        match self {
            Expression::Path(path) => path.text(),
            Expression::Call(call) => call.text(),
            Expression::Query(query) => query.text(),
        }
    }

    /// The variables it reads.
    pub(crate) fn variables(&self, found: &mut dyn FnMut(&str)) {
        match self {
            Expression::Path(path) => path.variables(found),
            Expression::Call(call) => call.variables(found),
            Expression::Query(query) => query.variables().for_each(found),
        }
    }
}
