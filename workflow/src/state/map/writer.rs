//! ResultWriter: what becomes of the results of a run.

use super::super::State;
use super::reader;
use crate::data::template::Template;
use crate::definition::fields::Fields;
use crate::history::{Transformation, Writer};
use crate::step::evaluate::Sight;
use crate::step::machine::{Exit, Machine};

#[derive(Debug)]
pub(super) struct ResultWriter {
    /// Present when the results are exported.
    arguments: Option<Template>,
    transformation: Transformation,
    lines: bool,
}

impl ResultWriter {
    /// The field `ResultWriter` of a Map.
    pub(super) fn read(fields: &Fields<'_>) -> Option<ResultWriter> {
        let value = fields.get("ResultWriter")?;
        let inner = fields.inner("ResultWriter", value)?;
        let resource = inner.text("Resource");
        if resource.is_some_and(|resource| !resource.ends_with(":s3:putObject")) {
            inner.problem("Resource", "The resource of a ResultWriter is s3:putObject");
        }
        let name = reader::arguments(&inner);
        let arguments = inner.template(name);
        if resource.is_some() != arguments.is_some() {
            let missing = if resource.is_some() { name } else { "Resource" };
            inner.problem("", format!("These fields are required: [{missing}]"));
        }
        let config = inner.get("WriterConfig").and_then(|value| inner.inner("WriterConfig", value));
        if resource.is_none() && config.is_none() {
            inner.problem("", "At least one of the fields Resource and WriterConfig is required");
        }
        let (transformation, lines) = config.map_or((None, false), |config| {
            let read = (transformation(&config), lines(&config));
            config.finish();
            read
        });
        inner.finish();
        let unsaid = if resource.is_some() { Transformation::None } else { Transformation::Compact };
        Some(ResultWriter { arguments, transformation: transformation.unwrap_or(unsaid), lines })
    }

    pub(super) fn evaluate(&self, state: &State, machine: &Machine<'_>, frame: u32) -> Result<Writer, Exit> {
        let arguments = match &self.arguments {
            None => None,
            Some(template) => {
                let input = state.flow.input(machine, frame)?;
                Some(machine.fill(frame, template, Sight::of(&input))?.to_string().into())
            }
        };
        Ok(Writer { arguments, transformation: self.transformation, lines: self.lines })
    }
}

fn transformation(config: &Fields<'_>) -> Option<Transformation> {
    match config.text("Transformation")? {
        "NONE" => Some(Transformation::None),
        "COMPACT" => Some(Transformation::Compact),
        "FLATTEN" => Some(Transformation::Flatten),
        _ => {
            config.problem(
                "Transformation",
                "The field 'Transformation' should have one of these values: [NONE, COMPACT, FLATTEN]",
            );
            None
        }
    }
}

fn lines(config: &Fields<'_>) -> bool {
    match config.text("OutputType") {
        None | Some("JSON") => false,
        Some("JSONL") => true,
        Some(_) => {
            config.problem(
                "OutputType",
                "The field 'OutputType' should have one of these values: [JSON, JSONL]",
            );
            false
        }
    }
}
