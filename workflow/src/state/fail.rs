//! Fail: the branch fails with an error and a cause, fixed or taken from the input.

use super::State;
use super::setting::{Form, Setting};
use crate::data::expression::Language;
use crate::definition::fields::Fields;
use crate::history::Failure;
use crate::step::machine::{Exit, Machine, Outcome};
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Fail {
    error: Option<Setting<Arc<str>>>,
    cause: Option<Setting<Arc<str>>>,
}

impl Fail {
    pub(crate) fn read(fields: &Fields<'_>) -> Fail {
        Fail { error: text(fields, ["Error", "ErrorPath"]), cause: text(fields, ["Cause", "CausePath"]) }
    }

    pub(crate) fn act(&self, _state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        let error = value(self.error.as_ref(), machine, frame)?;
        let cause = value(self.cause.as_ref(), machine, frame)?;
        Err(Exit::Failed(Failure { error, cause }.bounded()))
    }
}

const TEXT: Form<Arc<str>> =
    Form { read: |value| value.as_str().map(Into::into), wanted: "string", kind: "string" };

/// Behind `ErrorPath` and `CausePath` an intrinsic call may stand too.
fn text(fields: &Fields<'_>, names: [&'static str; 2]) -> Option<Setting<Arc<str>>> {
    fields.at_most_one(&names);
    let fixed = |name| fields.text(name).map(Into::into);
    match fields.language {
        Language::JsonPath => {
            fixed(names[0]).map(Setting::Fixed).or_else(|| fields.path_or_call(names[1]).map(Setting::Found))
        }
        Language::Jsonata => Setting::read(fields, names, fixed),
    }
}

fn value(
    setting: Option<&Setting<Arc<str>>>,
    machine: &Machine<'_>,
    frame: u32,
) -> Result<Option<Arc<str>>, Exit> {
    setting.map(|setting| setting.value(&TEXT, machine, frame, &machine.data(frame))).transpose()
}
