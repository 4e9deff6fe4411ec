//! Activities.

use serde_json::{Value, json};

use super::error::Failure;
use super::params::Params;
use super::{seconds, set_next, settings, tags};
use crate::driver::{ActivityDescription, Engine};

pub(super) async fn create(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let encryption = settings::encryption(params)?;
    let activity = engine.create_activity(params.text("name"), encryption, tags::given(params)).await?;
    Ok(json!({ "activityArn": activity.arn, "creationDate": seconds(activity.created) }))
}

pub(super) async fn describe(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let activity = engine.describe_activity(params.text("activityArn")).await?;
    let mut answer = listed(&activity);
    answer["encryptionConfiguration"] = settings::show_encryption(activity.encryption.as_deref());
    Ok(answer)
}

pub(super) async fn list(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let (activities, next) = engine.list_activities(&params.page()).await?;
    let mut answer = json!({ "activities": activities.iter().map(listed).collect::<Vec<_>>() });
    set_next(&mut answer, next);
    Ok(answer)
}

pub(super) async fn delete(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    engine.delete_activity(params.text("activityArn")).await?;
    Ok(json!({}))
}

/// Answers after a minute at most; without a task, with a token that is null.
pub(super) async fn get_task(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let (arn, worker) = (params.text("activityArn"), params.optional("workerName"));
    Ok(match engine.get_activity_task(arn, worker).await? {
        Some(task) => json!({ "taskToken": task.token, "input": *task.input }),
        None => json!({ "taskToken": null }),
    })
}

fn listed(activity: &ActivityDescription) -> Value {
    json!({ "activityArn": activity.arn, "name": activity.name, "creationDate": seconds(activity.created) })
}
