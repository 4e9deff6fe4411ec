//! Lambda, called by the ARN of a function or by `lambda:invoke`. The two differ in what they show of a result: the first
//! the payload as it came, the second the whole answer of the API.

use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Map, Value};
use url::Url;

use super::Services;
use super::failure::{Refusal, all, failed, nowhere, unreachable};
use super::http::{Answer, Request};
use super::metadata::metadata;
use super::parameters::Parameters;
use crate::tasks::TaskError;

/// The name that Lambda goes by in errors.
const SERVICE: &str = "Lambda";
const FUNCTION_ERROR: &str = "x-amz-function-error";
const VERSION: &str = "x-amz-executed-version";
const LOG: &str = "x-amz-log-result";

/// A function as it was named, and which of its versions.
struct Function<'a> {
    name: &'a str,
    qualifier: Option<&'a str>,
}

impl<'a> Function<'a> {
    /// From `NAME`, `NAME:QUALIFIER`, `ACCOUNT:function:NAME` or a whole ARN.
    fn of(named: &'a str) -> Self {
        let name = named.split_once("function:").map_or(named, |(_, name)| name);
        match name.split_once(':') {
            Some((name, qualifier)) => Self { name, qualifier: Some(qualifier) },
            None => Self { name, qualifier: None },
        }
    }

    fn url(&self, endpoint: &Url, qualifier: Option<&str>) -> Url {
        let mut url = endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["2015-03-31", "functions", self.name, "invocations"]);
        }
        if let Some(qualifier) = qualifier.or(self.qualifier) {
            url.query_pairs_mut().append_pair("Qualifier", qualifier);
        }
        url
    }
}

/// A Task whose resource is the function itself: the input is the payload, and so is the result.
pub(super) async fn call(services: &Services, arn: &str, payload: &str) -> Result<String, TaskError> {
    let url = Function::of(arn).url(endpoint(services)?, None);
    let request =
        Request { method: Method::POST, url, headers: json_headers(), body: payload.to_owned().into() };
    let answer = send(services, request).await?.map_err(refused)?;
    let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
    if answer.header(FUNCTION_ERROR).is_some() {
        return Err(function_failed(&text(&answer.body)));
    }
    Ok(if answer.body.is_empty() { "null".to_owned() } else { text(&answer.body) })
}

/// `lambda:invoke`: the input is the parameters of the API, the result its answer with the payload read as JSON.
pub(super) async fn invoke(services: &Services, input: &str) -> Result<String, TaskError> {
    let parameters = Parameters::read(input)?;
    let request = invocation(services, &parameters, |payload| Ok(payload.to_string()))?;
    let answer = send(services, request).await?.map_err(refused)?;
    let payload = String::from_utf8_lossy(&answer.body);
    if answer.header(FUNCTION_ERROR).is_some() {
        return Err(function_failed(&payload));
    }
    let payload = serde_json::from_str(&payload).unwrap_or_else(|_| Value::from(payload.as_ref()));
    Ok(shown(&answer, payload).to_string())
}

/// `aws-sdk:lambda:invoke`: payloads are bytes, which travel as text; a function's error is part of the result.
pub(super) async fn sdk_invoke(services: &Services, input: &str) -> Result<String, TaskError> {
    let parameters = Parameters::read(input)?;
    let as_bytes =
        |payload: &Value| Ok(payload.as_str().map_or_else(|| payload.to_string(), ToOwned::to_owned));
    let answer = send(services, invocation(services, &parameters, as_bytes)?).await?;
    let answer = answer.map_err(|answer| Refusal::of_json(&answer).in_new_words(SERVICE, all))?;
    let mut result = Map::new();
    let mut add = |name: &str, value: Option<&str>| {
        value.map(|value| result.insert(name.to_owned(), value.into()));
    };
    add("ExecutedVersion", answer.header(VERSION));
    add("FunctionError", answer.header(FUNCTION_ERROR));
    add("LogResult", answer.header(LOG));
    add("Payload", Some(&String::from_utf8_lossy(&answer.body)));
    result.insert("StatusCode".to_owned(), answer.status.into());
    Ok(Value::from(result).to_string())
}

fn invocation(
    services: &Services,
    parameters: &Parameters,
    body: impl FnOnce(&Value) -> Result<String, TaskError>,
) -> Result<Request, TaskError> {
    let function = Function::of(parameters.need_text("FunctionName")?);
    let url = function.url(endpoint(services)?, parameters.text("Qualifier")?);
    let mut headers = json_headers();
    for (field, name) in [
        ("InvocationType", "x-amz-invocation-type"),
        ("LogType", "x-amz-log-type"),
        ("ClientContext", "x-amz-client-context"),
    ] {
        if let Some(value) = parameters.text(field)? {
            let value = HeaderValue::from_str(value).map_err(|_| parameters.odd(field))?;
            headers.insert(name, value);
        }
    }
    let body = parameters.get("Payload").map(body).transpose()?.unwrap_or_default();
    Ok(Request { method: Method::POST, url, headers, body: body.into() })
}

/// What the service answers, or the answer by which it refuses.
async fn send(services: &Services, mut request: Request) -> Result<Result<Answer, Answer>, TaskError> {
    services.sign(&mut request, "lambda");
    let answer = services.http.send(request, services.patience.function).await;
    let answer = answer.map_err(|silence| unreachable(SERVICE, &silence))?;
    Ok(if answer.is_success() { Ok(answer) } else { Err(answer) })
}

/// The function was reached and failed: its own error type, its payload as the cause.
fn function_failed(payload: &str) -> TaskError {
    let said: Option<Value> = serde_json::from_str(payload).ok();
    match said.as_ref().and_then(|said| said["errorType"].as_str()).filter(|kind| !kind.is_empty()) {
        Some(kind) => failed(kind, payload),
        None => failed(
            "Lambda.Unknown",
            format!(
                "The cause could not be determined because Lambda did not return an error type. Returned payload: {payload}"
            ),
        ),
    }
}

/// The service refused before the function was reached.
fn refused(answer: Answer) -> TaskError {
    Refusal::of_json(&answer).in_old_words(SERVICE, "AWSLambda", "AWSLambdaException", all)
}

fn shown(answer: &Answer, payload: Value) -> Value {
    let mut result = Map::new();
    if let Some(version) = answer.header(VERSION) {
        result.insert("ExecutedVersion".to_owned(), version.into());
    }
    if let Some(log) = answer.header(LOG) {
        result.insert("LogResult".to_owned(), log.into());
    }
    result.insert("Payload".to_owned(), payload);
    result.extend(metadata(answer));
    result.insert("StatusCode".to_owned(), answer.status.into());
    result.into()
}

fn endpoint(services: &Services) -> Result<&Url, TaskError> {
    services.endpoints.lambda.as_ref().ok_or_else(|| nowhere(SERVICE, "--lambda-endpoint"))
}

fn json_headers() -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_by_every_form_of_its_name() {
        let endpoint = "http://127.0.0.1:9101/base/".parse().unwrap();
        for (named, qualifier, path) in [
            ("hello", None, "hello/invocations"),
            ("hello:7", None, "hello/invocations?Qualifier=7"),
            ("hello:7", Some("8"), "hello/invocations?Qualifier=8"),
            ("123456789012:function:hello", None, "hello/invocations"),
            (
                "arn:aws:lambda:us-east-1:123456789012:function:hello:$LATEST",
                None,
                "hello/invocations?Qualifier=%24LATEST",
            ),
            ("a/../b", None, "a%2F..%2Fb/invocations"),
        ] {
            let url = Function::of(named).url(&endpoint, qualifier);
            assert_eq!(
                url.as_str(),
                format!("http://127.0.0.1:9101/base/2015-03-31/functions/{path}"),
                "{named}"
            );
        }
    }

    #[test]
    fn a_function_without_an_error_type_failed_for_an_unknown_reason() {
        let known = function_failed(r#"{"errorMessage":"no","errorType":"Exception"}"#);
        assert_eq!(known, failed("Exception", r#"{"errorMessage":"no","errorType":"Exception"}"#));
        for payload in [r#"{"errorMessage":"Task timed out"}"#, "not JSON", ""] {
            let unknown = function_failed(payload);
            assert_eq!(unknown.error, "Lambda.Unknown");
            assert!(unknown.cause.ends_with(&format!("Returned payload: {payload}")), "{unknown}");
        }
    }
}
