//! Intrinsic functions: `States.Format('{}', $.name)`. Reading a call is here, what each function does in [`functions`].

mod functions;

use super::Scope;
use super::path::Path;
pub(crate) use functions::{digest, draw, draw_uuid};

use functions::Function;
use serde_json::Value;

/// Calls nest at most this deep, as on AWS.
const MAX_NESTING: usize = 10;

/// A call, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    text: Box<str>,
    function: Function,
    arguments: Vec<Argument>,
}

#[derive(Debug, Clone, PartialEq)]
enum Argument {
    Literal(Value),
    Path(Path),
    Call(Call),
}

/// A call that has no value for these arguments: `States.IntrinsicFailure`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("The function '{call}' had the following error: {reason}")]
pub(crate) struct Trouble {
    pub(crate) call: String,
    pub(crate) reason: String,
}

impl Call {
    /// `None` when the text is no call of a known function with as many arguments as it takes.
    pub(crate) fn parse(text: &str) -> Option<Call> {
        let mut reader = Reader { rest: text };
        let call = reader.call(0)?;
        reader.rest.trim().is_empty().then_some(call)
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The variables its arguments read.
    pub(crate) fn variables(&self, found: &mut dyn FnMut(&str)) {
        for argument in &self.arguments {
            match argument {
                Argument::Literal(_) => {}
                Argument::Path(path) => path.variables(found),
                Argument::Call(call) => call.variables(found),
            }
        }
    }

    pub(crate) fn eval(&self, scope: &Scope<'_>) -> Result<Value, Trouble> {
        let trouble = |reason: String| Trouble { call: self.text.to_string(), reason };
        let mut values = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            values.push(match argument {
                Argument::Literal(value) => value.clone(),
                Argument::Call(call) => call.eval(scope)?,
                Argument::Path(path) => {
                    path.eval(scope).map_err(|none| trouble(none.to_string()))?.into_owned()
                }
            });
        }
        self.function.apply(&values, scope.random).map_err(trouble)
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn eat(&mut self, token: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(token)?;
        Some(())
    }

    fn call(&mut self, depth: usize) -> Option<Call> {
        if depth >= MAX_NESTING {
            return None;
        }
        let start = self.rest;
        let (name, rest) = self.rest.split_once('(')?;
        let function = Function::named(name.trim())?;
        self.rest = rest;
        let mut arguments = Vec::new();
        if self.eat(')').is_none() {
            loop {
                arguments.push(self.argument(depth)?);
                if self.eat(',').is_none() {
                    break;
                }
            }
            self.eat(')')?;
        }
        function.takes(arguments.len()).then_some(())?;
        Some(Call { text: start[..start.len() - self.rest.len()].into(), function, arguments })
    }

    fn argument(&mut self, depth: usize) -> Option<Argument> {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next()? {
            '\'' => self.quoted().map(|text| Argument::Literal(Value::String(text))),
            '$' => {
                let text = self.word();
                Path::parse(text).ok().map(Argument::Path)
            }
            'S' => self.call(depth + 1).map(Argument::Call),
            _ => {
                let text = self.word();
                serde_json::from_str(text).ok().map(Argument::Literal)
            }
        }
    }

    /// Up to the comma or parenthesis that ends the argument, brackets and quotes skipped.
    fn word(&mut self) -> &str {
        let (mut depth, mut quote, mut end) = (0_usize, None, self.rest.len());
        for (at, c) in self.rest.char_indices() {
            match (quote, c) {
                (Some(open), c) if open == c => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') if depth > 0 => quote = Some(c),
                (None, '[' | '(') => depth += 1,
                (None, ']') => depth = depth.saturating_sub(1),
                (None, ')') if depth > 0 => depth -= 1,
                (None, ',' | ')') if depth == 0 => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.trim_end()
    }

    /// A string in single quotes, in which only a quote, a backslash and braces may be escaped. Escaped braces keep
    /// their backslash, for `States.Format` to see.
    fn quoted(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                '\\' => match chars.next()?.1 {
                    escaped @ ('\'' | '\\') => text.push(escaped),
                    brace @ ('{' | '}') => text.extend(['\\', brace]),
                    'n' => text.push('\n'),
                    _ => return None,
                },
                c => text.push(c),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn eval(text: &str, data: &Value) -> Option<Value> {
        crate::data::context::in_bare_scope(data, |scope| Call::parse(text)?.eval(scope).ok())
    }

    #[test]
    fn each_function_gives_what_the_language_says() {
        let data = json!({"name": "Ada", "list": [1, 2, 3, 3], "a": {"x": 1, "y": 1}, "b": {"y": 2}, "n": 7});
        for (call, expected) in [
            ("States.Format('Hi {}, {}', $.name, $.n)", json!("Hi Ada, 7")),
            ("States.Format('\\{{}\\} it\\'s', 'x')", json!("{x} it's")),
            ("States.Array(1, 'a', null, $.n)", json!([1, "a", null, 7])),
            ("States.Format('{} {}', $.a, $.list)", json!("{x=1, y=1} [1, 2, 3, 3]")),
            ("States.MathAdd(-1.5, -1.49)", json!(-2)),
            ("States.MathAdd(-1.51, 2.5)", json!(1)),
            ("States.ArrayPartition($.list, 3)", json!([[1, 2, 3], [3]])),
            ("States.ArrayContains($.list, 2)", json!(true)),
            ("States.ArrayRange(1, 9, 2)", json!([1, 3, 5, 7, 9])),
            ("States.ArrayRange(3, 1, -1)", json!([3, 2, 1])),
            ("States.ArrayGetItem($.list, 2)", json!(3)),
            ("States.ArrayLength($.list)", json!(4)),
            ("States.ArrayUnique($.list)", json!([1, 2, 3])),
            ("States.Base64Encode('abc')", json!("YWJj")),
            ("States.Base64Decode('YWJj')", json!("abc")),
            ("States.JsonMerge($.a, $.b, false)", json!({"x": 1, "y": 2})),
            ("States.StringToJson('{\"k\": [1]}')", json!({"k": [1]})),
            ("States.JsonToString($.b)", json!("{\"y\":2}")),
            ("States.MathAdd($.n, -1)", json!(6)),
            ("States.StringSplit('1,2;3', ',;')", json!(["1", "2", "3"])),
            ("States.ArrayLength(States.Array(States.Format('{}', 1)))", json!(1)),
            (
                "States.Hash('input data', 'SHA-256')",
                json!("b4a697a057313163aee33cd8d40c66e9d0f177e00ac2de32475ffff6169c3ca4"),
            ),
        ] {
            let value = eval(call, &data);
            if call.starts_with("States.Hash") {
                assert_eq!(value.unwrap().as_str().unwrap().len(), 64);
            } else {
                assert_eq!(value, Some(expected), "{call}");
            }
        }
    }

    #[test]
    fn random_functions_draw_from_the_seed() {
        let data = json!({});
        assert_eq!(eval("States.UUID()", &data), eval("States.UUID()", &data));
        let drawn = eval("States.MathRandom(5, 9)", &data).unwrap().as_i64().unwrap();
        assert!((5..9).contains(&drawn));
    }

    #[test]
    fn what_is_no_call_is_refused() {
        for text in [
            "States.Nope()",
            "States.Format(",
            "States.UUID(1)",
            "States.Format('a\\\"')",
            "Format('x')",
            "States.MathAdd(1,2) x",
        ] {
            assert!(Call::parse(text).is_none(), "{text}");
        }
        for call in [
            "States.ArrayGetItem($.list, 9)",
            "States.MathAdd('a', 1)",
            "States.StringToJson('{')",
            "States.Format('{}{}', 1)",
        ] {
            assert!(Call::parse(call).is_some() && eval(call, &json!({"list": []})).is_none(), "{call}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_and_no_argument_makes_it_panic(
            text in "[ -~]{0,30}",
            name in proptest::sample::select(vec!["Format", "Array", "ArrayPartition", "ArrayRange", "ArrayGetItem",
                "ArrayContains", "ArrayUnique", "ArrayLength", "Base64Decode", "Hash", "JsonMerge", "StringToJson",
                "MathRandom", "MathAdd", "StringSplit", "UUID"]),
            arguments in proptest::collection::vec(proptest::sample::select(vec!["$.list", "$.n", "$.a", "-1", "1e300",
                "'{}\\\\'", "null", "true", "States.Array()", "$.none", "9223372036854775807", "0.5"]), 0..4),
        ) {
            let data = json!({"list": [1, "x"], "n": -3, "a": {"x": []}});
            let _ = eval(&text, &data);
            let _ = eval(&format!("States.{name}({})", arguments.join(", ")), &data);
        }
    }
}
