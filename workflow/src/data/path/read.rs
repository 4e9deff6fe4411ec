//! Reads the text of a JSONPath.

use super::filter::{Compare, Filter, Operand};
use super::function::Function;
use super::{BadPath, Path, Root, Step};
use serde_json::Value;

/// Filters nest at most this deep, so that a hostile path cannot exhaust the stack.
const MAX_DEPTH: usize = 32;

pub(super) fn path(text: &str) -> Result<Path, BadPath> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let path = reader.path()?;
    if reader.at < text.len() {
        return Err(reader.bad("unexpected text"));
    }
    Ok(Path { text: text.into(), ..path })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn bad(&self, reason: &'static str) -> BadPath {
        BadPath { text: self.text.to_owned(), at: self.at, reason }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn need(&mut self, token: &str, reason: &'static str) -> Result<(), BadPath> {
        if self.eat(token) { Ok(()) } else { Err(self.bad(reason)) }
    }

    fn spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take_while(&mut self, accepts: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !accepts(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn path(&mut self) -> Result<Path, BadPath> {
        let start = self.at;
        let root = if self.eat("$$") {
            Root::Context
        } else {
            self.need("$", "a path begins with $")?;
            match self.variable() {
                "" => Root::Data,
                name => Root::Variable(name.into()),
            }
        };
        let (steps, function) = self.steps()?;
        Ok(Path { text: self.text[start..self.at].into(), root, steps, function })
    }

    /// The name behind the `$`, when there is one.
    fn variable(&mut self) -> &'a str {
        match self.peek() {
            Some(first) if super::starts_name(first) => self.take_while(super::continues_name),
            _ => "",
        }
    }

    fn steps(&mut self) -> Result<(Vec<Step>, Option<Function>), BadPath> {
        let mut steps = Vec::new();
        loop {
            if self.eat("..") {
                steps.push(Step::Descend);
                let step = if self.peek() == Some('[') { self.bracket()? } else { self.dotted()? };
                steps.push(step);
            } else if let Some(function) = self.function() {
                return Ok((steps, Some(function)));
            } else if self.eat(".") {
                let step = if self.peek() == Some('[') { self.bracket()? } else { self.dotted()? };
                steps.push(step);
            } else if self.peek() == Some('[') {
                steps.push(self.bracket()?);
            } else {
                return Ok((steps, None));
            }
        }
    }

    /// `.length()`, which ends the path.
    fn function(&mut self) -> Option<Function> {
        let (name, _) = self.rest().strip_prefix('.')?.split_once("()")?;
        let function = Function::named(name)?;
        self.at += name.len() + 3;
        Some(function)
    }

    fn dotted(&mut self) -> Result<Step, BadPath> {
        if self.eat("*") {
            return Ok(Step::Wildcard);
        }
        let name =
            self.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '@') || !c.is_ascii());
        if name.is_empty() { Err(self.bad("a name was expected")) } else { Ok(Step::Child(name.into())) }
    }

    fn bracket(&mut self) -> Result<Step, BadPath> {
        self.need("[", "[ was expected")?;
        self.spaces();
        let step = match self.peek() {
            Some('*') => {
                self.at += 1;
                Step::Wildcard
            }
            Some('?') => {
                self.at += 1;
                self.spaces();
                self.need("(", "( was expected")?;
                let filter = self.any_of()?;
                self.need(")", ") was expected")?;
                Step::Filter(filter)
            }
            Some('\'' | '"') => self.names()?,
            _ => self.numbers()?,
        };
        self.spaces();
        self.need("]", "] was expected")?;
        Ok(step)
    }

    fn names(&mut self) -> Result<Step, BadPath> {
        let mut names = vec![self.quoted()?];
        self.spaces();
        while self.eat(",") {
            self.spaces();
            names.push(self.quoted()?);
            self.spaces();
        }
        Ok(if names.len() == 1 { Step::Child(names.remove(0)) } else { Step::Names(names) })
    }

    fn quoted(&mut self) -> Result<Box<str>, BadPath> {
        let quote = self
            .peek()
            .filter(|c| matches!(c, '\'' | '"'))
            .ok_or_else(|| self.bad("a quoted name was expected"))?;
        let mut name = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((offset, c)) = chars.next() {
            match c {
                // Only the quote itself and the backslash can be escaped; before anything else it stands for itself.
                '\\' => match chars.next() {
                    Some((_, escaped)) if escaped == quote || escaped == '\\' => name.push(escaped),
                    Some((_, other)) => name.extend(['\\', other]),
                    None => {}
                },
                c if c == quote => {
                    self.at += offset + c.len_utf8();
                    return Ok(name.into());
                }
                c => name.push(c),
            }
        }
        Err(self.bad("the quote is not closed"))
    }

    fn numbers(&mut self) -> Result<Step, BadPath> {
        let first = self.integer()?;
        self.spaces();
        if self.eat(":") {
            let end = self.integer()?;
            let stride = if self.eat(":") { self.integer()?.unwrap_or(1) } else { 1 };
            if stride < 1 {
                return Err(self.bad("the stride must be positive"));
            }
            return Ok(Step::Slice { start: first, end, stride });
        }
        let first = first.ok_or_else(|| self.bad("an index was expected"))?;
        let mut indices = vec![first];
        while self.eat(",") {
            self.spaces();
            indices.push(self.integer()?.ok_or_else(|| self.bad("an index was expected"))?);
            self.spaces();
        }
        Ok(if indices.len() == 1 { Step::Index(first) } else { Step::Indices(indices) })
    }

    fn integer(&mut self) -> Result<Option<i64>, BadPath> {
        self.spaces();
        let text = self.take_while(|c| c == '-' || c.is_ascii_digit());
        if text.is_empty() {
            Ok(None)
        } else {
            text.parse().map(Some).map_err(|_| self.bad("this is no index"))
        }
    }

    fn any_of(&mut self) -> Result<Filter, BadPath> {
        let mut filter = self.all_of()?;
        while self.eat("||") {
            filter = Filter::Or(Box::new(filter), Box::new(self.all_of()?));
        }
        Ok(filter)
    }

    fn all_of(&mut self) -> Result<Filter, BadPath> {
        let mut filter = self.test()?;
        while self.eat("&&") {
            filter = Filter::And(Box::new(filter), Box::new(self.test()?));
        }
        Ok(filter)
    }

    fn test(&mut self) -> Result<Filter, BadPath> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.bad("the filter is too deep"));
        }
        self.spaces();
        let filter = if self.eat("!") {
            Filter::Not(Box::new(self.test()?))
        } else if self.eat("(") {
            let inner = self.any_of()?;
            self.need(")", ") was expected")?;
            inner
        } else {
            self.comparison()?
        };
        self.spaces();
        self.depth -= 1;
        Ok(filter)
    }

    fn comparison(&mut self) -> Result<Filter, BadPath> {
        let left = self.operand()?;
        self.spaces();
        for (token, compare) in [
            ("==", Compare::Equal),
            ("!=", Compare::NotEqual),
            ("<=", Compare::AtMost),
            (">=", Compare::AtLeast),
            ("<", Compare::Less),
            (">", Compare::Greater),
            ("in ", Compare::In),
            ("nin ", Compare::NotIn),
            ("contains ", Compare::Contains),
            ("size ", Compare::Size),
            ("empty ", Compare::Empty),
        ] {
            if self.eat(token) {
                self.spaces();
                return Ok(Filter::Compare(left, compare, self.operand()?));
            }
        }
        match left {
            Operand::Literal(_) => Err(self.bad("a comparison was expected")),
            path => Ok(Filter::Exists(path)),
        }
    }

    fn operand(&mut self) -> Result<Operand, BadPath> {
        match self.peek() {
            Some('@') => {
                self.at += 1;
                let (steps, function) = self.steps()?;
                Ok(Operand::Current(Path { text: "".into(), root: Root::Data, steps, function }))
            }
            Some('$') => match self.path()? {
                path if path.reads_data() => Ok(Operand::Root(path)),
                _ => Err(self.bad("a filter reads the data alone")),
            },
            Some('\'' | '"') => Ok(Operand::Literal(Value::String(self.quoted()?.into()))),
            Some('[') => self.literals().map(Operand::Literal),
            _ => {
                let text = self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'));
                serde_json::from_str(text).map(Operand::Literal).map_err(|_| self.bad("a value was expected"))
            }
        }
    }

    /// A list of literals, as `in` takes it.
    fn literals(&mut self) -> Result<Value, BadPath> {
        self.need("[", "[ was expected")?;
        let mut items = Vec::new();
        loop {
            self.spaces();
            if self.eat("]") {
                return Ok(Value::Array(items));
            }
            match self.peek() {
                // Lists do not nest.
                Some('[' | '@' | '$') | None => return Err(self.bad("a literal was expected")),
                _ => match self.operand()? {
                    Operand::Literal(value) => items.push(value),
                    _ => return Err(self.bad("a literal was expected")),
                },
            }
            self.spaces();
            self.eat(",");
        }
    }
}
