//! How long what has ended is kept: the table `[retention]` of the file, in days.

use jiff::SignedDuration;
use serde::Deserialize;
use states::limits;
use states::session::Retention;

/// What the file says; `inf` is for ever, and what is not said stays as it is.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Days {
    /// Uploaded files; without its file a session cannot be redriven.
    inputs: Option<f64>,
    results: Option<f64>,
    /// What each step did, of sessions and of whatever else the engine ran; and what was told to whom.
    histories: Option<f64>,
    sessions: Option<f64>,
    /// Ids of sessions that are gone, which answer 410.
    tombstones: Option<f64>,
}

const INPUTS: f64 = limits::INPUTS_KEPT_DAYS as f64;
const RESULTS: f64 = 30.0;
const HISTORIES: f64 = 30.0;
const SESSIONS: f64 = 90.0;
const TOMBSTONES: f64 = Retention::TOMBSTONE_DAYS as f64;

const DAY: f64 = 86_400.0;
const LONGEST: f64 = 36_525.0;

impl Days {
    pub(super) fn checked(self) -> Result<Retention, String> {
        let kept = |name: &str, said: Option<f64>, usual: f64| match said.unwrap_or(usual) {
            days if days == f64::INFINITY => Ok(None),
            days if (0.0..=LONGEST).contains(&days) => Ok(Some(SignedDuration::from_secs_f64(days * DAY))),
            days => {
                Err(format!("retention.{name}: {days} is no number of days, up to a hundred years or inf"))
            }
        };
        Ok(Retention {
            input: kept("inputs", self.inputs, INPUTS)?,
            results: kept("results", self.results, RESULTS)?,
            history: kept("histories", self.histories, HISTORIES)?,
            session: kept("sessions", self.sessions, SESSIONS)?,
            tombstone: kept("tombstones", self.tombstones, TOMBSTONES)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_as_told_or_as_usual_and_inf_is_for_ever() {
        let checked = |text: &str| toml::from_str::<Days>(text).map_err(|error| error.to_string())?.checked();
        let days = |days: i64| Some(SignedDuration::from_hours(24 * days));
        let usual = checked("").unwrap();
        assert_eq!((usual.input, usual.session), (days(30), days(90)));
        let told = checked("inputs = 0.5\nresults = inf").unwrap();
        assert_eq!((told.input, told.results), (Some(SignedDuration::from_hours(12)), None));
        for wrong in ["inputs = -1", "inputs = nan", "inputs = 1e9", "imputs = 1"] {
            assert!(checked(wrong).is_err(), "{wrong}");
        }
    }
}
