//! Activities.

use serde_json::{Value, json};

use super::error::Failure;
use super::executions::set_next;
use super::params::Params;
use super::{BODY, seconds};
use crate::driver::Engine;

const WORKER: usize = 80;

pub(super) async fn create(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let (arn, created) = engine.create_activity(params.text("name", BODY)?).await?;
    Ok(json!({ "activityArn": arn, "creationDate": seconds(created) }))
}

pub(super) async fn describe(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let (name, created) = engine.describe_activity(params.arn("activityArn")?).await?;
    let arn = engine.place().activity(&name);
    let encryption = json!({ "type": "AWS_OWNED_KEY" });
    let created = seconds(created);
    Ok(
        json!({ "activityArn": arn, "name": name, "creationDate": created, "encryptionConfiguration": encryption }),
    )
}

pub(super) async fn list(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let (activities, next) = engine.list_activities(&params.page()?).await?;
    let listed = activities.into_iter().map(|(name, created)| {
        let arn = engine.place().activity(&name);
        json!({ "activityArn": arn, "name": name, "creationDate": seconds(created) })
    });
    let mut answer = json!({ "activities": listed.collect::<Vec<_>>() });
    set_next(&mut answer, next);
    Ok(answer)
}

pub(super) async fn delete(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    engine.delete_activity(params.arn("activityArn")?).await?;
    Ok(json!({}))
}

/// Answers after a minute at most; without a task, with a token that is null.
pub(super) async fn get_task(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let arn = params.arn("activityArn")?;
    let worker = params.optional("workerName", WORKER)?;
    Ok(match engine.get_activity_task(arn, worker).await? {
        Some(task) => json!({ "taskToken": task.token, "input": *task.input }),
        None => json!({ "taskToken": null }),
    })
}
