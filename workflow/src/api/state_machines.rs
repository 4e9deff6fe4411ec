//! State machines.

use std::str::FromStr;

use serde_json::{Map, Value, json};

use super::error::Failure;
use super::params::Params;
use super::{seconds, set_next, settings, tags};
use crate::driver::{
    Engine, ListedMachine, MachineDescription, MachineRequest, MachineUpdate, VersionRequest,
};
use crate::journal::Kind;

pub(super) async fn create(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let request = MachineRequest {
        name: params.text("name").to_owned(),
        definition: params.text("definition").to_owned(),
        role: role(params)?.unwrap_or_default().to_owned(),
        kind: kind(params),
        settings: settings::stored(params)?,
        tags: tags::given(params),
        publish: publish(params)?,
    };
    let made = engine.create_state_machine(request).await?;
    let mut answer = json!({ "stateMachineArn": made.arn, "creationDate": seconds(made.created) });
    if let Some(arn) = made.version_arn {
        answer["stateMachineVersionArn"] = arn.into();
    }
    Ok(answer)
}

pub(super) async fn update(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let update = MachineUpdate {
        definition: params.optional("definition").map(str::to_owned),
        role: role(params)?.map(str::to_owned),
        settings: settings::given(params)?,
        publish: publish(params)?,
    };
    let updated = engine.update_state_machine(params.text("stateMachineArn"), update).await?;
    let mut answer = json!({ "updateDate": seconds(updated.updated) });
    if let Some(label) = updated.label {
        answer["revisionId"] = label.into();
    }
    if let Some(arn) = updated.version_arn {
        answer["stateMachineVersionArn"] = arn.into();
    }
    Ok(answer)
}

pub(super) async fn describe(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let machine = engine.describe_state_machine(params.text("stateMachineArn")).await?;
    let mut answer = described(&machine, params);
    answer.insert("status".into(), if machine.deleting { "DELETING" } else { "ACTIVE" }.into());
    answer.insert("type".into(), <&str>::from(machine.kind).into());
    answer.insert("creationDate".into(), seconds(machine.created));
    if let Some(description) = machine.description {
        answer.insert("description".into(), description.into());
    }
    Ok(answer.into())
}

pub(super) async fn describe_for_execution(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let machine = engine.describe_state_machine_for_execution(params.text("executionArn")).await?;
    let mut answer = described(&machine, params);
    answer.insert("updateDate".into(), seconds(machine.created));
    if let Some(map) = machine.map {
        answer.insert("mapRunArn".into(), map.run_arn.into());
        answer.insert("label".into(), map.label.into());
    }
    Ok(answer.into())
}

pub(super) async fn list(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let (machines, next) = engine.list_state_machines(&params.page()).await?;
    let listed = |machine: &ListedMachine| {
        json!({
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "type": <&str>::from(machine.kind),
            "creationDate": seconds(machine.created),
        })
    };
    let mut answer = json!({ "stateMachines": machines.iter().map(listed).collect::<Vec<_>>() });
    set_next(&mut answer, next);
    Ok(answer)
}

pub(super) async fn delete(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    engine.delete_state_machine(params.text("stateMachineArn")).await?;
    Ok(json!({}))
}

/// The role that is named, if one is: kept and shown, and the ARN of a role all the same.
pub(super) fn role(params: &Params) -> Result<Option<&str>, Failure> {
    let role = params.optional("roleArn");
    match role.filter(|arn| !is_role(arn)) {
        Some(arn) => Err(Failure::role(arn)),
        None => Ok(role),
    }
}

fn is_role(arn: &str) -> bool {
    let ["arn", partition, "iam", "", account, role] = arn.splitn(6, ':').collect::<Vec<_>>()[..] else {
        return false;
    };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_named = role.strip_prefix("role/").is_some_and(|name| !name.is_empty());
    partition.starts_with("aws") && is_account && is_named
}

pub(super) fn kind(params: &Params) -> Kind {
    params.optional("type").and_then(|kind| Kind::from_str(kind).ok()).unwrap_or_default()
}

/// Whether what is made is to be published, and with which words.
fn publish(params: &Params) -> Result<Option<VersionRequest>, Failure> {
    let description = params.optional("versionDescription").map(str::to_owned);
    if params.flag("publish") == Some(true) {
        return Ok(Some(VersionRequest { description }));
    }
    if description.is_some() {
        return Err(Failure::validation("Version description can only be set when publish is true"));
    }
    Ok(None)
}

fn described(machine: &MachineDescription, params: &Params) -> Map<String, Value> {
    let mut answer = Map::new();
    answer.insert("stateMachineArn".into(), machine.arn.clone().into());
    answer.insert("name".into(), machine.name.clone().into());
    // The document is data too, and required all the same.
    let definition = if params.metadata_only() { "{}" } else { &machine.definition };
    answer.insert("definition".into(), definition.into());
    answer.insert("roleArn".into(), machine.role.clone().into());
    if let Some(label) = &machine.label {
        answer.insert("revisionId".into(), label.clone().into());
    }
    settings::show(&machine.settings, &mut answer);
    if !machine.variables.is_empty() {
        answer.insert("variableReferences".into(), json!(machine.variables));
    }
    answer
}
