//! A worker: it asks whoever runs the workflow for the tasks of one activity, does one after the other, and says all the
//! while that it lives. Locally it runs in the process, on AWS in a container; the driver behind it is the only difference.

use std::time::Duration;

use serde_json::Value;
use states::recipe::HEARTBEAT_SECONDS;
use states::{Activity, Kind};

use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::ports::{Awaited, Fault, Task};
use crate::registry;

/// Three signs of life may be lost before one is missed.
const BEAT: Duration = Duration::from_secs(HEARTBEAT_SECONDS as u64 / 4);

/// How long to leave a driver alone that does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Works until it is dropped; what it works on then is given up, and missed by its heartbeat.
pub async fn work(ctx: &Ctx, activity: Activity) {
    loop {
        match ctx.driver.next_task(activity).await {
            Ok(Some(task)) => perform(ctx, activity, &task).await,
            Ok(None) => {}
            Err(fault) => {
                tracing::warn!(%activity, %fault, "no task is to be had; the worker asks again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn perform(ctx: &Ctx, activity: Activity, task: &Task) {
    carry_out(ctx, &task.token, call(ctx, activity, &task.input)).await;
}

/// Does the work of a task and tells its end; unless nobody waits for it any more, and then it is given up.
pub async fn carry_out(ctx: &Ctx, token: &str, work: impl Future<Output = Result<Value, Failure>>) {
    tokio::select! {
        outcome = work => report(ctx, token, outcome).await,
        () = beat_until_gone(ctx, token) => tracing::info!("nobody waits for this task any more; its work is given up"),
    }
}

async fn call(ctx: &Ctx, activity: Activity, input: &str) -> Result<Value, Failure> {
    let input = serde_json::from_str(input).map_err(|error| {
        Failure::new(Kind::WorkflowFailed, format!("The step's input is not JSON: {error}."))
    })?;
    // What an activity holds while it works is large.
    Box::pin(registry::call(ctx, activity, input)).await
}

/// Says that the task of this token lives, until that is of no interest any more.
async fn beat_until_gone(ctx: &Ctx, token: &str) {
    let mut beats = tokio::time::interval(BEAT);
    loop {
        beats.tick().await;
        match ctx.driver.beat(token).await {
            Ok(Awaited::Yes) => {}
            Ok(Awaited::NoMore) => return,
            Err(fault) => tracing::debug!(%fault, "a heartbeat is left out"),
        }
    }
}

/// Tells what came of a task, again and again while the driver does not answer.
async fn report(ctx: &Ctx, token: &str, outcome: Result<Value, Failure>) {
    const TRIES: u32 = 5;
    for _ in 0..TRIES {
        let told: Result<Awaited, Fault> = match &outcome {
            Ok(output) => ctx.driver.succeed(token, &output.to_string()).await,
            Err(Failure { problem }) => {
                ctx.driver.fail(token, problem.kind.error_name(), &problem.detail).await
            }
        };
        match told {
            Ok(_) => return,
            Err(fault) => tracing::warn!(%fault, "the end of a task could not be told"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
