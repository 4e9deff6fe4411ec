//! Executions.

use std::str::FromStr;

use serde_json::{Value, json};

use super::error::Failure;
use super::params::Params;
use super::{seconds, set_next};
use crate::driver::{ChildFilter, ChildStatus, Description, Engine, ListedExecution, Redrivable};
use crate::journal::RunStatus;

/// What AWS bills at least, and what all of ours are said to use.
const MEMORY: u32 = 64;
/// How a child stands that its run is to begin again.
const PENDING_REDRIVE: &str = "PENDING_REDRIVE";

pub(super) async fn start(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let (machine, name) = (params.text("stateMachineArn"), params.optional("name"));
    let (input, trace) = (params.optional("input").unwrap_or("{}"), params.optional("traceHeader"));
    let started = engine.start_traced_execution(machine, name, input, trace).await?;
    Ok(json!({ "executionArn": started.arn, "startDate": seconds(started.start_date) }))
}

/// Answers when the execution has ended, after five minutes at most.
pub(super) async fn start_sync(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let (machine, name) = (params.text("stateMachineArn"), params.optional("name"));
    let (input, trace) = (params.optional("input").unwrap_or("{}"), params.optional("traceHeader"));
    let ended = engine.start_sync_execution(machine, name, input, trace).await?;
    let mut answer = described(&ended, params.metadata_only());
    for of_standard in [
        "redriveCount",
        "redriveDate",
        "redriveStatus",
        "redriveStatusReason",
        "stateMachineVersionArn",
        "stateMachineAliasArn",
    ] {
        answer.as_object_mut().map(|answer| answer.shift_remove(of_standard));
    }
    // There is no other failure for one who waits.
    if ended.status == RunStatus::Aborted {
        answer["status"] = "FAILED".into();
    }
    let took = ended.stopped.map_or(0, |stopped| stopped - ended.started);
    answer["billingDetails"] = json!({
        "billedDurationInMilliseconds": (took.max(1) + 99) / 100 * 100,
        "billedMemoryUsedInMB": MEMORY,
    });
    Ok(answer)
}

pub(super) async fn redrive(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let (arn, token) = (params.text("executionArn"), params.optional("clientToken"));
    Ok(json!({ "redriveDate": seconds(engine.redrive_execution(arn, token).await?) }))
}

pub(super) async fn describe(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let execution = engine.describe_execution(params.text("executionArn")).await?;
    Ok(described(&execution, params.metadata_only()))
}

pub(super) async fn list(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let status = params.optional("statusFilter");
    let redriven = params.optional("redriveFilter").map(|filter| filter == "REDRIVEN");
    let only_of_children = [
        ("redriveFilter", redriven.is_some()),
        ("statusFilter PENDING_REDRIVE", status == Some(PENDING_REDRIVE)),
    ];
    for (filter, _) in only_of_children.into_iter().filter(|(_, given)| *given) {
        if params.optional("mapRunArn").is_none() {
            return Err(Failure::validation(&format!("{filter} can only be used with a Map Run ARN")));
        }
    }
    let page = params.page();
    let known = status.and_then(|status| RunStatus::from_str(status).ok());
    let (executions, next) = match (params.optional("stateMachineArn"), params.optional("mapRunArn")) {
        (None, Some(map_run)) => {
            let pending = status.filter(|status| *status == PENDING_REDRIVE);
            let status = pending.map(|_| ChildStatus::PendingRedrive).or_else(|| known.map(ChildStatus::Is));
            engine.list_children(map_run, ChildFilter { status, redriven }, &page).await?
        }
        (Some(machine), None) => engine.list_executions(machine, known, &page).await?,
        _ => return Err(Failure::validation("Must provide a StateMachine ARN or MapRun ARN")),
    };
    let mut answer = json!({ "executions": executions.iter().map(listed).collect::<Vec<_>>() });
    set_next(&mut answer, next);
    Ok(answer)
}

pub(super) async fn history(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let reverse = params.flag("reverseOrder").unwrap_or(false);
    let with_data = params.flag("includeExecutionData").unwrap_or(true);
    let mut page = engine.history(params.text("executionArn"), &params.page(), reverse).await?;
    if !with_data {
        page.events.iter_mut().for_each(drop_data);
    }
    let mut answer = json!({ "events": page.events });
    set_next(&mut answer, page.next);
    Ok(answer)
}

pub(super) async fn stop(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let (error, cause) = (params.optional("error"), params.optional("cause"));
    let stopped = engine.stop_execution(params.text("executionArn"), error, cause).await?;
    Ok(json!({ "stopDate": seconds(stopped) }))
}

/// A damaged execution has failed as far as a client can know.
pub(super) fn status(status: RunStatus) -> &'static str {
    if status == RunStatus::Parked { RunStatus::Failed.into() } else { status.into() }
}

fn described(execution: &Description, metadata_only: bool) -> Value {
    let mut answer = json!({
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine_arn,
        "name": execution.name,
        "status": status(execution.status),
        "startDate": seconds(execution.started),
        "redriveCount": execution.redrives.count,
    });
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            answer[name] = value;
        }
    };
    set("stateMachineVersionArn", execution.version_arn.as_deref().map(Value::from));
    set("stateMachineAliasArn", execution.alias_arn.as_deref().map(Value::from));
    set("traceHeader", execution.trace.as_deref().map(Value::from));
    set("stopDate", execution.stopped.map(seconds));
    set("mapRunArn", execution.map_run_arn.as_deref().map(Value::from));
    if !metadata_only {
        let included = json!({ "included": true });
        set("inputDetails", execution.input.as_ref().map(|_| included.clone()));
        set("input", execution.input.as_deref().map(Value::from));
        set("outputDetails", execution.output.as_ref().map(|_| included));
        set("output", execution.output.as_deref().map(Value::from));
        let failed = execution.failed.clone().unwrap_or_default();
        set("error", failed.error.as_deref().map(Value::from));
        set("cause", failed.cause.as_deref().map(Value::from));
    }
    set("redriveDate", execution.redrives.at.map(seconds));
    let (redrivable, reason) = match execution.redrives.may {
        Redrivable::Yes => ("REDRIVABLE", None),
        Redrivable::ByMapRun => ("REDRIVABLE_BY_MAP_RUN", None),
        Redrivable::No(reason) => ("NOT_REDRIVABLE", Some(reason)),
    };
    set("redriveStatus", Some(redrivable.into()));
    set("redriveStatusReason", reason.map(Value::from));
    answer
}

fn listed(execution: &ListedExecution) -> Value {
    let mut answer = json!({
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine_arn,
        "name": execution.name,
        "status": if execution.pending_redrive { PENDING_REDRIVE } else { status(execution.status) },
        "startDate": seconds(execution.started),
        "redriveCount": execution.redriven.map_or(0, |redriven| redriven.count),
    });
    if let Some(redriven) = execution.redriven {
        answer["redriveDate"] = seconds(redriven.at);
    }
    if let Some(stopped) = execution.stopped {
        answer["stopDate"] = seconds(stopped);
    }
    if let Some(map_run) = &execution.map_run_arn {
        answer["mapRunArn"] = map_run.as_str().into();
        answer["itemCount"] = execution.items.into();
    }
    if let Some(arn) = &execution.version_arn {
        answer["stateMachineVersionArn"] = arn.clone().into();
    }
    if let Some(arn) = &execution.alias_arn {
        answer["stateMachineAliasArn"] = arn.clone().into();
    }
    answer
}

/// Leaves out of an event what the execution worked on.
fn drop_data(event: &mut Value) {
    let details = event.as_object_mut().into_iter().flat_map(|fields| fields.iter_mut());
    for (_, details) in details {
        if let Some(details) = details.as_object_mut() {
            for field in ["input", "output", "parameters", "assignedVariables"] {
                details.shift_remove(field);
            }
        }
    }
}
