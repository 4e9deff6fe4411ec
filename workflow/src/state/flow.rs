//! The five fields that shape what goes into a state and what comes out: InputPath, Parameters, ResultSelector,
//! ResultPath, OutputPath. Text is parsed only when one of them needs it.

use crate::data::path::Path;
use crate::data::reference::Reference;
use crate::data::template::Template;
use crate::definition::fields::Fields;
use crate::history::Payload;
use crate::step::machine::{Exit, Machine};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The limit of an input, a result or an output, as on AWS.
pub(crate) const MAX_PAYLOAD: usize = 256 * 1024;

#[derive(Debug)]
pub(crate) struct Flow {
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

    /// How an event carries it; the text is new when the value is.
    pub(crate) fn into_payload(self) -> Payload {
        match self {
            Datum::Stored(payload, _) => payload,
            Datum::Made(value) => Payload::Inline(value.to_string().into()),
        }
    }
}

impl Flow {
    /// Which of the fields a state may have depends on its type.
    pub(crate) fn read(fields: &Fields<'_>, kind: &str) -> Flow {
        let shapes_result = matches!(kind, "Task" | "Parallel" | "Map");
        let paths = kind != "Fail";
        Flow {
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

    /// What the state works on: its input through InputPath and Parameters.
    pub(crate) fn effective_input(&self, machine: &Machine<'_>, frame: u32) -> Result<Datum, Exit> {
        let input = self.input(machine, frame)?;
        match &self.parameters {
            None => Ok(input),
            Some(template) => machine.fill(frame, template, &input).map(Datum::Made),
        }
    }

    /// The input through InputPath alone.
    pub(crate) fn input(&self, machine: &Machine<'_>, frame: u32) -> Result<Datum, Exit> {
        select(&self.input_path, machine, frame, machine.data(frame))
    }

    /// The output of a state that passes its input on.
    pub(crate) fn pass_on(&self, machine: &Machine<'_>, frame: u32) -> Result<Datum, Exit> {
        select(&self.output_path, machine, frame, self.input(machine, frame)?)
    }

    /// The output of a state with this result.
    pub(crate) fn output(&self, machine: &Machine<'_>, frame: u32, result: Datum) -> Result<Datum, Exit> {
        let result = match &self.result_selector {
            None => result,
            Some(template) => Datum::Made(machine.fill(frame, template, &result)?),
        };
        let merged = self.result_path.merge(machine, frame, result)?;
        select(&self.output_path, machine, frame, merged)
    }
}

impl ResultPath {
    /// Puts a result, or a caught error, into the input of the state.
    pub(crate) fn merge(&self, machine: &Machine<'_>, frame: u32, result: Datum) -> Result<Datum, Exit> {
        match self {
            ResultPath::Whole => Ok(result),
            ResultPath::Discard => Ok(machine.data(frame)),
            ResultPath::At(reference) => {
                let merged = reference.put(machine.data(frame).to_value(), result.to_value());
                merged.map(Datum::Made).map_err(|mismatch| {
                    machine.failure(frame, "States.ResultPathMatchFailure", &mismatch.to_string())
                })
            }
        }
    }
}

fn select(path: &DataPath, machine: &Machine<'_>, frame: u32, data: Datum) -> Result<Datum, Exit> {
    match path {
        DataPath::Whole => Ok(data),
        DataPath::Nothing => Ok(Datum::Made(Value::Object(Map::new()))),
        DataPath::At(path) => machine.look_up(frame, path, &data.to_value()).map(Datum::Made),
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

/// The field `ResultPath` of a state or of a catcher.
pub(crate) fn result_path(fields: &Fields<'_>) -> ResultPath {
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
