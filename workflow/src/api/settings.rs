//! Configuration of machines and activities that is checked, stored and shown, and not acted on: logging, tracing,
//! encryption.

use serde_json::{Map, Value, json};

use super::error::Failure;
use super::params::Params;

/// What is shown when nothing was said.
fn usual(name: &str) -> Value {
    match name {
        "loggingConfiguration" => json!({ "level": "OFF", "includeExecutionData": false }),
        "tracingConfiguration" => json!({ "enabled": false }),
        _ => json!({ "type": "AWS_OWNED_KEY" }),
    }
}

const NAMES: [&str; 3] = ["loggingConfiguration", "tracingConfiguration", "encryptionConfiguration"];

/// Those that the request gives, checked and complete. The usual ones are `null`: they are not stored.
pub(super) fn given(params: &Params) -> Result<Map<String, Value>, Failure> {
    let mut settings = Map::new();
    for name in NAMES {
        let Some(given) = params.value(name) else { continue };
        match name {
            "loggingConfiguration" => check_logging(given)?,
            "encryptionConfiguration" => check_encryption(given)?,
            _ => {}
        }
        let mut complete = usual(name);
        merge(&mut complete, given);
        settings.insert(name.to_owned(), if complete == usual(name) { Value::Null } else { complete });
    }
    Ok(settings)
}

/// The settings of a new machine, as they are stored.
pub(super) fn stored(params: &Params) -> Result<String, Failure> {
    let mut settings = given(params)?;
    settings.retain(|_, value| !value.is_null());
    settings.sort_keys();
    Ok(Value::Object(settings).to_string())
}

/// Puts the stored settings into an answer.
pub(super) fn show(stored: &str, answer: &mut Map<String, Value>) {
    let mut stored: Map<String, Value> = serde_json::from_str(stored).unwrap_or_default();
    for name in NAMES {
        answer.insert(name.to_owned(), stored.remove(name).unwrap_or_else(|| usual(name)));
    }
}

/// An activity's, as it is stored; nothing for the usual one.
pub(super) fn encryption(params: &Params) -> Result<Option<String>, Failure> {
    Ok(given(params)?.remove("encryptionConfiguration").filter(|it| !it.is_null()).map(|it| it.to_string()))
}

pub(super) fn show_encryption(stored: Option<&str>) -> Value {
    let stored = stored.and_then(|text| serde_json::from_str(text).ok());
    stored.unwrap_or_else(|| usual("encryptionConfiguration"))
}

fn merge(complete: &mut Value, given: &Value) {
    if let (Some(complete), Some(given)) = (complete.as_object_mut(), given.as_object()) {
        let said = given.iter().filter(|(_, value)| !value.is_null());
        complete.extend(said.map(|(name, value)| (name.clone(), value.clone())));
    }
}

fn check_logging(logging: &Value) -> Result<(), Failure> {
    let destinations = logging["destinations"].as_array().map_or(0, Vec::len);
    let logs = logging["level"].as_str().is_some_and(|level| level != "OFF");
    if destinations > 1 || logs && destinations == 0 {
        return Err(Failure::logging("Must specify exactly one Log Destination."));
    }
    let no_arn = |destination: &Value| {
        let arn = destination["cloudWatchLogsLogGroup"]["logGroupArn"].as_str().unwrap_or_default();
        !(arn.starts_with("arn:aws") && arn.contains(":logs:") && arn.contains(":log-group:"))
    };
    if logging["destinations"].as_array().into_iter().flatten().any(no_arn) {
        return Err(Failure::logging("Log Destination is not a log group's ARN."));
    }
    Ok(())
}

fn check_encryption(encryption: &Value) -> Result<(), Failure> {
    let customers = encryption["type"] == "CUSTOMER_MANAGED_KMS_KEY";
    let (key, reuse) = (&encryption["kmsKeyId"], &encryption["kmsDataKeyReusePeriodSeconds"]);
    if customers && key.is_null() {
        return Err(Failure::encryption("KmsKeyId must be specified for a customer managed key"));
    }
    let says_key = !key.is_null() || !reuse.is_null();
    if !customers && says_key {
        return Err(Failure::encryption(
            "KmsKeyId and KmsDataKeyReusePeriodSeconds are for customer managed keys only",
        ));
    }
    Ok(())
}
