//! A field of a Map that holds a number, or says where the number is.

use super::super::State;
use crate::data::expression::Expression;
use crate::definition::fields::Fields;
use crate::errors::{ITEM_READER_FAILED, RUNTIME};
use crate::history::Failure;
use crate::state::setting::Setting;
use crate::step::evaluate::Sight;
use crate::step::machine::{Exit, Machine};
use serde_json::Value;

/// What such a field is called, and how a path in its place to a value that is none is named.
pub(super) struct Field {
    names: [&'static str; 2],
    error: &'static str,
}

/// What is wrong with a value.
pub(super) enum Wrong {
    /// It is no such number at all.
    Kind(&'static str),
    /// It is one that may not be.
    Range(&'static str),
}

impl Field {
    pub(super) fn read<T: Clone>(
        &self,
        fields: &Fields<'_>,
        fixed: impl FnOnce(&'static str) -> Option<T>,
    ) -> Option<Setting<T>> {
        fields.at_most_one(&self.names);
        Setting::read(fields, self.names, fixed)
    }

    /// The number, if the document says one. `form` reads it and says what is wrong with it; a number may come as its
    /// digits.
    pub(super) fn value<T: Clone>(
        &self,
        setting: Option<&Setting<T>>,
        state: &State,
        machine: &Machine<'_>,
        frame: u32,
        form: impl FnOnce(&Value) -> Result<T, Wrong>,
    ) -> Result<Option<T>, Exit> {
        let source = match setting {
            None => return Ok(None),
            Some(Setting::Fixed(number)) => return Ok(Some(number.clone())),
            Some(Setting::Found(source)) => source,
        };
        let value = machine.find_alone(frame, source, Sight::of(&state.flow.input(machine, frame)?))?;
        let digits = value.as_str().and_then(|text| serde_json::from_str(text).ok()).filter(Value::is_number);
        let failed = |cause: &str| Exit::Failed(Failure::new(self.error, cause));
        form(digits.as_ref().unwrap_or(&value)).map(Some).map_err(|wrong| match wrong {
            Wrong::Kind(kind) if matches!(source.expression, Expression::Query(_)) => {
                machine.unfit(frame, source, kind, "number", &value)
            }
            Wrong::Kind(kind) => {
                let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let (path, text) = (self.names[1], source.expression.text());
                failed(&format!(
                    "The {path} field refers to value \"{shown}\" which is not a valid {kind}: {text}"
                ))
            }
            Wrong::Range(cause) => failed(cause),
        })
    }
}

/// A whole number that is not negative.
pub(super) fn whole(value: &Value, negative: &'static str) -> Result<u32, Wrong> {
    match value.as_i64() {
        Some(number) if number < 0 => Err(Wrong::Range(negative)),
        Some(number) => u32::try_from(number).map_err(|_| Wrong::Kind("integer")),
        None => Err(Wrong::Kind("integer")),
    }
}

pub(super) const TOLERATED_COUNT: Field =
    Field { names: ["ToleratedFailureCount", "ToleratedFailureCountPath"], error: RUNTIME };
pub(super) const TOLERATED_PERCENTAGE: Field =
    Field { names: ["ToleratedFailurePercentage", "ToleratedFailurePercentagePath"], error: RUNTIME };
pub(super) const MAX_ITEMS: Field = Field { names: ["MaxItems", "MaxItemsPath"], error: ITEM_READER_FAILED };
pub(super) const BATCH_ITEMS: Field =
    Field { names: ["MaxItemsPerBatch", "MaxItemsPerBatchPath"], error: RUNTIME };
pub(super) const BATCH_BYTES: Field =
    Field { names: ["MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"], error: RUNTIME };
