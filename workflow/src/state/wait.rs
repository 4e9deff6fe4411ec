//! Wait: until an instant, or for a number of seconds.

use super::State;
use super::setting::{Form, Setting, whole};
use crate::Millis;
use crate::data::time;
use crate::definition::fields::Fields;
use crate::history::Detail;
use crate::step::machine::{Exit, Machine, Outcome};

/// AWS counts the seconds of a wait in 31 bits.
const MAX_SECONDS: i64 = i32::MAX as i64;

const SECONDS: Form<u32> = Form { read: whole, wanted: "non-negative integer", kind: "number" };
const INSTANT: Form<Millis> = Form {
    read: |value| value.as_str().and_then(time::parse),
    wanted: "ISO-8601 extended offset date-time format string",
    kind: "string",
};

#[derive(Debug)]
pub(crate) enum Wait {
    For(Setting<u32>),
    Until(Setting<Millis>),
}

impl Wait {
    pub(crate) fn read(fields: &Fields<'_>) -> Option<Wait> {
        fields.exactly_one(&["Seconds", "SecondsPath", "Timestamp", "TimestampPath"]);
        let seconds = Setting::read(fields, ["Seconds", "SecondsPath"], |name| fields.count(name, 0));
        let instant = Setting::read(fields, ["Timestamp", "TimestampPath"], |name| {
            let instant = time::parse(fields.text(name)?);
            if instant.is_none() {
                fields.problem(name, "String does not match RFC3339 timestamp");
            }
            instant
        });
        seconds.map(Wait::For).or_else(|| instant.map(Wait::Until))
    }

    pub(crate) fn act(&self, state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        let until = self.until(state, machine, frame)?;
        if until.saturating_sub(machine.now()) > MAX_SECONDS * 1000 {
            return Err(machine.runtime(frame, "Wait state delay is too long."));
        }
        machine.emit(frame, Detail::WaitStarted { until })
    }

    fn until(&self, state: &State, machine: &Machine<'_>, frame: u32) -> Result<Millis, Exit> {
        let input = state.flow.input(machine, frame)?;
        match self {
            Wait::For(seconds) => {
                let seconds = seconds.value(&SECONDS, machine, frame, &input)?;
                Ok(machine.now().saturating_add(i64::from(seconds) * 1000))
            }
            Wait::Until(instant) => instant.value(&INSTANT, machine, frame, &input),
        }
    }
}
