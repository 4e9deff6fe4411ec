//! What is measured of sessions and of the work on them, and under which names. Whoever installs a recorder for the
//! `metrics` facade reads it. A label never holds an id.

use jiff::SignedDuration;
use states::{Activity, Event, Session, State};
use strum::VariantArray;

use crate::child::Killed;
use crate::failure::Failure;
use crate::making::meter;

const TRANSITIONS: &str = "lockgate_transitions_total";
const SESSION_SECONDS: &str = "lockgate_session_seconds";
const SESSION_FAILURES: &str = "lockgate_session_failures_total";
const ACTIVITY_SECONDS: &str = "lockgate_activity_seconds";
const ACTIVITY_FAILURES: &str = "lockgate_activity_failures_total";
const RETRIES: &str = "lockgate_retries_total";
const CHILD_KILLS: &str = "lockgate_child_kills_total";
const NOTICE_TRIES: &str = "lockgate_notice_tries_total";

/// Under this target stand the spans and events that make up a session's trace.
pub const TRACE: &str = "trace";

/// By what somebody is told, and what a try comes to.
const TOLD_BY: [&str; 2] = ["webhook", "mail"];
const OUTCOMES: [&str; 4] = ["delivered", "refused", "throttled", "gone"];

/// Says what they are, and begins those at zero of which the labels are known: the rate of a series that begins with its
/// first event has missed that one.
pub fn describe() {
    metrics::describe_counter!(TRANSITIONS, "Moves that sessions made, by event and recipe.");
    metrics::describe_histogram!(SESSION_SECONDS, "From an attempt's start to its end, by recipe and state.");
    metrics::describe_counter!(SESSION_FAILURES, "Sessions that came to Failed, by recipe and problem.");
    metrics::describe_histogram!(ACTIVITY_SECONDS, "How long activities took, by activity.");
    metrics::describe_counter!(
        ACTIVITY_FAILURES,
        "Activities that failed, by problem; the workflow tries most of them again."
    );
    metrics::describe_counter!(RETRIES, "Steps that were begun again after they had failed, by activity.");
    metrics::describe_counter!(CHILD_KILLS, "Workers that were killed, or died, by reason.");
    metrics::describe_counter!(NOTICE_TRIES, "Tries to tell somebody, by what and what they came to.");
    meter::describe();
    for &activity in Activity::VARIANTS.iter().filter(|activity| is_a_step(**activity)) {
        let activity: &'static str = activity.into();
        metrics::counter!(RETRIES, "activity" => activity).absolute(0);
    }
    for &reason in Killed::VARIANTS {
        let reason: &'static str = reason.into();
        metrics::counter!(CHILD_KILLS, "reason" => reason).absolute(0);
    }
    for (by, outcome) in TOLD_BY.into_iter().flat_map(|by| OUTCOMES.map(|outcome| (by, outcome))) {
        metrics::counter!(NOTICE_TRIES, "by" => by, "outcome" => outcome).absolute(0);
    }
}

/// Whether a workflow has it as a step, and so may try it again.
fn is_a_step(activity: Activity) -> bool {
    let never =
        [Activity::ConfirmUpload, Activity::Start, Activity::Cancel, Activity::Redrive, Activity::Sweep];
    !never.contains(&activity)
}

/// A session has made a move, durably.
pub(crate) fn moved(session: &Session) {
    let Some(last) = session.trail.last() else { return };
    let recipe: &'static str = session.recipe.into();
    let event: &'static str = last.event.into();
    metrics::counter!(TRANSITIONS, "event" => event, "recipe" => recipe).increment(1);
    tracing::info!(session = session.id, attempt = session.attempt, recipe, event, "a session has moved");
    if let Some(problem) = &session.problem {
        let problem = problem.kind.slug();
        metrics::counter!(SESSION_FAILURES, "recipe" => recipe, "problem" => problem).increment(1);
    }
    let began = session.trail.iter().rev().find(|passage| {
        passage.attempt == session.attempt
            && matches!(passage.event, Event::TranscodeStarted | Event::Redriven)
    });
    if let (State::Done | State::Failed, Some(began)) = (session.state, began) {
        let state: &'static str = session.state.into();
        let took = last.at.duration_since(began.at).as_secs_f64();
        metrics::histogram!(SESSION_SECONDS, "recipe" => recipe, "state" => state).record(took);
        let problem = session.problem.as_ref().map(|problem| problem.kind.slug());
        tracing::info!(
            target: TRACE,
            session = session.id, attempt = session.attempt, recipe, state, problem,
            begun = session.created_at.as_millisecond(), ended = last.at.as_millisecond(),
            "a session has ended"
        );
    }
}

/// An activity has ended.
pub(crate) fn worked(activity: Activity, took: SignedDuration, failure: Option<&Failure>) {
    let activity: &'static str = activity.into();
    metrics::histogram!(ACTIVITY_SECONDS, "activity" => activity).record(took.as_secs_f64());
    if let Some(failure) = failure {
        let problem = failure.problem.kind.slug();
        metrics::counter!(ACTIVITY_FAILURES, "activity" => activity, "problem" => problem).increment(1);
    }
}

/// A step has begun that has failed before. Who runs the workflow knows; what is called does not.
pub fn tried_again(activity: Activity) {
    let activity: &'static str = activity.into();
    metrics::counter!(RETRIES, "activity" => activity).increment(1);
}

/// A child did not end by itself.
pub(crate) fn killed(reason: Killed) {
    let reason: &'static str = reason.into();
    metrics::counter!(CHILD_KILLS, "reason" => reason).increment(1);
}

/// A try to tell somebody has come to this.
pub(crate) fn told(by: &'static str, outcome: &'static str) {
    metrics::counter!(NOTICE_TRIES, "by" => by, "outcome" => outcome).increment(1);
}
