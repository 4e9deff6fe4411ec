//! `Assign`: the variables that a state, a rule of a Choice or a Catch gives new values. All values are found before any
//! of them is stored, so that they see the variables as they were.

use crate::data::path::{continues_name, starts_name};
use crate::data::template::Template;
use crate::definition::fields::Fields;
use crate::errors::DATA_LIMIT_EXCEEDED;
use crate::step::evaluate::Sight;
use crate::step::machine::{Exit, Machine};
use serde_json::Value;
use std::sync::Arc;

/// Names and JSON texts, as events carry them.
pub(crate) type Assigned = Vec<(Arc<str>, Arc<str>)>;

/// A name has at most this many characters, as on AWS.
const MAX_NAME: usize = 80;
/// The most that one Assign stores, as on AWS.
const MAX_ASSIGNED: usize = 256 * 1024;
/// The most that an execution stores in variables, as on AWS.
const MAX_STORED: usize = 10 * 1024 * 1024;
/// What the language itself calls so.
const RESERVED: &str = "states";

/// One variable and what to assign to it.
type Assignment = (Arc<str>, Template);

#[derive(Debug, Default)]
pub(crate) struct Assign(Vec<Assignment>);

impl Assign {
    pub(crate) fn read(fields: &Fields<'_>) -> Assign {
        let Some(template) = fields.template("Assign") else { return Assign::default() };
        let assignments: Vec<Assignment> = match template {
            Template::Object(assignments) => {
                assignments.into_iter().map(|(name, value)| (name.into(), value)).collect()
            }
            Template::Literal(Value::Object(values)) => {
                values.into_iter().map(|(name, value)| (name.into(), Template::Literal(value))).collect()
            }
            _ => {
                fields.problem("Assign", "Expected value of type Object");
                Vec::new()
            }
        };
        for (name, _) in &assignments {
            check_name(fields, name);
            fields.notes.assigns(fields.scope, name, format!("{}/{name}", fields.pointer("Assign")));
        }
        Assign(assignments)
    }

    /// The new values; `sight` is asked for once for each.
    pub(crate) fn values<'a>(
        &self,
        machine: &Machine<'_>,
        frame: u32,
        sight: impl Fn() -> Sight<'a>,
    ) -> Result<Assigned, Exit> {
        let mut assigned = Assigned::with_capacity(self.0.len());
        for (name, template) in &self.0 {
            let value = machine.fill(frame, template, sight())?.to_string();
            assigned.push((name.clone(), value.into()));
        }
        let bytes = assigned.iter().map(|(name, value)| name.len() + value.len()).sum();
        let stored = machine.stored_in_variables().saturating_add(bytes);
        if bytes > MAX_ASSIGNED || (bytes > 0 && stored > MAX_STORED) {
            let limit = if bytes > MAX_ASSIGNED { MAX_ASSIGNED } else { MAX_STORED };
            let message = format!("The size of the assigned variables exceeds the limit of {limit} bytes.");
            return Err(machine.failure(frame, DATA_LIMIT_EXCEEDED, &message));
        }
        Ok(assigned)
    }
}

fn check_name(fields: &Fields<'_>, name: &str) {
    let mut chars = name.chars();
    let well_formed = chars.next().is_some_and(starts_name) && chars.all(continues_name);
    if name == RESERVED {
        fields.problem("Assign", format!("'{RESERVED}' is a reserved variable name"));
    } else if !well_formed || name.chars().count() > MAX_NAME {
        fields.problem("Assign", format!("'{name}' is not a valid variable name"));
    }
}
