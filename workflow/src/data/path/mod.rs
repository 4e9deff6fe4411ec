//! JSONPath in AWS's dialect: hyphens are legal in dotted names, a definite path gives its value and an indefinite one
//! the array of its matches. Filters are read by [`super::path`]'s own small grammar in [`filter`].

mod filter;
mod function;
#[cfg(test)]
mod peers;
mod read;

use super::Scope;
use filter::Filter;
use function::Function;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt::Write as _;

/// A path as written, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    text: Box<str>,
    root: Root,
    steps: Vec<Step>,
    /// What is made of the value in the end.
    function: Option<Function>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Root {
    Data,
    Context,
    Variable(Box<str>),
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Child(Box<str>),
    Index(i64),
    Names(Vec<Box<str>>),
    Indices(Vec<i64>),
    Slice {
        start: Option<i64>,
        end: Option<i64>,
        stride: i64,
    },
    Wildcard,
    /// This value and everything below it.
    Descend,
    Filter(Filter),
}

/// The text is no JSONPath.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no valid JSONPath: {reason} at character {at}")]
pub(crate) struct BadPath {
    pub(crate) text: String,
    pub(crate) at: usize,
    pub(crate) reason: &'static str,
}

/// A definite path that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoMatch {
    #[error("Missing property in path {0}")]
    Missing(String),
    #[error("No results for path: {0}")]
    NoResults(String),
    #[error("Index out of bounds when evaluating path {0}")]
    OutOfBounds(String),
    #[error("The variable '{0}' was never assigned")]
    Unassigned(String),
}

/// What the name of a variable may begin with.
pub(crate) fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// What may follow in the name of a variable.
pub(crate) fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl Path {
    pub(crate) fn parse(text: &str) -> Result<Path, BadPath> {
        read::path(text)
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// `$`: the data itself, which need not even be parsed.
    pub(crate) fn is_whole(&self) -> bool {
        self.root == Root::Data && self.steps.is_empty() && self.function.is_none()
    }

    /// It looks into the data, not into a variable or the context object.
    pub(crate) fn reads_data(&self) -> bool {
        self.root == Root::Data
    }

    /// The variables it reads, those of its filters too.
    pub(crate) fn variables(&self, found: &mut dyn FnMut(&str)) {
        if let Root::Variable(name) = &self.root {
            found(name);
        }
    }

    /// A definite path names at most one value.
    fn names_one_value(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Step::Child(_) | Step::Index(_)))
    }

    /// The value in the scope.
    pub(crate) fn eval<'a>(&self, scope: &Scope<'a>) -> Result<Cow<'a, Value>, NoMatch> {
        let owned = |found: Cow<'_, Value>| Cow::Owned(found.into_owned());
        match &self.root {
            Root::Data => self.find(scope.data.value()),
            Root::Context => self.find(&scope.context.value()).map(owned),
            Root::Variable(name) => {
                let text = scope.variables.get(name).ok_or_else(|| NoMatch::Unassigned(name.to_string()))?;
                let value: Value = serde_json::from_str(text).unwrap_or(Value::Null);
                if self.steps.is_empty() && self.function.is_none() {
                    Ok(Cow::Owned(value))
                } else {
                    self.find(&value).map(owned)
                }
            }
        }
    }

    /// The value below `root`.
    pub(crate) fn find<'a>(&self, root: &'a Value) -> Result<Cow<'a, Value>, NoMatch> {
        let found = if self.names_one_value() {
            Cow::Borrowed(self.definite(root)?)
        } else {
            Cow::Owned(self.all(root))
        };
        match self.function {
            None => Ok(found),
            Some(function) => function
                .apply(&found)
                .map(Cow::Owned)
                .ok_or_else(|| NoMatch::NoResults(self.text.to_string())),
        }
    }

    /// The names along a path of plain children; reference paths are made of these.
    pub(super) fn children(&self) -> Option<Vec<super::reference::Part>> {
        use super::reference::Part;
        if self.function.is_some() {
            return None;
        }
        self.steps
            .iter()
            .map(|step| match step {
                Step::Child(name) => Some(Part::Name(name.clone())),
                Step::Index(index) => usize::try_from(*index).ok().map(Part::Index),
                _ => None,
            })
            .collect()
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

    fn all(&self, root: &Value) -> Value {
        let mut found = vec![root];
        for step in &self.steps {
            let mut next = Vec::new();
            for value in found {
                step.many(value, root, &mut next);
            }
            found = next;
        }
        Value::Array(found.into_iter().cloned().collect())
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

    fn many<'a>(&self, value: &'a Value, root: &Value, found: &mut Vec<&'a Value>) {
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
                found.extend(members(value).filter(|member| filter.accepts(member, root)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn find(path: &str, value: &Value) -> Value {
        Path::parse(path).unwrap().find(value).unwrap().into_owned()
    }

    #[test]
    fn definite_paths_give_the_value() {
        let value = json!({"a": {"b-c": [10, 20, 30]}, "x y": 1, "it's": 2, "ü": 3});
        for (path, expected) in [
            ("$", value.clone()),
            ("$.a.b-c", json!([10, 20, 30])),
            ("$.a.b-c[1]", json!(20)),
            ("$.a.b-c[-1]", json!(30)),
            ("$['a']['b-c'][0]", json!(10)),
            ("$[\"x y\"]", json!(1)),
            ("$['it\\'s']", json!(2)),
            ("$.ü", json!(3)),
        ] {
            assert_eq!(find(path, &value), expected, "{path}");
        }
    }

    #[test]
    fn indefinite_paths_give_an_array() {
        let value = json!({"items": [{"n": 1, "s": "a"}, {"n": 2}, {"n": 3, "s": "b"}], "deep": {"n": 9}});
        for (path, expected) in [
            ("$.items[*].n", json!([1, 2, 3])),
            ("$..n", json!([1, 2, 3, 9])),
            ("$.items[0:2].n", json!([1, 2])),
            ("$.items[-2:].n", json!([2, 3])),
            ("$.items[::2].n", json!([1, 3])),
            ("$.items[0,2].n", json!([1, 3])),
            ("$.items[?(@.n > 1)].n", json!([2, 3])),
            ("$.items[?(@.s == 'b')].n", json!([3])),
            ("$.items[?(@.s)].n", json!([1, 3])),
            ("$.items[?(@.n >= 2 && @.s != 'a')].n", json!([2, 3])),
            ("$.items[?(!@.s || @.n == $.deep.n)].n", json!([2])),
            ("$.none[*]", json!([])),
            ("$['deep','items']..s", json!(["a", "b"])),
            ("$.items.length()", json!(3)),
            ("$.items[*].n.sum()", json!(6)),
            ("$.items[*].n.avg()", json!(2)),
            ("$.items[?(@.n in [1, 3])].n", json!([1, 3])),
            ("$.items[?(@.s nin ['a'])].n", json!([2, 3])),
            ("$.items[?(@.s empty false)].n", json!([1, 3])),
        ] {
            assert_eq!(find(path, &value), expected, "{path}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let value = json!({"a": {"b": 1}, "list": [1]});
        for (path, expected) in [
            ("$.no.such", "Missing property in path $['no']"),
            ("$.a.c", "No results for path: $['a']['c']"),
            ("$.list[4]", "Index out of bounds when evaluating path $['list'][4]"),
        ] {
            assert_eq!(Path::parse(path).unwrap().find(&value).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in [
            "",
            "a",
            "$.",
            "$[",
            "$[1",
            "$['a'",
            "$[?(@.a ==)]",
            "$1x",
            "$..",
            "$[1:2:0]",
            "$.a b",
            "$[?(@.a]",
            "$.[0]x(",
        ] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\$?[a-z$.@\\[\\]()?*:,'\"<>=!&|0-9 -]{0,40}") {
            if let Ok(path) = Path::parse(&text) {
                let _ = path.find(&json!({"a": [1, {"b": "x"}], "c": {"a": null}}));
            }
        }
    }
}
