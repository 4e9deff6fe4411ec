//! SQS: `sqs:sendMessage`, and every action as `aws-sdk:sqs:ACTION`.

use serde_json::Value;

use super::Services;
use super::failure::{Refusal, nowhere, odd, unreachable};
use super::http::Answer;
use super::json_protocol::{Service, body};
use super::metadata::metadata;
use super::naming;
use super::parameters::Parameters;
use crate::tasks::TaskError;

/// Whether the service's model knows an error.
fn is_modelled(code: &str) -> bool {
    code != "ValidationException"
}

const SERVICE: Service = Service { signing: "sqs", target: "AmazonSQS" };

/// `sqs:sendMessage`: a body that is no text is sent as JSON.
pub(super) async fn send_message(services: &Services, input: &str) -> Result<String, TaskError> {
    let mut parameters = Parameters::read(input)?;
    parameters.need("QueueUrl")?;
    parameters.make_text("MessageBody");
    let answer = ask(services, "SQS", "SendMessage", parameters).await?;
    let answer = answer.map_err(|answer| {
        Refusal::of_json(&answer).in_old_words("SQS", "AmazonSQS", "AmazonSQSException", is_modelled)
    })?;
    let Value::Object(mut fields) = body("SQS", &answer)? else { return Err(odd("SQS")) };
    fields.extend(metadata(&answer));
    Ok(Value::from(naming::sorted(fields)).to_string())
}

pub(super) async fn sdk(services: &Services, action: &str, input: &str) -> Result<String, TaskError> {
    let mut parameters = Parameters::read(input)?;
    parameters.make_text("MessageBody");
    let answer = ask(services, "Sqs", &naming::capital(action), parameters).await?;
    let answer = answer.map_err(|answer| Refusal::of_json(&answer).in_new_words("Sqs", is_modelled))?;
    Ok(naming::renamed(body("Sqs", &answer)?, naming::shown).to_string())
}

async fn ask(
    services: &Services,
    name: &str,
    action: &str,
    parameters: Parameters,
) -> Result<Result<Answer, Answer>, TaskError> {
    let endpoint = services.endpoints.sqs.as_ref().ok_or_else(|| nowhere(name, "--sqs-endpoint"))?;
    let body = Value::from(parameters.0).to_string();
    SERVICE.ask(services, endpoint, action, body).await.map_err(|silence| unreachable(name, &silence))
}
