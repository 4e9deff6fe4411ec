//! Versions of state machines.

use serde_json::{Value, json};

use super::error::Failure;
use super::params::Params;
use super::{seconds, set_next};
use crate::driver::{Engine, VersionMade, VersionRequest};

pub(super) async fn publish(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let request = VersionRequest { description: params.optional("description").map(str::to_owned) };
    let (arn, revision) = (params.text("stateMachineArn"), params.optional("revisionId"));
    Ok(shown(engine.publish_state_machine_version(arn, revision, request).await?))
}

pub(super) async fn delete(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    engine.delete_state_machine_version(params.text("stateMachineVersionArn")).await?;
    Ok(json!({}))
}

pub(super) async fn list(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let arn = params.text("stateMachineArn");
    let (versions, next) = engine.list_state_machine_versions(arn, &params.page()).await?;
    let mut answer = json!({ "stateMachineVersions": versions.into_iter().map(shown).collect::<Vec<_>>() });
    set_next(&mut answer, next);
    Ok(answer)
}

fn shown(version: VersionMade) -> Value {
    json!({ "stateMachineVersionArn": version.arn, "creationDate": seconds(version.created) })
}
