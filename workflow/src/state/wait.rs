//! Wait: until an instant, or for a number of seconds.

use super::State;
use crate::Millis;
use crate::data::path::Path;
use crate::data::time;
use crate::definition::fields::Fields;
use crate::history::Detail;
use crate::step::machine::{Exit, Machine, Outcome};

/// AWS counts the seconds of a wait in 31 bits.
const MAX_SECONDS: i64 = i32::MAX as i64;

#[derive(Debug)]
pub(crate) enum Wait {
    Seconds(u32),
    SecondsPath(Path),
    Timestamp(Millis),
    TimestampPath(Path),
}

impl Wait {
    pub(crate) fn read(fields: &Fields<'_>) -> Option<Wait> {
        fields.exactly_one(&["Seconds", "SecondsPath", "Timestamp", "TimestampPath"]);
        let timestamp = fields.text("Timestamp").and_then(|text| {
            let instant = time::parse(text);
            if instant.is_none() {
                fields.problem("Timestamp", "String does not match RFC3339 timestamp");
            }
            instant
        });
        let seconds = fields.count("Seconds", 0).map(Wait::Seconds);
        let seconds_path = fields.path("SecondsPath").map(Wait::SecondsPath);
        let timestamp_path = fields.path("TimestampPath").map(Wait::TimestampPath);
        seconds.or(seconds_path).or_else(|| timestamp.map(Wait::Timestamp)).or(timestamp_path)
    }

    pub(crate) fn act(&self, _state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        let until = self.until(machine, frame)?;
        if until.saturating_sub(machine.now()) > MAX_SECONDS * 1000 {
            return Err(machine.runtime(frame, "Wait state delay is too long."));
        }
        machine.emit(frame, Detail::WaitStarted { until })
    }

    fn until(&self, machine: &Machine<'_>, frame: u32) -> Result<Millis, Exit> {
        let look_up = |path: &Path| {
            let input = machine.state(frame)?.flow.input(machine, frame)?;
            machine.look_up(frame, path, &input.to_value())
        };
        let after = |seconds: i64| machine.now().saturating_add(seconds.saturating_mul(1000));
        match self {
            Wait::Seconds(seconds) => Ok(after(i64::from(*seconds))),
            Wait::Timestamp(instant) => Ok(*instant),
            Wait::SecondsPath(path) => {
                let value = look_up(path)?;
                let seconds = value.as_i64().filter(|&seconds| seconds >= 0);
                let message = format!(
                    "The SecondsPath parameter does not reference a valid, non-negative integer: {} == {value}",
                    path.text()
                );
                seconds.map(after).ok_or_else(|| machine.runtime(frame, &message))
            }
            Wait::TimestampPath(path) => {
                let value = look_up(path)?;
                let message = format!(
                    "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: {} == {value}",
                    path.text()
                );
                value.as_str().and_then(time::parse).ok_or_else(|| machine.runtime(frame, &message))
            }
        }
    }
}
