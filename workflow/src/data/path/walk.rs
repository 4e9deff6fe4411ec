//! Finds what a path names, within bounds: a hostile path could look at everything below everything, or copy it.

use super::{NoMatch, Path, Step};
use serde_json::Value;
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::Write as _;

/// How many values one path may look at, and what it may copy: a unit for each value, and for so many bytes of a text.
const LOOKS: usize = 5_000_000;
const COPIES: usize = 1_000_000;
const BYTES: usize = 32;

/// The work of finding what one path names, with all that its filters look at.
pub(super) struct Work<'a> {
    /// What `$` is, in filters too.
    pub(super) root: &'a Value,
    looks: Cell<usize>,
    copies: Cell<usize>,
}

impl Work<'_> {
    fn on(root: &Value) -> Work<'_> {
        Work { root, looks: Cell::new(LOOKS), copies: Cell::new(COPIES) }
    }

    fn is_over(&self) -> bool {
        self.looks.get() == 0 || self.copies.get() == 0
    }

    /// Looks at all of the value; whether there was any work left to do.
    pub(super) fn look_at(&self, value: &Value) -> bool {
        spend_on(&self.looks, value)
    }
}

fn spend(left: &Cell<usize>, units: usize) -> bool {
    left.set(left.get().saturating_sub(units));
    left.get() > 0
}

fn spend_on(left: &Cell<usize>, value: &Value) -> bool {
    let own = match value {
        Value::String(text) => 1 + text.len() / BYTES,
        _ => 1,
    };
    spend(left, own)
        && match value {
            Value::Array(items) => items.iter().all(|item| spend_on(left, item)),
            Value::Object(fields) => fields.values().all(|field| spend_on(left, field)),
            _ => true,
        }
}

impl Path {
    /// The value below `root`.
    pub(crate) fn find<'a>(&self, root: &'a Value) -> Result<Cow<'a, Value>, NoMatch> {
        self.find_in(root, &Work::on(root))
    }

    /// The value below `value`, as part of the work of finding what another path names.
    pub(super) fn find_in<'a>(&self, value: &'a Value, work: &Work<'_>) -> Result<Cow<'a, Value>, NoMatch> {
        let found = if self.names_one_value() {
            Cow::Borrowed(self.definite(value)?)
        } else {
            Cow::Owned(self.all(value, work))
        };
        if work.is_over() {
            return Err(NoMatch::TooMuch(self.text.to_string()));
        }
        match self.function {
            None => Ok(found),
            Some(function) => function
                .apply(&found)
                .map(Cow::Owned)
                .ok_or_else(|| NoMatch::NoResults(self.text.to_string())),
        }
    }

    /// A definite path names at most one value.
    fn names_one_value(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Step::Child(_) | Step::Index(_)))
    }

    fn definite<'a>(&self, root: &'a Value) -> Result<&'a Value, NoMatch> {
        let mut value = root;
        for (depth, step) in self.steps.iter().enumerate() {
            value = step.one(value).ok_or_else(|| self.missing(depth))?;
        }
        Ok(value)
    }

    fn missing(&self, depth: usize) -> NoMatch {
        let mut path = String::from("$");
        for step in &self.steps[..=depth] {
            match step {
                Step::Child(name) => write!(path, "['{name}']"),
                Step::Index(index) => write!(path, "[{index}]"),
                _ => Ok(()),
            }
            .expect("writing to a string cannot fail");
        }
        match self.steps[depth] {
            Step::Index(_) => NoMatch::OutOfBounds(path),
            _ if depth + 1 == self.steps.len() => NoMatch::NoResults(path),
            _ => NoMatch::Missing(path),
        }
    }

    fn all(&self, root: &Value, work: &Work<'_>) -> Value {
        let mut found = vec![root];
        for step in &self.steps {
            let mut next = Vec::new();
            for value in found {
                let before = next.len();
                step.many(value, work, &mut next);
                spend(&work.looks, 1 + next.len() - before);
            }
            found = next;
        }
        let kept = found.into_iter().take_while(|value| spend_on(&work.copies, value));
        Value::Array(kept.cloned().collect())
    }
}

impl Step {
    fn one<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        match self {
            Step::Child(name) => value.as_object()?.get(name.as_ref()),
            Step::Index(index) => {
                let items = value.as_array()?;
                items.get(position(*index, items.len())?)
            }
            _ => None,
        }
    }

    fn many<'a>(&self, value: &'a Value, work: &Work<'_>, found: &mut Vec<&'a Value>) {
        if work.is_over() {
            return;
        }
        match self {
            Step::Child(_) | Step::Index(_) => found.extend(self.one(value)),
            Step::Names(names) => {
                found.extend(names.iter().filter_map(|name| value.as_object()?.get(name.as_ref())))
            }
            Step::Indices(indices) => found.extend(indices.iter().filter_map(|&index| {
                value.as_array().and_then(|items| items.get(position(index, items.len())?))
            })),
            Step::Wildcard => found.extend(members(value)),
            Step::Slice { start, end, stride } => slice(value, *start, *end, *stride, found),
            Step::Descend => descend(value, found),
            Step::Filter(filter) => {
                found.extend(members(value).filter(|member| filter.accepts(member, work)))
            }
        }
    }
}

fn members(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(fields) => Box::new(fields.values()),
        _ => Box::new(std::iter::empty()),
    }
}

fn descend<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    found.push(value);
    members(value).for_each(|member| descend(member, found));
}

fn slice<'a>(
    value: &'a Value,
    start: Option<i64>,
    end: Option<i64>,
    stride: i64,
    found: &mut Vec<&'a Value>,
) {
    let Some(items) = value.as_array() else { return };
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let clamp = |index: i64| (if index < 0 { index.saturating_add(length) } else { index }).clamp(0, length);
    let (start, end) = (clamp(start.unwrap_or(0)), clamp(end.unwrap_or(length)));
    let stride = usize::try_from(stride).unwrap_or(1).max(1);
    let span = usize::try_from(start).unwrap_or(0)
        ..usize::try_from(end).unwrap_or(0).max(usize::try_from(start).unwrap_or(0));
    found.extend(items[span].iter().step_by(stride));
}

fn position(index: i64, length: usize) -> Option<usize> {
    if index >= 0 {
        usize::try_from(index).ok()
    } else {
        length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
    }
}
