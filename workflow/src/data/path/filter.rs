//! The filters of a JSONPath: `[?(@.price < 10 && @.name)]`.

use super::Path;
use super::walk::Work;
use serde_json::Value;
use std::borrow::Cow;
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
    pub(super) fn accepts(&self, current: &Value, work: &Work<'_>) -> bool {
        match self {
            Filter::Or(a, b) => a.accepts(current, work) || b.accepts(current, work),
            Filter::And(a, b) => a.accepts(current, work) && b.accepts(current, work),
            Filter::Not(inner) => !inner.accepts(current, work),
            Filter::Exists(operand) => operand.value(current, work).is_some(),
            Filter::Compare(a, compare, b) => {
                let (a, b) = (a.value(current, work), b.value(current, work));
                let seen = [&a, &b].into_iter().flatten().all(|value| work.look_at(value));
                seen && compare.holds(a.as_deref(), b.as_deref())
            }
        }
    }
}

impl Operand {
    fn value<'a>(&'a self, current: &'a Value, work: &Work<'a>) -> Option<Cow<'a, Value>> {
        match self {
            Operand::Current(path) => path.find_in(current, work).ok(),
            Operand::Root(path) => path.find_in(work.root, work).ok(),
            Operand::Literal(value) => Some(Cow::Borrowed(value)),
        }
    }
}

impl Compare {
    fn holds(self, a: Option<&Value>, b: Option<&Value>) -> bool {
        let order = match (a, b) {
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
            Compare::In => among(a, b),
            Compare::NotIn => !among(a, b),
            Compare::Contains => match (a, b) {
                (Some(Value::String(text)), Some(Value::String(part))) => text.contains(part.as_str()),
                (items, item) => among(item, items),
            },
            Compare::Size => length(a).is_some_and(|length| Some(&Value::from(length)) == b),
            Compare::Empty => length(a).is_some_and(|length| Some(&Value::from(length == 0)) == b),
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
