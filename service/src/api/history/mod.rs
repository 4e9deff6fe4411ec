//! `GET /api/sessions/{id}/history`: every execution a session has had, as its driver tells it.

mod steps;

use activities::ports::{Execution, HistoryPage, Status};
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use states::{Session, Timestamp};
use utoipa::ToSchema;

use super::App;
use super::caller::Caller;
use super::error::Error;
use super::extract::{Id, Parameters};
use crate::Service;
use steps::Step;

/// No execution has more events; it is Step Functions' own limit.
const EVENTS_MOST: usize = 25_000;

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct History {
    session_id: String,
    /// Oldest attempt first.
    executions: Vec<ExecutionView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Execution)]
struct ExecutionView {
    attempt: u32,
    name: String,
    #[schema(value_type = String, examples("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"))]
    status: String,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    stopped_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    input: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cause: Option<String>,
    /// The Amazon States Language document this execution runs.
    #[schema(value_type = Object)]
    definition: Value,
    /// The states it has entered, in order.
    steps: Vec<Step>,
    /// Step Functions' own history events, oldest first.
    #[schema(value_type = Vec<Object>)]
    events: Vec<Value>,
}

/// Show what was done, step by step
///
/// The executions of all attempts, or of one: definition, steps with their status, events.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/history",
    operation_id = "showHistory",
    tag = "sessions",
    params(("id" = String, Path), ("attempt" = Option<u32>, Query, minimum = 1)),
    responses(
        (status = 200, body = History),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(service): State<App>,
    caller: Caller,
    Id(id): Id,
    parameters: Parameters,
) -> Result<axum::Json<History>, Error> {
    let only = attempt(&parameters)?;
    let session = caller.session(&service, &id).await?;
    let mut executions = Vec::new();
    for attempt in (1..=session.attempt).filter(|&attempt| only.is_none_or(|only| only == attempt)) {
        executions.extend(read(&service, &session, attempt).await?);
    }
    let now = service.ctx.clock.now();
    if executions.is_empty() && session.history_is_over(now, &service.deadlines().retention) {
        return Err(Error::Expired { what: "Its history is" });
    }
    Ok(axum::Json(History { session_id: session.id, executions }))
}

fn attempt(parameters: &Parameters) -> Result<Option<u32>, Error> {
    let mut attempt = None;
    for (name, value) in parameters {
        if name != "attempt" {
            return Err(Parameters::unknown(name, &["attempt"]));
        }
        let number = value.parse().ok().filter(|&number| number >= 1);
        attempt = Some(number.ok_or_else(|| Error::Parameter {
            name: name.clone(),
            detail: "it is not a whole number from 1".to_owned(),
            allowed: Vec::new(),
        })?);
    }
    Ok(attempt)
}

/// The execution of one attempt; none where it was not started yet, or is no longer kept.
async fn read(service: &Service, session: &Session, attempt: u32) -> Result<Option<ExecutionView>, Error> {
    let name = session.execution_name_of(attempt);
    let Some(execution) = service.ctx.driver.describe(&name).await? else {
        return Ok(None);
    };
    let mut events = Vec::new();
    let mut after: Option<String> = None;
    while let Some(page) = service.ctx.driver.history(&name, after.as_deref()).await? {
        let HistoryPage { events: more, next } = page;
        events.extend(more);
        if next.is_none() || events.len() >= EVENTS_MOST {
            break;
        }
        after = next;
    }
    Ok(Some(ExecutionView::of(attempt, execution, events)))
}

impl ExecutionView {
    fn of(attempt: u32, execution: Execution, events: Vec<Value>) -> Self {
        let Execution { name, status, definition, input, output, error, cause, started_at, stopped_at } =
            execution;
        Self {
            attempt,
            name,
            status: status.to_string(),
            started_at,
            stopped_at,
            input,
            output,
            error,
            cause,
            // A document that is no JSON would not have run; shown as what it is, if it ever stood there.
            definition: serde_json::from_str(&definition).unwrap_or(Value::String(definition)),
            steps: steps::of(&events, (status != Status::Running).then_some(status)),
            events,
        }
    }
}
