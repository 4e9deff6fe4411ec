//! The fields that shape what goes into a state and what comes out. In JSONPath these are InputPath, Parameters,
//! ResultSelector, ResultPath and OutputPath; in JSONata Arguments and Output. Text is parsed only when one of them needs it.

use crate::data::Document;
use crate::data::expression::Language;
use crate::data::path::Path;
use crate::data::reference::Reference;
use crate::data::template::Template;
use crate::definition::fields::Fields;
use crate::errors::RESULT_PATH_MATCH_FAILURE;
use crate::history::Payload;
use crate::step::evaluate::Sight;
use crate::step::machine::{Exit, Machine};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The limit of an input, a result or an output, as on AWS.
pub(crate) const MAX_PAYLOAD: usize = 256 * 1024;

#[derive(Debug)]
pub(crate) enum Flow {
    Paths(Box<Paths>),
    Queries { arguments: Option<Template>, output: Option<Template> },
}

#[derive(Debug)]
pub(crate) struct Paths {
    input_path: DataPath,
    parameters: Option<Template>,
    result_selector: Option<Template>,
    result_path: ResultPath,
    output_path: DataPath,
}

#[derive(Debug, Clone, PartialEq)]
enum DataPath {
    Whole,
    /// `null`: an empty object.
    Nothing,
    At(Path),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ResultPath {
    Whole,
    /// `null`: the input goes on as it came.
    Discard,
    At(Reference),
}

/// What a Catch makes the output from.
#[derive(Debug)]
pub(crate) enum CaughtOutput {
    Merged(ResultPath),
    Made(Option<Template>),
}

/// Data on its way: text that stands in the history already, or a value that was just made.
#[derive(Debug, Clone)]
pub(crate) enum Datum {
    Stored(Payload, Arc<str>),
    Made(Value),
}

impl Datum {
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Datum::Stored(_, text) => serde_json::from_str(text).unwrap_or(Value::Null),
            Datum::Made(value) => value.clone(),
        }
    }

    pub(crate) fn document(&self) -> Document {
        match self {
            Datum::Stored(_, text) => Document::of_text(text.clone()),
            Datum::Made(value) => Document::of_value(value.clone()),
        }
    }

    /// How an event carries it; the text is new when the value is.
    pub(crate) fn into_payload(self) -> Payload {
        match self {
            Datum::Stored(payload, _) => payload,
            Datum::Made(value) => Payload::Inline(value.to_string().into()),
        }
    }
}

impl Flow {
    /// Which of the fields a state may have depends on its type and its language.
    pub(crate) fn read(fields: &Fields<'_>, kind: &str) -> Flow {
        match fields.language {
            Language::JsonPath => Flow::Paths(Box::new(Paths::read(fields, kind))),
            Language::Jsonata => Flow::Queries {
                arguments: if matches!(kind, "Task" | "Parallel") {
                    fields.template("Arguments")
                } else {
                    None
                },
                output: if kind == "Fail" { None } else { fields.template("Output") },
            },
        }
    }

    /// What the state works on: its input through InputPath and Parameters, or its Arguments.
    pub(crate) fn effective_input(&self, machine: &Machine<'_>, frame: u32) -> Result<Datum, Exit> {
        let template = match self {
            Flow::Paths(paths) => paths.parameters.as_ref(),
            Flow::Queries { arguments, .. } => arguments.as_ref(),
        };
        let input = self.input(machine, frame)?;
        let effective = match template {
            None => input,
            Some(template) => Datum::Made(machine.fill(frame, template, Sight::of(&input))?),
        };
        machine.inspect(|it| match self {
            Flow::Paths(_) => it.after_parameters = Some(effective.to_value()),
            Flow::Queries { .. } => it.after_arguments = template.map(|_| effective.to_value()),
        });
        Ok(effective)
    }

    /// The input through InputPath alone.
    pub(crate) fn input(&self, machine: &Machine<'_>, frame: u32) -> Result<Datum, Exit> {
        match self {
            Flow::Paths(paths) => {
                let input = select(&paths.input_path, machine, frame, machine.data(frame))?;
                machine.inspect(|it| it.after_input_path = Some(input.to_value()));
                Ok(input)
            }
            Flow::Queries { .. } => Ok(machine.data(frame)),
        }
    }

    /// The output of a state that passes its input on.
    pub(crate) fn pass_on(&self, machine: &Machine<'_>, frame: u32) -> Result<Datum, Exit> {
        match self {
            Flow::Paths(paths) => select(&paths.output_path, machine, frame, self.input(machine, frame)?),
            Flow::Queries { output: None, .. } => Ok(machine.data(frame)),
            Flow::Queries { output: Some(template), .. } => {
                machine.fill(frame, template, Sight::default()).map(Datum::Made)
            }
        }
    }

    /// The output of a state with this result.
    pub(crate) fn output(&self, machine: &Machine<'_>, frame: u32, result: Datum) -> Result<Datum, Exit> {
        match self {
            Flow::Paths(paths) => paths.output(machine, frame, result),
            Flow::Queries { output: None, .. } => Ok(result),
            Flow::Queries { output: Some(template), .. } => {
                machine.fill(frame, template, Sight::of_result(&result)).map(Datum::Made)
            }
        }
    }
}

impl Paths {
    fn read(fields: &Fields<'_>, kind: &str) -> Paths {
        let shapes_result = matches!(kind, "Task" | "Parallel" | "Map");
        let paths = kind != "Fail";
        Paths {
            input_path: if paths { data_path(fields, "InputPath") } else { DataPath::Whole },
            parameters: if matches!(kind, "Pass" | "Task" | "Parallel") {
                fields.template("Parameters")
            } else {
                None
            },
            result_selector: if shapes_result { fields.template("ResultSelector") } else { None },
            result_path: if shapes_result || kind == "Pass" {
                result_path(fields)
            } else {
                ResultPath::Whole
            },
            output_path: if paths { data_path(fields, "OutputPath") } else { DataPath::Whole },
        }
    }

    fn output(&self, machine: &Machine<'_>, frame: u32, result: Datum) -> Result<Datum, Exit> {
        machine.inspect(|it| it.result = Some(result.to_value()));
        let result = match &self.result_selector {
            None => result,
            Some(template) => Datum::Made(machine.fill(frame, template, Sight::of_result(&result))?),
        };
        machine.inspect(|it| it.after_result_selector = Some(result.to_value()));
        let merged = self.result_path.merge(machine, frame, result)?;
        machine.inspect(|it| it.after_result_path = Some(merged.to_value()));
        select(&self.output_path, machine, frame, merged)
    }
}

impl CaughtOutput {
    pub(crate) fn read(fields: &Fields<'_>) -> CaughtOutput {
        match fields.language {
            Language::JsonPath => CaughtOutput::Merged(result_path(fields)),
            Language::Jsonata => CaughtOutput::Made(fields.template("Output")),
        }
    }

    pub(crate) fn of(&self, machine: &Machine<'_>, frame: u32, caught: Datum) -> Result<Datum, Exit> {
        match self {
            CaughtOutput::Merged(result_path) => result_path.merge(machine, frame, caught),
            CaughtOutput::Made(None) => Ok(caught),
            CaughtOutput::Made(Some(template)) => {
                machine.fill(frame, template, Sight::of_error(&caught)).map(Datum::Made)
            }
        }
    }
}

impl ResultPath {
    /// Puts a result, or a caught error, into the input of the state.
    fn merge(&self, machine: &Machine<'_>, frame: u32, result: Datum) -> Result<Datum, Exit> {
        match self {
            ResultPath::Whole => Ok(result),
            ResultPath::Discard => Ok(machine.data(frame)),
            ResultPath::At(reference) => {
                let merged = reference.put(machine.data(frame).to_value(), result.to_value());
                merged.map(Datum::Made).map_err(|mismatch| {
                    machine.failure(frame, RESULT_PATH_MATCH_FAILURE, &mismatch.to_string())
                })
            }
        }
    }
}

fn select(path: &DataPath, machine: &Machine<'_>, frame: u32, data: Datum) -> Result<Datum, Exit> {
    match path {
        DataPath::Whole => Ok(data),
        DataPath::Nothing => Ok(Datum::Made(Value::Object(Map::new()))),
        DataPath::At(path) => machine.look_up(frame, path, &data).map(Datum::Made),
    }
}

fn data_path(fields: &Fields<'_>, name: &'static str) -> DataPath {
    match fields.get(name) {
        None => DataPath::Whole,
        Some(Value::Null) => DataPath::Nothing,
        Some(_) => match fields.path(name) {
            Some(path) if !path.is_whole() => DataPath::At(path),
            _ => DataPath::Whole,
        },
    }
}

fn result_path(fields: &Fields<'_>) -> ResultPath {
    match fields.get("ResultPath") {
        None => ResultPath::Whole,
        Some(Value::Null) => ResultPath::Discard,
        Some(_) => match fields.path("ResultPath").map(|path| Reference::new(&path)) {
            Some(Some(reference)) if !reference.is_whole() => ResultPath::At(reference),
            Some(None) => {
                fields.problem("ResultPath", "Value is not a Reference Path");
                ResultPath::Whole
            }
            _ => ResultPath::Whole,
        },
    }
}
