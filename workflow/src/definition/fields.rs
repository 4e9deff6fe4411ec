//! The fields of one JSON object of a document: each is asked for by name and form; what is wrong is noted with its
//! pointer, and what nobody asked for is unknown.

use super::notes::Notes;
use super::{Code, Problem};
use crate::data::expression::{Expression, Language, Source};
use crate::data::jsonata::{Place, Query, Refusal, delimited};
use crate::data::path::Path;
use crate::data::template::Template;
use serde_json::{Map, Value};
use std::cell::RefCell;

pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
    pointer: String,
    /// Where in its state this object stands, as AWS names the place of an expression: `Choices[0]`.
    location: String,
    pub(crate) language: Language,
    /// The state that the object belongs to, and the machine that the state belongs to.
    pub(crate) state: Option<&'a str>,
    pub(crate) scope: usize,
    pub(crate) notes: &'a Notes,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Fields<'a> {
    /// The fields of a whole document. Notes a problem and gives `None` when the value is no object.
    pub(crate) fn of(value: &'a Value, notes: &'a Notes) -> Option<Fields<'a>> {
        let object = object(value, "", notes)?;
        let asked = RefCell::new(vec!["Comment"]);
        let (pointer, location) = (String::new(), String::new());
        Some(Fields {
            object,
            pointer,
            location,
            language: Language::default(),
            state: None,
            scope: 0,
            notes,
            asked,
        })
    }

    pub(crate) fn pointer(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, name.replace('~', "~0").replace('/', "~1"))
    }

    /// Where in its state a field of this object stands.
    pub(crate) fn location(&self, name: &str) -> String {
        if self.location.is_empty() { name.to_owned() } else { format!("{}/{name}", self.location) }
    }

    pub(crate) fn problem(&self, name: &str, message: impl Into<String>) {
        self.problem_of(Code::Schema, name, message);
    }

    /// An empty name is this object itself.
    pub(crate) fn problem_of(&self, code: Code, name: &str, message: impl Into<String>) {
        let pointer = if name.is_empty() { self.pointer.clone() } else { self.pointer(name) };
        self.notes.problem(Problem { code, ..Problem::new(pointer, message) });
    }

    /// The fields of an object inside this one.
    pub(crate) fn inner(&self, name: &str, value: &'a Value) -> Option<Fields<'a>> {
        self.below(self.pointer(name), self.location(name), value)
    }

    /// The fields of an object in a list inside this one.
    pub(crate) fn element(&self, name: &str, index: usize, value: &'a Value) -> Option<Fields<'a>> {
        let location = self.location(&format!("{name}[{index}]"));
        self.below(format!("{}[{index}]", self.pointer(name)), location, value)
    }

    fn below(&self, pointer: String, location: String, value: &'a Value) -> Option<Fields<'a>> {
        let object = object(value, &pointer, self.notes)?;
        let asked = RefCell::new(vec!["Comment"]);
        Some(Fields { object, pointer, location, asked, ..*self })
    }

    /// The same object as the fields of a state.
    pub(crate) fn into_state(self, name: &'a str, language: Language) -> Fields<'a> {
        Fields { location: String::new(), state: Some(name), language, ..self }
    }

    /// The same object as the fields of a machine of its own.
    pub(crate) fn into_machine(self, language: Language, scope: usize) -> Fields<'a> {
        Fields { location: String::new(), state: None, language, scope, ..self }
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
        let path =
            self.read(name, "Value is not a valid JSONPath", |value| Path::parse(value.as_str()?).ok());
        path.inspect(|path| self.notes.reads(self.state, &Expression::Path(path.clone())))
    }

    /// A path or an intrinsic call.
    pub(crate) fn path_or_call(&self, name: &'static str) -> Option<Source> {
        let text = self.text(name)?;
        let Some(expression) = Expression::path_or_call(text) else {
            self.problem(name, "Value is not a valid JSONPath or intrinsic function call");
            return None;
        };
        Some(self.source(name, expression))
    }

    /// A path as the source of a value.
    pub(crate) fn path_source(&self, name: &'static str) -> Option<Source> {
        self.path(name).map(|path| self.source(name, Expression::Path(path)))
    }

    fn source(&self, name: &str, expression: Expression) -> Source {
        let source = Source { field: self.location(name).into(), expression };
        self.notes.reads(self.state, &source.expression);
        source
    }

    /// A template in the language of the state.
    pub(crate) fn template(&self, name: &'static str) -> Option<Template> {
        let value = self.get(name)?;
        let template = match self.language {
            Language::JsonPath => self.path_template(name, value)?,
            Language::Jsonata => self.query_template(name, value),
        };
        template.sources(&mut |source| self.notes.reads(self.state, &source.expression));
        Some(template)
    }

    fn path_template(&self, name: &str, value: &Value) -> Option<Template> {
        let template = Template::of_paths(value);
        let template = template.map_err(|field| {
            let message = format!(
                "The value for the field '{field}' must be a valid JSONPath or a valid intrinsic function call"
            );
            self.problem(name, message);
        });
        template.ok()
    }

    fn query_template(&self, name: &str, value: &Value) -> Template {
        let location = self.location(name);
        Template::of_queries(value, &location, self.place(), &mut |at, refusal| self.refuse(at, refusal))
    }

    /// The query that stands in a field in place of a fixed value.
    pub(crate) fn query(&self, name: &'static str) -> Option<Source> {
        let text = delimited(self.get(name)?.as_str()?)?;
        let location = self.location(name);
        match Query::parse(text, self.place()) {
            Ok(query) => Some(self.source(name, Expression::Query(query))),
            Err(refusal) => {
                self.refuse(&location, &refusal);
                None
            }
        }
    }

    /// Whether a field is written as a query, be it a good one or not.
    pub(crate) fn is_query(&self, name: &str) -> bool {
        self.object.get(name).and_then(Value::as_str).and_then(delimited).is_some()
    }

    /// Notes that what stands at this location of the state is no expression that a document may have.
    fn refuse(&self, location: &str, refusal: &Refusal) {
        let code = match refusal {
            Refusal::Invalid(_) => Code::InvalidQuery,
            Refusal::Unsupported(_) => Code::UnsupportedQuery,
        };
        let below = location.strip_prefix(&self.location).unwrap_or(location).trim_start_matches('/');
        let pointer = format!("{}/{below}", self.pointer);
        self.notes.problem(Problem { code, ..Problem::new(pointer, refusal.to_string()) });
    }

    fn place(&self) -> Place {
        if self.location.starts_with("Catch[") { Place::Catch } else { Place::State }
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

    /// Says nothing of the other language's fields.
    pub(crate) fn tolerate_foreign(&self) {
        self.asked.borrow_mut().extend(ONLY_JSONATA.iter().chain(&ONLY_JSONPATH));
    }

    /// Notes every field that nobody asked for. As on AWS, the object that has it is the place of the problem.
    pub(crate) fn finish(self) {
        let (ours, theirs, foreign) = match self.language {
            Language::JsonPath => ("JSONPath", "JSONata", &ONLY_JSONATA[..]),
            Language::Jsonata => ("JSONata", "JSONPath", &ONLY_JSONPATH[..]),
        };
        let asked = self.asked.borrow();
        for name in self.object.keys().filter(|name| !asked.contains(&name.as_str())) {
            let message = if self.state.is_some() && foreign.contains(&name.as_str()) {
                format!(
                    "The QueryLanguage is set to '{ours}', but field '{name}' is only supported for the '{theirs}' QueryLanguage"
                )
            } else {
                format!("Field '{name}' is not supported")
            };
            self.problem("", message);
        }
    }
}

/// Fields of states, rules and catchers that only one of the languages has.
const ONLY_JSONATA: [&str; 4] = ["Arguments", "Output", "Items", "Condition"];
const ONLY_JSONPATH: [&str; 17] = [
    "CausePath",
    "ErrorPath",
    "HeartbeatSecondsPath",
    "InputPath",
    "ItemsPath",
    "MaxConcurrencyPath",
    "OutputPath",
    "Parameters",
    "Result",
    "ResultPath",
    "ResultSelector",
    "SecondsPath",
    "TimeoutSecondsPath",
    "TimestampPath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
    "Variable",
];

fn object<'a>(value: &'a Value, pointer: &str, notes: &Notes) -> Option<&'a Map<String, Value>> {
    let object = value.as_object();
    if object.is_none() {
        notes.problem(Problem::new(pointer, "Expected value of type Object"));
    }
    object
}
