//! One rule of a Choice: a comparison in JSONPath, a condition in JSONata.

use super::comparison::Comparison;
use crate::data::expression::{Language, Source};
use crate::definition::fields::Fields;
use crate::state::Datum;
use crate::step::evaluate::Sight;
use crate::step::machine::{Exit, Machine};
use serde_json::Value;

#[derive(Debug)]
pub(super) enum Rule {
    Comparison(Comparison),
    /// A condition that is written down.
    Always(bool),
    Query(Source),
}

impl Rule {
    pub(super) fn read(fields: &Fields<'_>) -> Option<Rule> {
        if fields.language == Language::JsonPath {
            return Comparison::read(fields, 0).map(Rule::Comparison);
        }
        fields.need("Condition");
        match fields.query("Condition") {
            Some(source) => Some(Rule::Query(source)),
            None if fields.is_query("Condition") => None,
            None => fields.flag("Condition").map(Rule::Always),
        }
    }

    pub(super) fn holds(&self, machine: &Machine<'_>, frame: u32, input: &Datum) -> Result<bool, Exit> {
        match self {
            Rule::Always(holds) => Ok(*holds),
            Rule::Comparison(comparison) => machine
                .seeing(frame, Sight::of(input), |scope| comparison.holds(scope))
                .map_err(|invalid| machine.runtime(frame, &invalid.to_string())),
            Rule::Query(source) => match machine.find(frame, source, Sight::default())? {
                Value::Bool(holds) => Ok(holds),
                other => Err(machine.unfit(frame, source, "boolean", "boolean", &other)),
            },
        }
    }
}
