//! Executions.

use std::str::FromStr;

use serde_json::{Value, json};

use super::error::Failure;
use super::params::Params;
use super::{BODY, seconds};
use crate::driver::{Description, Engine, ListedExecution};
use crate::journal::RunStatus;

const ERROR: usize = 256;
const CAUSE: usize = 32_768;

pub(super) async fn start(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let machine = params.arn("stateMachineArn")?;
    let name = params.optional("name", BODY)?;
    let input = params.optional("input", BODY)?.unwrap_or("{}");
    let started = engine.start_execution(machine, name, input).await?;
    Ok(json!({ "executionArn": started.arn, "startDate": seconds(started.start_date) }))
}

pub(super) async fn describe(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let execution = engine.describe_execution(params.arn("executionArn")?).await?;
    Ok(described(&execution))
}

pub(super) async fn list(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let status = params.optional("statusFilter", ERROR)?;
    let status = status
        .map(|status| {
            RunStatus::from_str(status).map_err(|_| {
                let rule = "Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]";
                Failure::validation("statusFilter", &format!("Value '{status}'"), rule)
            })
        })
        .transpose()?;
    let machine = params.arn("stateMachineArn")?;
    let (executions, next) = engine.list_executions(machine, status, &params.page()?).await?;
    let mut answer = json!({ "executions": executions.iter().map(listed).collect::<Vec<_>>() });
    set_next(&mut answer, next);
    Ok(answer)
}

pub(super) async fn history(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let arn = params.arn("executionArn")?;
    let reverse = params.flag("reverseOrder")?.unwrap_or(false);
    let with_data = params.flag("includeExecutionData")?.unwrap_or(true);
    let mut page = engine.history(arn, &params.page()?, reverse).await?;
    if !with_data {
        page.events.iter_mut().for_each(drop_data);
    }
    let mut answer = json!({ "events": page.events });
    set_next(&mut answer, page.next);
    Ok(answer)
}

pub(super) async fn stop(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let arn = params.arn("executionArn")?;
    let (error, cause) = (params.optional("error", ERROR)?, params.optional("cause", CAUSE)?);
    let stopped = engine.stop_execution(arn, error, cause).await?;
    Ok(json!({ "stopDate": seconds(stopped) }))
}

pub(super) fn set_next(answer: &mut Value, next: Option<String>) {
    if let Some(next) = next {
        answer["nextToken"] = next.into();
    }
}

/// A damaged execution has failed as far as a client can know.
fn status(status: RunStatus) -> &'static str {
    if status == RunStatus::Parked { RunStatus::Failed.into() } else { status.into() }
}

fn described(execution: &Description) -> Value {
    let mut answer = json!({
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine_arn,
        "name": execution.name,
        "status": status(execution.status),
        "startDate": seconds(execution.started),
        "redriveCount": 0,
    });
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            answer[name] = value;
        }
    };
    let included = json!({ "included": true });
    set("stopDate", execution.stopped.map(seconds));
    set("inputDetails", execution.input.as_ref().map(|_| included.clone()));
    set("input", execution.input.as_deref().map(Value::from));
    set("outputDetails", execution.output.as_ref().map(|_| included));
    set("output", execution.output.as_deref().map(Value::from));
    let failed = execution.failed.clone().unwrap_or_default();
    set("error", failed.error.as_deref().map(Value::from));
    set("cause", failed.cause.as_deref().map(Value::from));
    let (redrivable, why_not) = redrive(execution.status);
    set("redriveStatus", Some(redrivable.into()));
    set("redriveStatusReason", why_not.map(Value::from));
    answer
}

fn redrive(status: RunStatus) -> (&'static str, Option<String>) {
    match status {
        RunStatus::Failed | RunStatus::TimedOut | RunStatus::Aborted => ("REDRIVABLE", None),
        RunStatus::Running | RunStatus::Succeeded | RunStatus::Parked => {
            let status: &str = status.into();
            ("NOT_REDRIVABLE", Some(format!("Execution is {status} and cannot be redriven")))
        }
    }
}

fn listed(execution: &ListedExecution) -> Value {
    let mut answer = json!({
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine_arn,
        "name": execution.name,
        "status": status(execution.status),
        "startDate": seconds(execution.started),
        "redriveCount": 0,
    });
    if let Some(stopped) = execution.stopped {
        answer["stopDate"] = seconds(stopped);
    }
    answer
}

/// Leaves out of an event what the execution worked on.
fn drop_data(event: &mut Value) {
    let details = event.as_object_mut().into_iter().flat_map(|fields| fields.iter_mut());
    for (_, details) in details {
        if let Some(details) = details.as_object_mut() {
            for field in ["input", "output", "parameters"] {
                details.shift_remove(field);
            }
        }
    }
}
