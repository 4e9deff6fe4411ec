//! The filters of a JSONPath: `[?(@.price < 10 && @.name)]`.

use super::Path;
use serde_json::Value;
use std::cmp::Ordering;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    Or(Box<Filter>, Box<Filter>),
    And(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Exists(Operand),
    Compare(Operand, Compare, Operand),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Current(Path),
    Root(Path),
    Literal(Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    In,
    NotIn,
    Contains,
    Size,
    Empty,
}

impl Filter {
    pub(super) fn accepts(&self, current: &Value, root: &Value) -> bool {
        match self {
            Filter::Or(a, b) => a.accepts(current, root) || b.accepts(current, root),
            Filter::And(a, b) => a.accepts(current, root) && b.accepts(current, root),
            Filter::Not(inner) => !inner.accepts(current, root),
            Filter::Exists(operand) => operand.value(current, root).is_some(),
            Filter::Compare(a, compare, b) => compare.holds(a.value(current, root), b.value(current, root)),
        }
    }
}

impl Operand {
    fn value(&self, current: &Value, root: &Value) -> Option<Value> {
        match self {
            Operand::Current(path) => path.find(current).ok().map(|found| found.into_owned()),
            Operand::Root(path) => path.find(root).ok().map(|found| found.into_owned()),
            Operand::Literal(value) => Some(value.clone()),
        }
    }
}

impl Compare {
    fn holds(self, a: Option<Value>, b: Option<Value>) -> bool {
        let order = match (&a, &b) {
            (Some(Value::Number(a)), Some(Value::Number(b))) => a.as_f64().partial_cmp(&b.as_f64()),
            (Some(Value::String(a)), Some(Value::String(b))) => Some(a.cmp(b)),
            _ => (a == b).then_some(Ordering::Equal),
        };
        match self {
            Compare::Equal => order == Some(Ordering::Equal),
            Compare::NotEqual => order != Some(Ordering::Equal),
            Compare::Less => order == Some(Ordering::Less),
            Compare::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Compare::Greater => order == Some(Ordering::Greater),
            Compare::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Compare::In => among(a.as_ref(), b.as_ref()),
            Compare::NotIn => !among(a.as_ref(), b.as_ref()),
            Compare::Contains => match (&a, &b) {
                (Some(Value::String(text)), Some(Value::String(part))) => text.contains(part.as_str()),
                (items, item) => among(item.as_ref(), items.as_ref()),
            },
            Compare::Size => length(a.as_ref()).is_some_and(|length| Some(Value::from(length)) == b),
            Compare::Empty => length(a.as_ref()).is_some_and(|length| Some(Value::from(length == 0)) == b),
        }
    }
}

fn among(item: Option<&Value>, items: Option<&Value>) -> bool {
    item.zip(items.and_then(Value::as_array)).is_some_and(|(item, items)| items.contains(item))
}

fn length(value: Option<&Value>) -> Option<usize> {
    match value? {
        Value::Array(items) => Some(items.len()),
        Value::String(text) => Some(text.chars().count()),
        _ => None,
    }
}
