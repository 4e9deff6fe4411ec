//! State machines.

use std::str::FromStr;

use serde_json::{Map, Value, json};

use super::error::Failure;
use super::params::Params;
use super::{BODY, seconds};
use crate::driver::{Engine, MachineDescription, MachineRequest};
use crate::journal::Kind;

/// Longest name that AWS's model lets through to the check of names.
const NAME: usize = 80;
const ROLE: usize = 256;
/// What is stored and shown, and what it is when nothing was said.
const SETTINGS: [(&str, &str); 3] = [
    ("loggingConfiguration", r#"{"level":"OFF","includeExecutionData":false}"#),
    ("tracingConfiguration", r#"{"enabled":false}"#),
    ("encryptionConfiguration", r#"{"type":"AWS_OWNED_KEY"}"#),
];

pub(super) async fn create(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let kind = params.optional("type", NAME)?.unwrap_or("STANDARD");
    let unknown = |_| {
        let rule = "Member must satisfy enum value set: [STANDARD, EXPRESS]";
        Failure::validation("type", &format!("Value '{kind}'"), rule)
    };
    let given = |(name, _): &(&str, &str)| Some(((*name).to_owned(), params.value(name)?.clone()));
    let settings: Map<_, _> = SETTINGS.iter().filter_map(given).collect();
    let request = MachineRequest {
        name: params.text("name", BODY)?.to_owned(),
        definition: params.text("definition", BODY)?.to_owned(),
        role: params.text("roleArn", ROLE)?.to_owned(),
        kind: Kind::from_str(kind).map_err(unknown)?,
        settings: Value::Object(settings).to_string(),
    };
    let created = engine.create_state_machine(request).await?;
    Ok(json!({ "stateMachineArn": created.arn, "creationDate": seconds(created.created) }))
}

pub(super) async fn describe(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let machine = engine.describe_state_machine(params.arn("stateMachineArn")?).await?;
    let mut answer = described(&machine);
    answer.insert("status".into(), "ACTIVE".into());
    answer.insert("type".into(), <&str>::from(machine.kind).into());
    answer.insert("creationDate".into(), seconds(machine.created));
    Ok(answer.into())
}

pub(super) async fn describe_for_execution(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let machine = engine.describe_state_machine_for_execution(params.arn("executionArn")?).await?;
    let mut answer = described(&machine);
    answer.insert("updateDate".into(), seconds(machine.created));
    Ok(answer.into())
}

pub(super) async fn list(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let (machines, next) = engine.list_state_machines(&params.page()?).await?;
    let listed = |machine: &MachineDescription| {
        json!({
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "type": <&str>::from(machine.kind),
            "creationDate": seconds(machine.created),
        })
    };
    let mut answer = json!({ "stateMachines": machines.iter().map(listed).collect::<Vec<_>>() });
    super::executions::set_next(&mut answer, next);
    Ok(answer)
}

pub(super) async fn delete(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    engine.delete_state_machine(params.arn("stateMachineArn")?).await?;
    Ok(json!({}))
}

fn described(machine: &MachineDescription) -> Map<String, Value> {
    let mut answer = Map::new();
    answer.insert("stateMachineArn".into(), machine.arn.clone().into());
    answer.insert("name".into(), machine.name.clone().into());
    answer.insert("definition".into(), machine.definition.clone().into());
    answer.insert("roleArn".into(), machine.role.clone().into());
    let given: Map<String, Value> = serde_json::from_str(&machine.settings).unwrap_or_default();
    for (name, usual) in SETTINGS {
        let usual = || serde_json::from_str(usual).unwrap_or_default();
        answer.insert(name.into(), given.get(name).cloned().unwrap_or_else(usual));
    }
    answer
}
