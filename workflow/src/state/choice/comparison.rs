//! The comparisons of a Choice in JSONPath: And, Or, Not, and those of one variable.

use crate::data::Scope;
use crate::data::path::Path;
use crate::data::time;
use crate::definition::fields::Fields;
use serde_json::Value;
use std::cmp::Ordering;

/// Rules nest at most this deep.
const MAX_DEPTH: usize = 64;

#[derive(Debug)]
pub(super) enum Comparison {
    And(Vec<Comparison>),
    Or(Vec<Comparison>),
    Not(Box<Comparison>),
    Test { variable: Path, test: Test },
}

#[derive(Debug)]
pub(super) enum Test {
    /// `IsPresent` and its like: what the variable is, and whether it should be.
    Is(Is, bool),
    Matches(Box<str>),
    Compare(Kind, Compare, Operand),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    Present,
    Null,
    Numeric,
    String,
    Boolean,
    Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    Numeric,
    Boolean,
    Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    Equals,
    LessThan,
    GreaterThan,
    LessThanEquals,
    GreaterThanEquals,
}

#[derive(Debug)]
pub(super) enum Operand {
    Literal(Value),
    Path(Path),
}

/// A path of a rule that leads nowhere.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid path '{0}': The choice state's condition path references an invalid value.")]
pub(super) struct InvalidPath(String);

const IS: [(&str, Is); 6] = [
    ("IsPresent", Is::Present),
    ("IsNull", Is::Null),
    ("IsNumeric", Is::Numeric),
    ("IsString", Is::String),
    ("IsBoolean", Is::Boolean),
    ("IsTimestamp", Is::Timestamp),
];

/// Name with a literal, name with a path.
const COMPARISONS: [(&str, &str, Kind, Compare); 16] = [
    ("StringEquals", "StringEqualsPath", Kind::String, Compare::Equals),
    ("StringLessThan", "StringLessThanPath", Kind::String, Compare::LessThan),
    ("StringGreaterThan", "StringGreaterThanPath", Kind::String, Compare::GreaterThan),
    ("StringLessThanEquals", "StringLessThanEqualsPath", Kind::String, Compare::LessThanEquals),
    ("StringGreaterThanEquals", "StringGreaterThanEqualsPath", Kind::String, Compare::GreaterThanEquals),
    ("NumericEquals", "NumericEqualsPath", Kind::Numeric, Compare::Equals),
    ("NumericLessThan", "NumericLessThanPath", Kind::Numeric, Compare::LessThan),
    ("NumericGreaterThan", "NumericGreaterThanPath", Kind::Numeric, Compare::GreaterThan),
    ("NumericLessThanEquals", "NumericLessThanEqualsPath", Kind::Numeric, Compare::LessThanEquals),
    ("NumericGreaterThanEquals", "NumericGreaterThanEqualsPath", Kind::Numeric, Compare::GreaterThanEquals),
    ("BooleanEquals", "BooleanEqualsPath", Kind::Boolean, Compare::Equals),
    ("TimestampEquals", "TimestampEqualsPath", Kind::Timestamp, Compare::Equals),
    ("TimestampLessThan", "TimestampLessThanPath", Kind::Timestamp, Compare::LessThan),
    ("TimestampGreaterThan", "TimestampGreaterThanPath", Kind::Timestamp, Compare::GreaterThan),
    ("TimestampLessThanEquals", "TimestampLessThanEqualsPath", Kind::Timestamp, Compare::LessThanEquals),
    (
        "TimestampGreaterThanEquals",
        "TimestampGreaterThanEqualsPath",
        Kind::Timestamp,
        Compare::GreaterThanEquals,
    ),
];

impl Comparison {
    pub(super) fn read(fields: &Fields<'_>, depth: usize) -> Option<Comparison> {
        if depth > MAX_DEPTH {
            fields.problem("", format!("Choice rules may be nested at most {MAX_DEPTH} levels deep"));
            return None;
        }
        let list = |name: &'static str| -> Option<Vec<Comparison>> {
            let rules = fields.list(name)?;
            if rules.is_empty() {
                fields.problem(name, "Value cannot be empty");
            }
            let nested = |(index, value)| nested(fields.element(name, index, value)?, depth);
            rules.iter().enumerate().map(nested).collect()
        };
        if fields.keys().any(|key| key == "And") {
            return list("And").map(Comparison::And);
        }
        if fields.keys().any(|key| key == "Or") {
            return list("Or").map(Comparison::Or);
        }
        if let Some(value) = fields.get("Not") {
            return nested(fields.inner("Not", value)?, depth).map(|rule| Comparison::Not(Box::new(rule)));
        }
        fields.need("Variable");
        let variable = fields.path("Variable");
        let test = Test::read(fields);
        Some(Comparison::Test { variable: variable?, test: test? })
    }

    pub(super) fn holds(&self, scope: &Scope<'_>) -> Result<bool, InvalidPath> {
        match self {
            Comparison::Not(rule) => rule.holds(scope).map(|held| !held),
            Comparison::And(rules) => {
                for rule in rules {
                    if !rule.holds(scope)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Comparison::Or(rules) => {
                for rule in rules {
                    if rule.holds(scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Comparison::Test { variable, test } => match (variable.eval(scope), test) {
                (Err(_), Test::Is(Is::Present, wanted)) => Ok(!wanted),
                (Err(_), _) => Err(InvalidPath(variable.text().to_owned())),
                (Ok(value), test) => test.holds(&value, scope),
            },
        }
    }
}

fn nested(inner: Fields<'_>, depth: usize) -> Option<Comparison> {
    let rule = Comparison::read(&inner, depth + 1);
    inner.finish();
    rule
}

impl Test {
    fn read(fields: &Fields<'_>) -> Option<Test> {
        let mut tests: Vec<Test> = Vec::new();
        for (name, is) in IS {
            tests.extend(fields.flag(name).map(|wanted| Test::Is(is, wanted)));
        }
        tests.extend(fields.text("StringMatches").map(|pattern| Test::Matches(pattern.into())));
        for (name, path_name, kind, compare) in COMPARISONS {
            if let Some(literal) = fields.get(name) {
                if !kind.fits(literal) {
                    fields.problem(name, format!("Expected value of type {kind:?}"));
                }
                tests.push(Test::Compare(kind, compare, Operand::Literal(literal.clone())));
            }
            tests
                .extend(fields.path(path_name).map(|path| Test::Compare(kind, compare, Operand::Path(path))));
        }
        if tests.len() == 1 {
            return tests.pop();
        }
        fields.problem("", "A choice rule needs exactly one comparison");
        None
    }

    fn holds(&self, value: &Value, scope: &Scope<'_>) -> Result<bool, InvalidPath> {
        match self {
            Test::Is(is, wanted) => Ok(is.holds(value) == *wanted),
            Test::Matches(pattern) => Ok(value.as_str().is_some_and(|text| matches(pattern, text))),
            Test::Compare(kind, compare, Operand::Literal(literal)) => {
                Ok(compare.holds(kind.order(value, literal)))
            }
            Test::Compare(kind, compare, Operand::Path(path)) => {
                let other = path.eval(scope).map_err(|_| InvalidPath(path.text().to_owned()))?;
                Ok(compare.holds(kind.order(value, &other)))
            }
        }
    }
}

impl Is {
    fn holds(self, value: &Value) -> bool {
        match self {
            Is::Present => true,
            Is::Null => value.is_null(),
            Is::Numeric => value.is_number(),
            Is::String => value.is_string(),
            Is::Boolean => value.is_boolean(),
            Is::Timestamp => value.as_str().is_some_and(|text| time::parse(text).is_some()),
        }
    }
}

impl Kind {
    fn fits(self, literal: &Value) -> bool {
        match self {
            Kind::String => literal.is_string(),
            Kind::Numeric => literal.is_number(),
            Kind::Boolean => literal.is_boolean(),
            Kind::Timestamp => literal.as_str().is_some_and(|text| time::parse(text).is_some()),
        }
    }

    /// `None` when one of them is of another kind: no comparison holds then.
    fn order(self, a: &Value, b: &Value) -> Option<Ordering> {
        match self {
            Kind::String => Some(a.as_str()?.cmp(b.as_str()?)),
            Kind::Boolean => Some(a.as_bool()?.cmp(&b.as_bool()?)),
            Kind::Timestamp => Some(time::parse(a.as_str()?)?.cmp(&time::parse(b.as_str()?)?)),
            Kind::Numeric => match (a.as_i64(), b.as_i64()) {
                (Some(a), Some(b)) => Some(a.cmp(&b)),
                _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
            },
        }
    }
}

impl Compare {
    fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Compare::Equals => order == Some(Ordering::Equal),
            Compare::LessThan => order == Some(Ordering::Less),
            Compare::GreaterThan => order == Some(Ordering::Greater),
            Compare::LessThanEquals => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Compare::GreaterThanEquals => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

/// `*` stands for any text; `\*` and `\\` for themselves.
fn matches(pattern: &str, text: &str) -> bool {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            '*' => None,
            '\\' => Some(chars.next().unwrap_or('\\')),
            c => Some(c),
        });
    }
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut token, mut star) = (0, 0, None);
    while at < text.len() {
        match tokens.get(token) {
            Some(None) => {
                star = Some((token, at));
                token += 1;
            }
            Some(Some(c)) if *c == text[at] => {
                at += 1;
                token += 1;
            }
            // Nothing fits here: let the last star take one character more.
            _ => match star {
                Some((star_token, star_at)) => {
                    star = Some((star_token, star_at + 1));
                    at = star_at + 1;
                    token = star_token + 1;
                }
                None => return false,
            },
        }
    }
    tokens[token..].iter().all(Option::is_none)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::context::in_bare_scope;
    use crate::definition::notes::Notes;
    use serde_json::json;

    fn holds(rule: Value, data: &Value) -> Option<bool> {
        let notes = Notes::default();
        let fields = Fields::of(&rule, &notes)?;
        let rule = Comparison::read(&fields, 0)?;
        assert!(notes.finish().0.is_empty());
        in_bare_scope(data, |scope| rule.holds(scope).ok())
    }

    #[test]
    fn every_comparison_orders_its_own_kind() {
        let values = [
            ("String", json!("a"), json!("b"), json!("c"), json!(1)),
            ("Numeric", json!(1), json!(1.5), json!(2), json!("1")),
            (
                "Timestamp",
                json!("2020-01-01T00:00:00Z"),
                json!("2020-01-01T02:00:00+01:00"),
                json!("2020-01-01T02:00:00Z"),
                json!("x"),
            ),
        ];
        let operators = [
            ("Equals", [false, true, false]),
            ("LessThan", [true, false, false]),
            ("GreaterThan", [false, false, true]),
            ("LessThanEquals", [true, true, false]),
            ("GreaterThanEquals", [false, true, true]),
        ];
        for (kind, low, middle, high, foreign) in values {
            for (operator, expected) in operators {
                let data = json!({"low": low, "middle": middle, "high": high, "foreign": foreign});
                for (name, expected) in
                    ["low", "middle", "high", "foreign"].iter().zip(expected.into_iter().chain([false]))
                {
                    let literal =
                        json!({"Variable": format!("$.{name}"), format!("{kind}{operator}"): middle});
                    assert_eq!(holds(literal.clone(), &data), Some(expected), "{literal} of {data}");
                    let path =
                        json!({"Variable": format!("$.{name}"), format!("{kind}{operator}Path"): "$.middle"});
                    assert_eq!(holds(path.clone(), &data), Some(expected), "{path} of {data}");
                }
            }
        }
        assert_eq!(holds(json!({"Variable": "$.b", "BooleanEquals": true}), &json!({"b": true})), Some(true));
        assert_eq!(
            holds(json!({"Variable": "$.b", "BooleanEqualsPath": "$.c"}), &json!({"b": true, "c": false})),
            Some(false)
        );
    }

    #[test]
    fn is_says_what_a_variable_is() {
        let data =
            json!({"null": null, "number": 1, "text": "t", "flag": true, "time": "2020-01-01T00:00:00Z"});
        for (name, is) in [
            ("null", "IsNull"),
            ("number", "IsNumeric"),
            ("text", "IsString"),
            ("flag", "IsBoolean"),
            ("time", "IsTimestamp"),
        ] {
            for other in ["null", "number", "text", "flag", "time"] {
                let expected = name == other || (other == "time" && is == "IsString");
                assert_eq!(
                    holds(json!({"Variable": format!("$.{other}"), is: true}), &data),
                    Some(expected),
                    "{is} {other}"
                );
                assert_eq!(
                    holds(json!({"Variable": format!("$.{other}"), is: false}), &data),
                    Some(!expected),
                    "not {is} {other}"
                );
            }
        }
        assert_eq!(holds(json!({"Variable": "$.none", "IsPresent": false}), &data), Some(true));
        assert_eq!(holds(json!({"Variable": "$.none", "IsNull": true}), &data), None);
        let both = json!({"And": [{"Variable": "$.none", "IsPresent": true}, {"Variable": "$.none", "IsNull": true}]});
        assert_eq!(holds(both, &data), Some(false), "And stops at the first rule that does not hold");
    }

    #[test]
    fn patterns_match_with_stars() {
        for (pattern, text, expected) in [
            ("*.log", "a.log", true),
            ("a*b*c", "aXbYbc", true),
            ("a*b*c", "aXbYb", false),
            ("*", "", true),
            ("", "", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "aXb", false),
            ("a\\\\*", "a\\x", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
