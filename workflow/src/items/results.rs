//! What came of the children, as the state's output or as files: each child's output alone, taken apart, or with all that
//! is known of the child; as an array or as lines.

use crate::Millis;
use crate::data::time;
use crate::history::Transformation;
use serde_json::{Map, Value, json, value::RawValue};
use std::sync::Arc;

/// A child that has ended, as the export shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finished {
    pub(crate) arn: String,
    pub(crate) machine_arn: String,
    pub(crate) name: String,
    /// `SUCCEEDED`, `FAILED`, …
    pub(crate) status: &'static str,
    pub(crate) started: Millis,
    pub(crate) stopped: Option<Millis>,
    pub(crate) redrives: u32,
    pub(crate) redriven: Option<Millis>,
    /// Why it does not go on with its run, whatever becomes of that.
    pub(crate) never_redrivable: Option<&'static str>,
    pub(crate) input: Option<Arc<str>>,
    pub(crate) output: Option<Arc<str>>,
    pub(crate) error: Option<Arc<str>>,
    pub(crate) cause: Option<Arc<str>>,
}

/// Results one after the other.
pub(crate) struct Results {
    transformation: Transformation,
    lines: bool,
    text: String,
}

impl Results {
    pub(crate) fn new(transformation: Transformation, lines: bool) -> Results {
        Results { transformation, lines, text: String::new() }
    }

    /// How many bytes there are so far.
    pub(crate) fn len(&self) -> usize {
        self.text.len() + 1
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// A child that did not succeed has no output, and is shown with all that is known of it.
    pub(crate) fn add(&mut self, child: &Finished) {
        match (self.transformation, &child.output) {
            (Transformation::Compact, Some(output)) => self.put(output),
            (Transformation::Flatten, Some(output)) => match serde_json::from_str::<Vec<&RawValue>>(output) {
                Ok(values) => values.into_iter().for_each(|value| self.put(value.get())),
                Err(_) => self.put(output),
            },
            _ => self.put(&child.shown().to_string()),
        }
    }

    /// A child that was not begun has its input alone.
    pub(crate) fn add_pending(&mut self, input: &str) {
        let shown = json!({"Input": input, "InputDetails": included(), "Status": "PENDING"});
        self.put(&shown.to_string());
    }

    fn put(&mut self, value: &str) {
        if self.lines {
            self.text.push_str(&on_one_line(value));
            self.text.push('\n');
        } else {
            self.text.push(if self.text.is_empty() { '[' } else { ',' });
            self.text.push_str(value);
        }
    }

    /// Everything since the last time, whole.
    pub(crate) fn take(&mut self) -> String {
        let mut text = std::mem::take(&mut self.text);
        if !self.lines {
            text.push_str(if text.is_empty() { "[]" } else { "]" });
        }
        text
    }
}

/// JSON as it was given may have line ends between its values.
fn on_one_line(value: &str) -> std::borrow::Cow<'_, str> {
    let parsed =
        || serde_json::from_str::<Value>(value).map_or_else(|_| value.to_owned(), |it| it.to_string());
    if value.contains('\n') { parsed().into() } else { value.into() }
}

impl Finished {
    fn shown(&self) -> Value {
        let mut shown = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                shown.insert(name.to_owned(), value);
            }
        };
        let text = |text: &Option<Arc<str>>| text.as_deref().map(Value::from);
        put("Cause", text(&self.cause));
        put("Error", text(&self.error));
        put("ExecutionArn", Some(self.arn.as_str().into()));
        put("Input", text(&self.input));
        put("InputDetails", self.input.as_ref().map(|_| included()));
        put("Name", Some(self.name.as_str().into()));
        put("Output", text(&self.output));
        put("OutputDetails", Some(included()));
        put("RedriveCount", Some(self.redrives.into()));
        put("RedriveDate", self.redriven.map(|at| time::format(at).into()));
        let may = self.never_redrivable.map_or("REDRIVABLE_BY_MAP_RUN", |_| "NOT_REDRIVABLE");
        put("RedriveStatus", Some(may.into()));
        put("RedriveStatusReason", self.never_redrivable.map(Value::from));
        put("StartDate", Some(time::format(self.started).into()));
        put("StateMachineArn", Some(self.machine_arn.as_str().into()));
        put("Status", Some(self.status.into()));
        put("StopDate", self.stopped.map(|at| time::format(at).into()));
        shown.into()
    }
}

/// Nothing is left out for its size.
fn included() -> Value {
    json!({"Included": true})
}

/// A file of results in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) key: String,
    pub(crate) size: usize,
}

/// The file that names all others: `files` of the children that succeeded, that failed, and that were not started.
pub(crate) fn manifest(bucket: &str, map_run_arn: &str, files: [&[Written]; 3]) -> String {
    let [succeeded, failed, pending] = files.map(|files| {
        files.iter().map(|file| json!({"Key": file.key, "Size": file.size})).collect::<Vec<_>>()
    });
    let files = json!({"FAILED": failed, "PENDING": pending, "SUCCEEDED": succeeded});
    json!({"DestinationBucket": bucket, "MapRunArn": map_run_arn, "ResultFiles": files}).to_string()
}
