//! Map runs.

use serde_json::{Value, json};

use super::error::Failure;
use super::executions::status;
use super::params::Params;
use super::{seconds, set_next};
use crate::driver::{Counts, Engine, MapRunDescription, MapRunUpdate};

pub(super) async fn describe(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let run = engine.describe_map_run(params.text("mapRunArn")).await?;
    Ok(described(&run))
}

pub(super) async fn list(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let (runs, next) = engine.list_map_runs(params.text("executionArn"), &params.page()).await?;
    let listed = runs.iter().map(|run| {
        let mut shown = json!({
            "executionArn": run.execution_arn,
            "mapRunArn": run.arn,
            "stateMachineArn": run.machine_arn,
            "startDate": seconds(run.started),
        });
        if let Some(stopped) = run.stopped {
            shown["stopDate"] = seconds(stopped);
        }
        shown
    });
    let mut answer = json!({ "mapRuns": listed.collect::<Vec<_>>() });
    set_next(&mut answer, next);
    Ok(answer)
}

pub(super) async fn update(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    // More than can be counted here is as good as the most that can.
    let count = |name| params.number(name).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    let update = MapRunUpdate {
        concurrency: count("maxConcurrency"),
        tolerated_count: count("toleratedFailureCount"),
        tolerated_percentage: params.value("toleratedFailurePercentage").and_then(Value::as_f64),
    };
    engine.update_map_run(params.text("mapRunArn"), update).await?;
    Ok(json!({}))
}

fn described(run: &MapRunDescription) -> Value {
    let mut answer = json!({
        "mapRunArn": run.arn,
        "executionArn": run.execution_arn,
        "status": status(run.status),
        "startDate": seconds(run.started),
        "maxConcurrency": run.limits.concurrency,
        "toleratedFailurePercentage": run.limits.tolerated_percentage.unwrap_or(0.0),
        "toleratedFailureCount": run.limits.tolerated_count.unwrap_or(0),
        "itemCounts": counts(&run.items),
        "executionCounts": counts(&run.executions),
        "redriveCount": run.redrives,
    });
    if let Some(stopped) = run.stopped {
        answer["stopDate"] = seconds(stopped);
    }
    if let Some(redriven) = run.redriven {
        answer["redriveDate"] = seconds(redriven);
    }
    answer
}

fn counts(counts: &Counts) -> Value {
    json!({
        "pending": counts.pending,
        "running": counts.running,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "timedOut": counts.timed_out,
        "aborted": counts.aborted,
        "total": counts.total,
        "resultsWritten": counts.results_written,
        "failuresNotRedrivable": counts.not_redrivable,
        "pendingRedrive": counts.pending_redrive,
    })
}
