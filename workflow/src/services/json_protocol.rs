//! Services that speak AWS JSON 1.0: the action in a header, parameters and result as they are.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::{Map, Value};
use url::Url;

use super::Services;
use super::failure::odd;
use super::http::{Answer, Request, Silence};
use crate::tasks::TaskError;

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// One such service.
pub(super) struct Service {
    /// In signatures.
    pub(super) signing: &'static str,
    /// In front of the action.
    pub(super) target: &'static str,
}

impl Service {
    /// What the service answers, or the answer by which it refuses.
    pub(super) async fn ask(
        &self,
        services: &Services,
        endpoint: &Url,
        action: &str,
        body: String,
    ) -> Result<Result<Answer, Answer>, Silence> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
        if let Ok(target) = HeaderValue::from_str(&format!("{}.{action}", self.target)) {
            headers.insert(TARGET, target);
        }
        let mut request = Request { method: Method::POST, url: endpoint.clone(), headers, body: body.into() };
        services.sign(&mut request, self.signing);
        let answer = services.http.send(request, services.patience.answer).await?;
        Ok(if answer.is_success() { Ok(answer) } else { Err(answer) })
    }
}

/// The result in an answer, which may be empty.
pub(super) fn body(name: &str, answer: &Answer) -> Result<Value, TaskError> {
    if answer.body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(&answer.body).map_err(|_| odd(name))
}
