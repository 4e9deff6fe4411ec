//! ItemReader: items that lie in a store of objects, or are its objects.

use super::super::State;
use super::number::{MAX_ITEMS, whole};
use crate::data::expression::Language;
use crate::data::template::Template;
use crate::definition::fields::Fields;
use crate::history::{Form, ManifestOf, Source};
use crate::state::setting::Setting;
use crate::step::evaluate::Sight;
use crate::step::machine::{Exit, Machine};
use serde_json::Value;
use std::sync::Arc;

/// A run has at most this many items.
const MOST: u32 = 100_000_000;

#[derive(Debug)]
pub(super) struct Reader {
    lists: bool,
    arguments: Option<Template>,
    form: Option<Form>,
    most: Option<Setting<u32>>,
}

impl Reader {
    /// The field `ItemReader` of a Map.
    pub(super) fn read(fields: &Fields<'_>) -> Option<Reader> {
        let value = fields.get("ItemReader")?;
        let inner = fields.inner("ItemReader", value)?;
        let resource = inner.need_text("Resource");
        let lists = match resource.map(|resource| resource.rsplit(":s3:").next().unwrap_or_default()) {
            Some("getObject") => Some(false),
            Some("listObjectsV2") => Some(true),
            Some(_) => {
                inner
                    .problem("Resource", "The resource of an ItemReader is s3:getObject or s3:listObjectsV2");
                None
            }
            None => None,
        };
        let arguments = inner.template(arguments(&inner));
        let config = inner.get("ReaderConfig").and_then(|value| inner.inner("ReaderConfig", value));
        let (form, most) = match config {
            None => (None, None),
            Some(config) => {
                let form = form(&config, lists == Some(true));
                let most = MAX_ITEMS.read(&config, |name| {
                    let most = config.count(name, 0)?;
                    if most > MOST {
                        config.problem(name, format!("Expected an integer of at most {MOST}"));
                    }
                    Some(most)
                });
                config.finish();
                (form, most)
            }
        };
        inner.finish();
        Some(Reader { lists: lists?, arguments, form, most })
    }

    pub(super) fn evaluate(&self, state: &State, machine: &Machine<'_>, frame: u32) -> Result<Source, Exit> {
        let form = |value: &Value| whole(value, "field MaxItems must be positive");
        let most = MAX_ITEMS.value(self.most.as_ref(), state, machine, frame, form)?;
        // Nothing, as 0, stands for as many as there may be.
        let most = most.filter(|&most| most > 0).map(u64::from);
        let arguments = match &self.arguments {
            None => "{}".into(),
            Some(template) => {
                let input = state.flow.input(machine, frame)?;
                machine.fill(frame, template, Sight::of(&input))?.to_string().into()
            }
        };
        let form = self.form.clone();
        Ok(if self.lists {
            Source::Listing { arguments, form, most }
        } else {
            Source::Object { arguments, form: form.unwrap_or(Form::Json { pointer: None }), most }
        })
    }
}

/// What the arguments of a call are called in the language of the state.
pub(super) fn arguments(fields: &Fields<'_>) -> &'static str {
    match fields.language {
        Language::JsonPath => "Parameters",
        Language::Jsonata => "Arguments",
    }
}

fn form(config: &Fields<'_>, lists: bool) -> Option<Form> {
    let kind = config.text("InputType");
    let pointer = config.text("ItemsPointer");
    if pointer.is_some_and(|pointer| !pointer.is_empty() && !pointer.starts_with('/')) {
        config.problem("ItemsPointer", "Value is not a valid JSON pointer");
    }
    if let Some(pointer) = pointer
        && kind != Some("JSON")
    {
        config.problem("ItemsPointer", format!("ItemsPointer '{pointer}' needs the InputType JSON"));
    }
    let csv = csv(config, kind == Some("CSV"));
    let manifest = config.text("ManifestType");
    let transformation = config.text("Transformation");
    if transformation.is_some_and(|transformation| !matches!(transformation, "NONE" | "LOAD_AND_FLATTEN")) {
        config.problem(
            "Transformation",
            "The field 'Transformation' should have one of these values: [NONE, LOAD_AND_FLATTEN]",
        );
    }
    let of = match kind {
        Some("JSON") => Some(Form::Json { pointer: pointer.map(Into::into) }),
        Some("JSONL") => Some(Form::Lines),
        Some("CSV") => csv,
        Some("MANIFEST") => Some(Form::Manifest { of: ManifestOf::Inventory }),
        Some("PARQUET") => {
            config.problem("InputType", "The InputType PARQUET cannot be read by this engine");
            None
        }
        Some(_) => {
            config.problem(
                "InputType",
                "The field 'InputType' should have one of these values: [CSV, JSON, JSONL, MANIFEST, PARQUET]",
            );
            None
        }
        None => None,
    };
    match manifest {
        Some("ATHENA_DATA") => of.map(|form| Form::Manifest { of: ManifestOf::Athena(Box::new(form)) }),
        Some("S3_INVENTORY") | None if lists && transformation != Some("LOAD_AND_FLATTEN") => None,
        // The lists of an inventory are CSV, and an InputType has nothing to add.
        Some("S3_INVENTORY") => Some(Form::Manifest { of: ManifestOf::Inventory }),
        None => of,
        Some(_) => {
            config.problem(
                "ManifestType",
                "The field 'ManifestType' should have one of these values: [ATHENA_DATA, S3_INVENTORY]",
            );
            None
        }
    }
}

fn csv(config: &Fields<'_>, wanted: bool) -> Option<Form> {
    let location = config.text("CSVHeaderLocation");
    let headers = config.list("CSVHeaders");
    let delimiter = match config.text("CSVDelimiter") {
        None | Some("COMMA") => b',',
        Some("PIPE") => b'|',
        Some("SEMICOLON") => b';',
        Some("SPACE") => b' ',
        Some("TAB") => b'\t',
        Some(_) => {
            let message = "The field 'CSVDelimiter' should have one of these values: [COMMA, PIPE, SEMICOLON, SPACE, TAB]";
            config.problem("CSVDelimiter", message);
            return None;
        }
    };
    if !wanted {
        return None;
    }
    match (location, headers) {
        (Some("FIRST_ROW"), _) => Some(Form::Csv { headers: None, delimiter }),
        (Some("GIVEN"), Some(headers)) => {
            let headers =
                headers.iter().map(|header| header.as_str().map(Arc::from)).collect::<Option<Vec<_>>>();
            if headers.is_none() {
                config.problem("CSVHeaders", "Expected value of type String");
            }
            Some(Form::Csv { headers: Some(headers?), delimiter })
        }
        (Some("GIVEN"), None) => {
            config.problem("", "These fields are required: [CSVHeaders]");
            None
        }
        (Some(_), _) => {
            config.problem(
                "CSVHeaderLocation",
                "The field 'CSVHeaderLocation' should have one of these values: [FIRST_ROW, GIVEN]",
            );
            None
        }
        (None, _) => {
            config.problem("", "These fields are required: [CSVHeaderLocation]");
            None
        }
    }
}
