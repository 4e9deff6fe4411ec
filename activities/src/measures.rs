//! What is measured of sessions and of the work on them, and under which names. Whoever installs a recorder for the
//! `metrics` facade reads it. A label never holds an id.

use jiff::SignedDuration;
use states::{Activity, Event, Session, State};

use crate::failure::Failure;

const TRANSITIONS: &str = "lockgate_transitions_total";
const SESSION_SECONDS: &str = "lockgate_session_seconds";
const SESSION_FAILURES: &str = "lockgate_session_failures_total";
const ACTIVITY_SECONDS: &str = "lockgate_activity_seconds";
const ACTIVITY_FAILURES: &str = "lockgate_activity_failures_total";

/// Under this target stand the spans and events that make up a session's trace.
pub const TRACE: &str = "trace";

/// Says what they are.
pub fn describe() {
    metrics::describe_counter!(TRANSITIONS, "Moves that sessions made, by event and recipe.");
    metrics::describe_histogram!(SESSION_SECONDS, "From an attempt's start to its end, by recipe and state.");
    metrics::describe_counter!(SESSION_FAILURES, "Sessions that came to Failed, by recipe and problem.");
    metrics::describe_histogram!(ACTIVITY_SECONDS, "How long activities took, by activity.");
    metrics::describe_counter!(
        ACTIVITY_FAILURES,
        "Activities that failed, by problem; the workflow tries most of them again."
    );
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
