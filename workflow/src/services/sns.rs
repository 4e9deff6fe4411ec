//! SNS: `sns:publish`, and every action as `aws-sdk:sns:ACTION`. It speaks the query protocol: a form goes in, XML comes out.

use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Map, Value};

use super::Services;
use super::failure::{Refusal, all, nowhere, odd, unreachable};
use super::http::{Answer, Request};
use super::metadata::metadata_with;
use super::naming;
use super::parameters::Parameters;
use super::xml::{Element, Forms};
use crate::tasks::TaskError;

const VERSION: &str = "2010-03-31";
const FORMS: Forms = Forms { lists: &[], members: &["member"], rename: naming::shown };

/// `sns:publish`: a message that is no text is sent as JSON.
pub(super) async fn publish(services: &Services, input: &str) -> Result<String, TaskError> {
    let mut parameters = Parameters::read(input)?;
    parameters.make_text("Message");
    let answer = ask(services, "SNS", "Publish", &parameters).await?;
    let answer = answer.map_err(|answer| {
        Refusal::of_xml(&answer).in_old_words("SNS", "AmazonSNS", "AmazonSNSException", all)
    })?;
    let (result, id) = result(&answer).ok_or_else(|| odd("SNS"))?;
    let Value::Object(mut fields) = result else { return Err(odd("SNS")) };
    fields.extend(metadata_with(&answer, id));
    Ok(Value::from(naming::sorted(fields)).to_string())
}

pub(super) async fn sdk(services: &Services, action: &str, input: &str) -> Result<String, TaskError> {
    let mut parameters = Parameters::read(input)?;
    parameters.make_text("Message");
    let answer = ask(services, "Sns", &naming::capital(action), &parameters).await?;
    let answer = answer.map_err(|answer| Refusal::of_xml(&answer).in_new_words("Sns", all))?;
    let (result, _) = result(&answer).ok_or_else(|| odd("Sns"))?;
    Ok(result.to_string())
}

async fn ask(
    services: &Services,
    name: &str,
    action: &str,
    parameters: &Parameters,
) -> Result<Result<Answer, Answer>, TaskError> {
    let endpoint = services.endpoints.sns.as_ref().ok_or_else(|| nowhere(name, "--sns-endpoint"))?;
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(form))]);
    let body = form_of(action, &parameters.0);
    let mut request = Request { method: Method::POST, url: endpoint.clone(), headers, body: body.into() };
    services.sign(&mut request, "sns");
    let answer = services.http.send(request, services.patience.answer).await;
    let answer = answer.map_err(|silence| unreachable(name, &silence))?;
    Ok(if answer.is_success() { Ok(answer) } else { Err(answer) })
}

/// The result and the request's id: `<PublishResponse><PublishResult>…</PublishResult><ResponseMetadata>…`.
fn result(answer: &Answer) -> Option<(Value, Option<String>)> {
    let document = Element::parse(&answer.body)?;
    let id = document.child("ResponseMetadata").and_then(|metadata| metadata.text_of("RequestId"));
    let result = document.children.iter().find(|child| child.name.ends_with("Result"));
    let fields = result.filter(|result| !result.children.is_empty());
    let value = fields.map_or_else(|| Value::Object(Map::new()), |result| result.to_value(&FORMS));
    Some((value, id.map(ToOwned::to_owned)))
}

fn form_of(action: &str, parameters: &Map<String, Value>) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", action).append_pair("Version", VERSION);
    for (name, value) in parameters {
        flatten(name, value, &mut |name, value| {
            form.append_pair(name, value);
        });
    }
    form.finish()
}

/// A document as the names and texts of a form: lists have members, the maps of SNS have entries.
fn flatten(name: &str, value: &Value, add: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Null => {}
        Value::Array(items) => {
            for (at, item) in (1..).zip(items) {
                flatten(&format!("{name}.member.{at}"), item, add);
            }
        }
        Value::Object(fields) => {
            let (entry, key, inner) = match name.rsplit('.').next() {
                Some("MessageAttributes") => ("entry", "Name", "Value"),
                Some("Attributes") => ("entry", "key", "value"),
                _ => {
                    return fields
                        .iter()
                        .for_each(|(field, value)| flatten(&format!("{name}.{field}"), value, add));
                }
            };
            for (at, (field, value)) in (1..).zip(fields) {
                add(&format!("{name}.{entry}.{at}.{key}"), field);
                flatten(&format!("{name}.{entry}.{at}.{inner}"), value, add);
            }
        }
        Value::String(text) => add(name, text),
        other => add(name, &other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_and_its_attributes_become_a_form() {
        let parameters = serde_json::json!({
            "TopicArn": "arn:x",
            "Message": "a b",
            "MessageAttributes": {"color": {"DataType": "String", "StringValue": "red"}},
            "List": [1, true],
        });
        let Value::Object(parameters) = parameters else { panic!("an object") };
        assert_eq!(
            form_of("Publish", &parameters),
            "Action=Publish&Version=2010-03-31&TopicArn=arn%3Ax&Message=a+b&MessageAttributes.entry.1.Name=color\
             &MessageAttributes.entry.1.Value.DataType=String&MessageAttributes.entry.1.Value.StringValue=red\
             &List.member.1=1&List.member.2=true"
        );
    }
}
