//! JSONPath in AWS's dialect: hyphens are legal in dotted names, a definite path gives its value and an indefinite one
//! the array of its matches. The text is read in [`read`], and what it names is looked for in [`walk`].

mod filter;
mod function;
#[cfg(test)]
mod peers;
mod read;
mod walk;

use super::Scope;
use filter::Filter;
use function::Function;
use serde_json::Value;
use std::borrow::Cow;

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
    #[error("There is too much to look at for path {0}")]
    TooMuch(String),
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

    #[test]
    fn a_path_that_looks_at_everything_again_and_again_ends_within_its_bounds() {
        let deep = (0..90).fold(json!("x".repeat(200_000)), |inner, _| json!([inner, 1]));
        let wide: Value = (0..50_000).map(|n| json!({"n": n})).collect();
        for (path, value) in [
            ("$..*..*..*..*", &deep),
            ("$..*..*", &deep),
            ("$[?(@.n in $..n)]", &wide),
            ("$[?($ == $)]", &wide),
            ("$[?(@.n && $..[?($..n == @)])]", &wide),
        ] {
            let found = Path::parse(path).unwrap().find(value).map(Cow::into_owned);
            assert_eq!(found, Err(NoMatch::TooMuch(path.to_owned())), "{path}");
        }
        assert_eq!(find("$..n.length()", &wide), json!(50_000));
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
