//! DynamoDB: the four optimised actions on items, and every action as `aws-sdk:dynamodb:ACTION`. Items are named by their
//! owners, so nothing of an answer is renamed.

use serde_json::Value;

use super::Services;
use super::failure::{Refusal, nowhere, odd, unreachable};
use super::http::Answer;
use super::json_protocol::{Service, body};
use super::metadata::metadata;
use super::naming;
use super::parameters::Parameters;
use crate::tasks::TaskError;

const SERVICE: Service = Service { signing: "dynamodb", target: "DynamoDB_20120810" };

/// Whether the service's model knows an error.
fn is_modelled(code: &str) -> bool {
    !matches!(code, "ValidationException" | "ThrottlingException")
}

/// `dynamodb:getItem`, `putItem`, `updateItem`, `deleteItem`.
pub(super) async fn item(services: &Services, action: &str, input: &str) -> Result<String, TaskError> {
    let parameters = Parameters::read(input)?;
    parameters.need("TableName")?;
    let answer = ask(services, "DynamoDB", action, parameters).await?.map_err(|answer| {
        let refusal = Refusal::of_json(&answer);
        refusal.in_old_words("DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDBException", is_modelled)
    })?;
    let Value::Object(mut fields) = body("DynamoDB", &answer)? else { return Err(odd("DynamoDB")) };
    fields.extend(metadata(&answer));
    Ok(Value::from(naming::sorted(fields)).to_string())
}

pub(super) async fn sdk(services: &Services, action: &str, input: &str) -> Result<String, TaskError> {
    let answer = ask(services, "DynamoDb", action, Parameters::read(input)?).await?;
    let answer = answer.map_err(|answer| Refusal::of_json(&answer).in_new_words("DynamoDb", is_modelled))?;
    Ok(body("DynamoDb", &answer)?.to_string())
}

async fn ask(
    services: &Services,
    name: &str,
    action: &str,
    parameters: Parameters,
) -> Result<Result<Answer, Answer>, TaskError> {
    let endpoint =
        services.endpoints.dynamodb.as_ref().ok_or_else(|| nowhere(name, "--dynamodb-endpoint"))?;
    let body = Value::from(parameters.0).to_string();
    let answer = SERVICE.ask(services, endpoint, &naming::capital(action), body).await;
    answer.map_err(|silence| unreachable(name, &silence))
}
