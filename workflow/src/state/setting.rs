//! A field that is written down in the document, or found when the state runs: `Seconds`, `TimeoutSecondsPath`.

use crate::data::expression::{Language, Source};
use crate::definition::fields::Fields;
use crate::state::Datum;
use crate::step::evaluate::Sight;
use crate::step::machine::{Exit, Machine};
use serde_json::Value;

#[derive(Debug)]
pub(crate) enum Setting<T> {
    Fixed(T),
    Found(Source),
}

/// How the values of a setting look, and what messages call them.
pub(crate) struct Form<T> {
    pub(crate) read: fn(&Value) -> Option<T>,
    /// As in "does not reference a valid, positive integer".
    pub(crate) wanted: &'static str,
    /// The JSON type that a query must give.
    pub(crate) kind: &'static str,
}

impl<T: Clone> Setting<T> {
    /// The setting when the document has one: fixed under its name, or behind a path.
    pub(crate) fn read(
        fields: &Fields<'_>,
        names: [&'static str; 2],
        fixed: impl FnOnce(&'static str) -> Option<T>,
    ) -> Option<Setting<T>> {
        let [name, path] = names;
        match fields.language {
            Language::JsonPath => {
                let found = fields.path_source(path).map(Setting::Found);
                fixed(name).map(Setting::Fixed).or(found)
            }
            Language::Jsonata => match fields.query(name) {
                Some(source) => Some(Setting::Found(source)),
                None if fields.is_query(name) => None,
                None => fixed(name).map(Setting::Fixed),
            },
        }
    }

    pub(crate) fn value(
        &self,
        form: &Form<T>,
        machine: &Machine<'_>,
        frame: u32,
        data: &Datum,
    ) -> Result<T, Exit> {
        let source = match self {
            Setting::Fixed(value) => return Ok(value.clone()),
            Setting::Found(source) => source,
        };
        let value = machine.find_alone(frame, source, Sight::of(data))?;
        (form.read)(&value).ok_or_else(|| machine.unfit(frame, source, form.wanted, form.kind, &value))
    }
}

/// A whole number from 0.
pub(crate) fn whole(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}

/// A whole number from 1.
pub(crate) fn positive(value: &Value) -> Option<u32> {
    whole(value).filter(|&number| number > 0)
}

/// A whole number from 0, as a number or, which AWS takes where it counts iterations, as text.
pub(crate) fn whole_or_text(value: &Value) -> Option<u32> {
    value.as_str().map_or_else(|| whole(value), |text| text.parse().ok())
}
