//! Aliases of state machines' versions.

use serde_json::{Value, json};

use super::error::Failure;
use super::params::Params;
use super::{seconds, set_next};
use crate::driver::{Engine, Route};

pub(super) async fn create(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let (name, description) = (params.text("name"), params.optional("description"));
    let alias = engine.create_state_machine_alias(name, description, &routes(params)).await?;
    Ok(json!({ "stateMachineAliasArn": alias.arn, "creationDate": seconds(alias.created) }))
}

pub(super) async fn update(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let given = params.value("routingConfiguration").map(|_| routes(params));
    let (arn, description) = (params.text("stateMachineAliasArn"), params.optional("description"));
    let alias = engine.update_state_machine_alias(arn, description, given.as_deref()).await?;
    Ok(json!({ "updateDate": seconds(alias.updated) }))
}

pub(super) async fn describe(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let alias = engine.describe_state_machine_alias(params.text("stateMachineAliasArn")).await?;
    let route =
        |route: &Route| json!({ "stateMachineVersionArn": route.version_arn, "weight": route.weight });
    let mut answer = json!({
        "stateMachineAliasArn": alias.arn,
        "name": alias.name,
        "routingConfiguration": alias.routes.iter().map(route).collect::<Vec<_>>(),
        "creationDate": seconds(alias.created),
        "updateDate": seconds(alias.updated),
    });
    if let Some(description) = alias.description {
        answer["description"] = description.into();
    }
    Ok(answer)
}

pub(super) async fn delete(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    engine.delete_state_machine_alias(params.text("stateMachineAliasArn")).await?;
    Ok(json!({}))
}

pub(super) async fn list(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let arn = params.text("stateMachineArn");
    let (aliases, next) = engine.list_state_machine_aliases(arn, &params.page()).await?;
    let listed = aliases
        .into_iter()
        .map(|alias| json!({ "stateMachineAliasArn": alias.arn, "creationDate": seconds(alias.created) }));
    let mut answer = json!({ "stateMachineAliases": listed.collect::<Vec<_>>() });
    set_next(&mut answer, next);
    Ok(answer)
}

fn routes(params: &Params) -> Vec<Route> {
    let route = |given: &Value| Route {
        version_arn: given["stateMachineVersionArn"].as_str().unwrap_or_default().to_owned(),
        weight: given["weight"].as_u64().and_then(|weight| u32::try_from(weight).ok()).unwrap_or(0),
    };
    params.list("routingConfiguration").iter().map(route).collect()
}
