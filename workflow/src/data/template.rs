//! Templates: JSON in which some values are found when the state runs. In JSONPath a field whose name ends in `.$` is
//! replaced by what its path or intrinsic call gives; in JSONata every text between `{%` and `%}` is replaced.

use super::Scope;
use super::expression::{Expression, NoValue, Source};
use super::jsonata::{Place, Query, Refusal, delimited};
use serde_json::{Map, Value};

/// A template, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Template {
    Literal(Value),
    Object(Vec<(Box<str>, Template)>),
    Array(Vec<Template>),
    Found(Source),
}

impl Template {
    /// Reads a template in JSONPath; the problem is the name of the field that is no expression.
    pub(crate) fn of_paths(value: &Value) -> Result<Template, String> {
        let template = match value {
            Value::Object(fields) => {
                let field = |(name, value): (&String, &Value)| path_field(name, value);
                Template::Object(fields.iter().map(field).collect::<Result<_, _>>()?)
            }
            Value::Array(items) => {
                Template::Array(items.iter().map(Template::of_paths).collect::<Result<_, _>>()?)
            }
            scalar => Template::Literal(scalar.clone()),
        };
        Ok(template.folded(value))
    }

    /// Reads a template in JSONata that stands at `location` in its state. `refuse` is told of every expression that is
    /// none, with its place below the template; nothing is told twice.
    pub(crate) fn of_queries(
        value: &Value,
        location: &str,
        place: Place,
        refuse: &mut dyn FnMut(&str, &Refusal),
    ) -> Template {
        let template = match value {
            Value::Object(fields) => {
                let field = |(name, value): (&String, &Value)| {
                    let inner = Template::of_queries(value, &format!("{location}/{name}"), place, refuse);
                    (name.as_str().into(), inner)
                };
                Template::Object(fields.iter().map(field).collect())
            }
            Value::Array(items) => {
                let item = |(index, value): (usize, &Value)| {
                    Template::of_queries(value, &format!("{location}[{index}]"), place, refuse)
                };
                Template::Array(items.iter().enumerate().map(item).collect())
            }
            Value::String(text) => match delimited(text).map(|text| Query::parse(text, place)) {
                Some(Ok(query)) => {
                    return Template::Found(Source {
                        field: location.into(),
                        expression: Expression::Query(query),
                    });
                }
                Some(Err(refusal)) => {
                    refuse(location, &refusal);
                    Template::Literal(Value::Null)
                }
                None => Template::Literal(value.clone()),
            },
            scalar => Template::Literal(scalar.clone()),
        };
        template.folded(value)
    }

    /// A template without expressions is the value it was read from.
    fn folded(self, value: &Value) -> Template {
        if self.is_literal() { Template::Literal(value.clone()) } else { self }
    }

    fn is_literal(&self) -> bool {
        match self {
            Template::Literal(_) => true,
            Template::Found(_) => false,
            Template::Object(fields) => fields.iter().all(|(_, template)| template.is_literal()),
            Template::Array(items) => items.iter().all(Template::is_literal),
        }
    }

    /// The value in the scope, or the expression that has none.
    pub(crate) fn fill(&self, scope: &Scope<'_>) -> Result<Value, (&Source, NoValue)> {
        Ok(match self {
            Template::Literal(value) => value.clone(),
            Template::Found(source) => {
                source.expression.eval(scope).map_err(|none| (source, none))?.into_owned()
            }
            Template::Array(items) => items.iter().map(|item| item.fill(scope)).collect::<Result<_, _>>()?,
            Template::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(name, template)| Ok((name.to_string(), template.fill(scope)?)))
                    .collect::<Result<Map<_, _>, _>>()?,
            ),
        })
    }

    /// Every expression in it.
    pub(crate) fn sources(&self, found: &mut dyn FnMut(&Source)) {
        match self {
            Template::Literal(_) => {}
            Template::Found(source) => found(source),
            Template::Array(items) => items.iter().for_each(|item| item.sources(found)),
            Template::Object(fields) => fields.iter().for_each(|(_, template)| template.sources(found)),
        }
    }
}

fn path_field(name: &str, value: &Value) -> Result<(Box<str>, Template), String> {
    let Some(bare) = name.strip_suffix(".$") else { return Ok((name.into(), Template::of_paths(value)?)) };
    let expression = value.as_str().and_then(Expression::path_or_call).ok_or_else(|| name.to_owned())?;
    Ok((bare.into(), Template::Found(Source { field: name.into(), expression })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::context::in_bare_scope;
    use proptest::prelude::*;
    use serde_json::json;

    /// JSON of which some fields are expressions, or nearly so.
    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop::sample::select(vec![
            json!("$.a"),
            json!("$$.State.Name"),
            json!("States.Format('{}', $.a)"),
            json!("{% $states.input.a %}"),
            json!("{% 1 + %}"),
            json!("$none"),
            json!(null),
            json!(7),
        ]);
        leaf.prop_recursive(4, 24, 4, |inner| {
            let name = prop::sample::select(vec!["a", "a.$", "b", "b.$", ".$"]);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::vec((name, inner), 0..4).prop_map(|fields| {
                    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_document_is_filled_or_refused(document in document()) {
            let input = json!({"a": [1]});
            if let Ok(template) = Template::of_paths(&document) {
                let _ = in_bare_scope(&input, |scope| template.fill(scope).is_ok());
            }
            let template = Template::of_queries(&document, "Output", Place::State, &mut |_, _| {});
            let _ = in_bare_scope(&input, |scope| template.fill(scope).is_ok());
        }
    }
}
