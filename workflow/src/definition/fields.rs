//! The fields of one JSON object of a document: each is asked for by name and form; what is wrong is noted with its
//! pointer, and what nobody asked for is unknown.

use super::Problem;
use crate::data::path::Path;
use crate::data::template::Template;
use serde_json::{Map, Value};
use std::cell::RefCell;

/// Where problems are collected.
pub(crate) type Problems = RefCell<Vec<Problem>>;

pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
    pointer: String,
    problems: &'a Problems,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Fields<'a> {
    /// Notes a problem and gives `None` when the value is no object.
    pub(crate) fn of(value: &'a Value, pointer: String, problems: &'a Problems) -> Option<Fields<'a>> {
        match value.as_object() {
            Some(object) => Some(Fields { object, pointer, problems, asked: RefCell::new(vec!["Comment"]) }),
            None => {
                let message = "Expected value of type Object".to_owned();
                problems.borrow_mut().push(Problem { pointer: shown(pointer), message });
                None
            }
        }
    }

    pub(crate) fn pointer(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, name.replace('~', "~0").replace('/', "~1"))
    }

    pub(crate) fn problem(&self, name: &str, message: impl Into<String>) {
        let pointer = if name.is_empty() { self.pointer.clone() } else { self.pointer(name) };
        self.problems.borrow_mut().push(Problem { pointer: shown(pointer), message: message.into() });
    }

    /// The fields of an object inside this one.
    pub(crate) fn inner(&self, name: &str, value: &'a Value) -> Option<Fields<'a>> {
        Fields::of(value, self.pointer(name), self.problems)
    }

    /// The fields of an object in a list inside this one.
    pub(crate) fn element(&self, name: &str, index: usize, value: &'a Value) -> Option<Fields<'a>> {
        Fields::of(value, format!("{}/{index}", self.pointer(name)), self.problems)
    }

    pub(crate) fn get(&self, name: &'static str) -> Option<&'a Value> {
        self.asked.borrow_mut().push(name);
        self.object.get(name)
    }

    pub(crate) fn need(&self, name: &'static str) -> Option<&'a Value> {
        let value = self.get(name);
        if value.is_none() {
            self.problem("", format!("These fields are required: [{name}]"));
        }
        value
    }

    /// The value in the form that `form` reads, or a problem.
    fn read<T>(
        &self,
        name: &'static str,
        expected: &str,
        form: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.get(name)?;
        let read = form(value);
        if read.is_none() {
            self.problem(name, expected);
        }
        read
    }

    pub(crate) fn text(&self, name: &'static str) -> Option<&'a str> {
        self.read(name, "Expected value of type String", Value::as_str)
    }

    pub(crate) fn need_text(&self, name: &'static str) -> Option<&'a str> {
        self.need(name)?;
        self.text(name)
    }

    pub(crate) fn flag(&self, name: &'static str) -> Option<bool> {
        self.read(name, "Expected value of type Boolean", Value::as_bool)
    }

    /// A whole number not below `least`.
    pub(crate) fn count(&self, name: &'static str, least: u32) -> Option<u32> {
        let form = |value: &Value| u32::try_from(value.as_u64()?).ok().filter(|&count| count >= least);
        self.read(name, &format!("Expected an integer of at least {least}"), form)
    }

    pub(crate) fn number(&self, name: &'static str, least: f64) -> Option<f64> {
        let form = |value: &Value| value.as_f64().filter(|&number| number >= least);
        self.read(name, &format!("Expected a number of at least {least}"), form)
    }

    pub(crate) fn list(&self, name: &'static str) -> Option<&'a Vec<Value>> {
        self.read(name, "Expected value of type Array", Value::as_array)
    }

    pub(crate) fn path(&self, name: &'static str) -> Option<Path> {
        self.read(name, "Value is not a valid JSONPath", |value| Path::parse(value.as_str()?).ok())
    }

    pub(crate) fn template(&self, name: &'static str) -> Option<Template> {
        match Template::parse(self.get(name)?) {
            Ok(template) => Some(template),
            Err(field) => {
                let message = format!(
                    "The value for the field '{field}' must be a valid JSONPath or a valid intrinsic function call"
                );
                self.problem(name, message);
                None
            }
        }
    }

    /// At most one of these may be there.
    pub(crate) fn at_most_one(&self, names: &[&'static str]) -> usize {
        let given: Vec<&str> = names.iter().copied().filter(|name| self.object.contains_key(*name)).collect();
        if given.len() > 1 {
            self.problem("", format!("At most one of these fields may be given: [{}]", given.join(", ")));
        }
        given.len()
    }

    pub(crate) fn exactly_one(&self, names: &[&'static str]) {
        if self.at_most_one(names) == 0 {
            self.problem("", format!("Exactly one of these fields is required: [{}]", names.join(", ")));
        }
    }

    /// A field whose name comes from the document.
    pub(crate) fn get_any(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.object.keys().map(String::as_str)
    }

    /// Notes every field that nobody asked for.
    pub(crate) fn finish(self) {
        let asked = self.asked.borrow();
        for name in self.object.keys().filter(|name| !asked.contains(&name.as_str())) {
            self.problem(name, format!("Field '{name}' is not supported"));
        }
    }
}

fn shown(pointer: String) -> String {
    if pointer.is_empty() { "/".to_owned() } else { pointer }
}
