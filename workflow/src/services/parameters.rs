//! The parameters of an API call: the effective input of the task, an object of named fields.

use serde_json::{Map, Value};

use super::failure::failed;
use super::naming;
use crate::errors::RUNTIME;
use crate::tasks::TaskError;

pub(super) struct Parameters(pub(super) Map<String, Value>);

impl Parameters {
    pub(super) fn read(input: &str) -> Result<Self, TaskError> {
        match serde_json::from_str(input) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            _ => Err(unusable(input, "Parameters must be an object")),
        }
    }

    pub(super) fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field)
    }

    /// The text of a field, which may be missing.
    pub(super) fn text(&self, field: &str) -> Result<Option<&str>, TaskError> {
        self.get(field).map(|value| value.as_str().ok_or_else(|| self.odd(field))).transpose()
    }

    pub(super) fn need_text(&self, field: &str) -> Result<&str, TaskError> {
        self.need(field)?.as_str().ok_or_else(|| self.odd(field))
    }

    /// The field must be there.
    pub(super) fn need(&self, field: &str) -> Result<&Value, TaskError> {
        self.get(field)
            .ok_or_else(|| self.unusable(&format!("The field '{field}' is required but was missing")))
    }

    /// Writes a field that is text on the wire as JSON, if it is no text.
    pub(super) fn make_text(&mut self, field: &str) {
        if let Some(value) = self.0.get_mut(field) {
            *value = naming::as_text(value).into();
        }
    }

    /// The field has a value that cannot be sent.
    pub(super) fn odd(&self, field: &str) -> TaskError {
        self.unusable(&format!("The value for the field '{field}' must be a STRING"))
    }

    pub(super) fn unusable(&self, why: &str) -> TaskError {
        unusable(&Value::from(self.0.clone()).to_string(), why)
    }
}

fn unusable(input: &str, why: &str) -> TaskError {
    failed(RUNTIME, format!("The Parameters '{input}' could not be used to start the Task: [{why}]"))
}
