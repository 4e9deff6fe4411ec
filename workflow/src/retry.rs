//! `Retry` and `Catch`: which rule an error meets, and how long a retrier waits.

use crate::definition::build::Level;
use crate::definition::fields::Fields;
use crate::errors::{ALL, HEARTBEAT_TIMEOUT, RUNTIME, TASK_FAILED, TIMEOUT};
use crate::history::Failure;
use crate::state::{Assign, CaughtOutput, Datum};
use crate::step::evaluate::Sight;
use crate::step::machine::{Machine, Outcome};
use crate::{Millis, StateId};
use serde_json::{Value, json};
use std::sync::Arc;

/// The most that AWS takes for an interval and for a number of attempts.
const MAX_FIELD: u32 = 99_999_999;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Retrier {
    errors: Vec<Box<str>>,
    interval: u32,
    backoff: f64,
    pub(crate) max_attempts: u32,
    max_delay: Option<u32>,
    jitter: bool,
}

#[derive(Debug)]
pub(crate) struct Catcher {
    errors: Vec<Box<str>>,
    pub(crate) next: StateId,
    output: CaughtOutput,
    assign: Assign,
}

impl Retrier {
    fn read(fields: Fields<'_>, last: bool) -> Option<Retrier> {
        let errors = error_equals(&fields, last);
        let interval = fields.count("IntervalSeconds", 1).unwrap_or(1).min(MAX_FIELD);
        let backoff = fields.number("BackoffRate", 1.0).unwrap_or(2.0);
        let max_attempts = fields.count("MaxAttempts", 0).unwrap_or(3).min(MAX_FIELD);
        let max_delay = fields.count("MaxDelaySeconds", 1);
        if max_delay.is_some_and(|max| max <= interval) {
            fields.problem("MaxDelaySeconds", "MaxDelaySeconds must be greater than IntervalSeconds");
        }
        let jitter = match fields.text("JitterStrategy") {
            None | Some("NONE") => false,
            Some("FULL") => true,
            Some(_) => {
                fields.problem(
                    "JitterStrategy",
                    "The field 'JitterStrategy' should have one of these values: [FULL, NONE]",
                );
                false
            }
        };
        fields.finish();
        Some(Retrier { errors: errors?, interval, backoff, max_attempts, max_delay, jitter })
    }

    pub(crate) fn matches(&self, error: Option<&str>) -> bool {
        matches(&self.errors, error)
    }

    /// How long to wait before the try after `retries` retries; `draw` is a random number of the step.
    pub(crate) fn delay(&self, retries: u32, draw: u64) -> Millis {
        let seconds = f64::from(self.interval) * self.backoff.powf(f64::from(retries));
        let seconds = seconds.min(f64::from(self.max_delay.unwrap_or(MAX_FIELD)));
        #[expect(clippy::cast_possible_truncation, reason = "it is at most 99,999,999 seconds")]
        let delay = (seconds * 1000.0) as Millis;
        if self.jitter { Millis::try_from(draw % (delay.unsigned_abs() + 1)).unwrap_or(delay) } else { delay }
    }
}

impl Catcher {
    fn read(fields: Fields<'_>, level: &Level<'_>, last: bool) -> Option<Catcher> {
        let errors = error_equals(&fields, last);
        fields.need("Next");
        let next = level.target(&fields, "Next");
        let output = CaughtOutput::read(&fields);
        let assign = Assign::read(&fields);
        fields.finish();
        Some(Catcher { errors: errors?, next: next?, output, assign })
    }

    /// Leaves the state of the branch with what was caught.
    pub(crate) fn take(&self, machine: &mut Machine<'_>, frame: u32, failure: &Failure) -> Outcome {
        let text = |text: &Option<Arc<str>>| text.as_deref().unwrap_or_default().to_owned();
        let caught = Datum::Made(json!({ "Error": text(&failure.error), "Cause": text(&failure.cause) }));
        let assigned = self.assign.values(machine, frame, || Sight::of_error(&caught))?;
        let output = self.output.of(machine, frame, caught)?;
        machine.exit(frame, output, assigned, Some(self.next))
    }

    pub(crate) fn matches(&self, error: Option<&str>) -> bool {
        matches(&self.errors, error)
    }
}

/// The field `Retry`.
pub(crate) fn retriers(fields: &Fields<'_>) -> Vec<Retrier> {
    each(fields, "Retry", Retrier::read)
}

/// The field `Catch`.
pub(crate) fn catchers(fields: &Fields<'_>, level: &Level<'_>) -> Vec<Catcher> {
    each(fields, "Catch", |rule, last| Catcher::read(rule, level, last))
}

fn each<T>(fields: &Fields<'_>, name: &'static str, read: impl Fn(Fields<'_>, bool) -> Option<T>) -> Vec<T> {
    let rules = fields.list(name).map_or(&[] as &[Value], Vec::as_slice);
    let rule = |(index, value)| {
        fields.element(name, index, value).and_then(|rule| read(rule, index + 1 == rules.len()))
    };
    rules.iter().enumerate().filter_map(rule).collect()
}

fn error_equals(fields: &Fields<'_>, last: bool) -> Option<Vec<Box<str>>> {
    fields.need("ErrorEquals");
    let list = fields.list("ErrorEquals")?;
    let names: Option<Vec<Box<str>>> = list.iter().map(|name| name.as_str().map(Into::into)).collect();
    match &names {
        None => fields.problem("ErrorEquals", "Expected an array of strings"),
        Some(names) if names.is_empty() => fields.problem("ErrorEquals", "Value cannot be empty"),
        Some(names) if names.iter().any(|name| &**name == ALL) && (names.len() > 1 || !last) => {
            fields.problem("ErrorEquals", "States.ALL must appear alone and in the last rule");
        }
        Some(_) => {}
    }
    names
}

/// `States.ALL` meets all but `States.Runtime`, which nothing meets; `States.TaskFailed` all but timeouts.
fn matches(rules: &[Box<str>], error: Option<&str>) -> bool {
    let error = error.unwrap_or_default();
    if error == RUNTIME {
        return false;
    }
    let timeout = matches!(error, TIMEOUT | HEARTBEAT_TIMEOUT);
    rules.iter().any(|rule| match &**rule {
        ALL => true,
        TASK_FAILED => !timeout,
        TIMEOUT => timeout,
        rule => rule == error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retrier(interval: u32, backoff: f64, max_delay: Option<u32>, jitter: bool) -> Retrier {
        Retrier { errors: vec![ALL.into()], interval, backoff, max_attempts: 3, max_delay, jitter }
    }

    #[test]
    fn delays_grow_up_to_their_maximum() {
        let plain = retrier(2, 1.5, None, false);
        assert_eq!([0, 1, 2].map(|retries| plain.delay(retries, 9)), [2000, 3000, 4500]);
        let capped = retrier(10, 2.0, Some(25), false);
        assert_eq!([0, 1, 2, 4000].map(|retries| capped.delay(retries, 9)), [10_000, 20_000, 25_000, 25_000]);
        assert_eq!(retrier(1, f64::MAX, None, false).delay(9, 0), 99_999_999_000);
    }

    #[test]
    fn full_jitter_draws_between_nothing_and_the_whole_delay() {
        let jittered = retrier(10, 2.0, None, true);
        assert_eq!(jittered.delay(0, 0), 0);
        assert_eq!(jittered.delay(0, 10_000), 10_000);
        assert_eq!(jittered.delay(0, 10_001), 0);
        assert!((0..200).all(|draw| (0..=20_000).contains(&jittered.delay(1, draw * 7919))));
    }

    #[test]
    fn rules_meet_errors_by_name() {
        let meets = |rule: &str, error: &str| matches(&[rule.into()], Some(error));
        assert!(meets("X", "X") && !meets("X", "Y"));
        assert!(meets(ALL, "X") && meets(ALL, TIMEOUT) && !meets(ALL, RUNTIME) && !meets(RUNTIME, RUNTIME));
        assert!(
            meets(TASK_FAILED, "X") && !meets(TASK_FAILED, TIMEOUT) && !meets(TASK_FAILED, HEARTBEAT_TIMEOUT)
        );
        assert!(meets(TIMEOUT, HEARTBEAT_TIMEOUT) && !meets(HEARTBEAT_TIMEOUT, TIMEOUT));
    }
}
