//! Payload templates: `Parameters`, `ResultSelector`, `ItemSelector`. A field whose name ends in `.$` is replaced by what
//! its path or intrinsic call gives.

use super::Scope;
use super::path::Path;
use crate::data::intrinsics::{Call, Trouble};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// A path or an intrinsic call: what the language allows behind `.$`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Path(Path),
    Call(Call),
}

/// A template, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Template {
    Literal(Value),
    Object(Vec<(Box<str>, Template)>),
    Array(Vec<Template>),
    /// The name as written, with its `.$`, for messages.
    Expression(Box<str>, Expression),
}

/// Why a template has no value for this input.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum Unfilled {
    #[error(
        "The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{input}'"
    )]
    NotFound { path: String, field: String, input: String },
    #[error(transparent)]
    Intrinsic(#[from] Trouble),
}

impl Expression {
    pub(crate) fn parse(text: &str) -> Option<Expression> {
        if text.starts_with('$') {
            Path::parse(text).ok().map(Expression::Path)
        } else {
            Call::parse(text).map(Expression::Call)
        }
    }

    /// The value in the scope; `field` is for the message.
    pub(crate) fn eval<'a>(&self, scope: &Scope<'a>, field: &str) -> Result<Cow<'a, Value>, Unfilled> {
        match self {
            Expression::Path(path) => path.eval(scope).map_err(|_| Unfilled::NotFound {
                path: path.text().to_owned(),
                field: field.to_owned(),
                input: scope.data.to_string(),
            }),
            Expression::Call(call) => Ok(Cow::Owned(call.eval(scope)?)),
        }
    }
}

impl Template {
    /// Reads a template; the problem is the name of the field that is no expression.
    pub(crate) fn parse(value: &Value) -> Result<Template, String> {
        let template = match value {
            Value::Object(fields) => Template::Object(
                fields.iter().map(|(name, value)| field(name, value)).collect::<Result<_, _>>()?,
            ),
            Value::Array(items) => {
                Template::Array(items.iter().map(Template::parse).collect::<Result<_, _>>()?)
            }
            scalar => Template::Literal(scalar.clone()),
        };
        Ok(if template.is_literal() { Template::Literal(value.clone()) } else { template })
    }

    fn is_literal(&self) -> bool {
        match self {
            Template::Literal(_) => true,
            Template::Expression(..) => false,
            Template::Object(fields) => fields.iter().all(|(_, template)| template.is_literal()),
            Template::Array(items) => items.iter().all(Template::is_literal),
        }
    }

    pub(crate) fn fill(&self, scope: &Scope<'_>) -> Result<Value, Unfilled> {
        Ok(match self {
            Template::Literal(value) => value.clone(),
            Template::Expression(name, expression) => expression.eval(scope, name)?.into_owned(),
            Template::Array(items) => items.iter().map(|item| item.fill(scope)).collect::<Result<_, _>>()?,
            Template::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(name, template)| Ok((name.to_string(), template.fill(scope)?)))
                    .collect::<Result<Map<_, _>, Unfilled>>()?,
            ),
        })
    }
}

fn field(name: &str, value: &Value) -> Result<(Box<str>, Template), String> {
    let Some(bare) = name.strip_suffix(".$") else { return Ok((name.into(), Template::parse(value)?)) };
    let expression = value.as_str().and_then(Expression::parse).ok_or_else(|| name.to_owned())?;
    Ok((bare.into(), Template::Expression(name.into(), expression)))
}
