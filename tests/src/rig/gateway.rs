//! An HTTP API as API Gateway has it, before the `api` function: a request becomes an event of version 2.0, and the
//! function's answer a response. Here it listens for one test, and says of who asks what an authorizer would: the claims
//! of the bearer's token. Whether a token is genuine, it does not ask; that is the authorizer's.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Map, Value, json};
use states::limits;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::functions::VARIABLES;

/// A body is of ten megabytes at most, and the event of which it is a part, as base64, of what a function is handed.
const LARGEST_BODY: usize = 10 << 20;
const LARGEST_EVENT: usize = limits::EVENT_BYTES as usize;

/// It listens until it is dropped.
pub struct Gateway {
    pub url: String,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Target {
    http: reqwest::Client,
    /// Where the function is invoked.
    url: String,
    /// What the function takes for its own host.
    host: String,
    /// What it is told besides what it was deployed with.
    variables: String,
}

impl Gateway {
    /// Before the function `name` that is invoked at `functions`.
    pub async fn before(functions: &str, name: &str, host: &str) -> Result<Self> {
        Self::before_told(functions, name, host, &json!({})).await
    }

    /// Before such a function that is told of other places than it was deployed with.
    pub async fn before_told(functions: &str, name: &str, host: &str, variables: &Value) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let target = Target {
            http: reqwest::Client::new(),
            url: format!("{functions}/2015-03-31/functions/{name}/invocations"),
            host: host.to_owned(),
            variables: variables.to_string(),
        };
        // What is too much, it says itself: `too_large`.
        let unlimited = axum::extract::DefaultBodyLimit::disable();
        let app = Router::new().fallback(pass).layer(unlimited).with_state(target);
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await; // it ends with this task
        });
        Ok(Self { url, serving })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn pass(
    State(target): State<Target>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let event = event(&target.host, &method, &uri, &headers, &body).to_string();
    if body.len() > LARGEST_BODY || event.len() > LARGEST_EVENT {
        return too_large();
    }
    match ask(&target, event).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

/// The function never hears of it. In which words the real one says so, nobody here relies on.
fn too_large() -> Response {
    (StatusCode::PAYLOAD_TOO_LARGE, axum::Json(json!({ "message": "Request Entity Too Large" })))
        .into_response()
}

async fn ask(target: &Target, event: String) -> Result<Response> {
    let answer =
        target.http.post(&target.url).header(VARIABLES, &target.variables).body(event).send().await?;
    let failed = answer.headers().contains_key("x-amz-function-error") || !answer.status().is_success();
    let text = answer.text().await?;
    ensure!(!failed, "the function failed: {text}");
    let told: Value = serde_json::from_str(&text)?;
    let status = told["statusCode"].as_u64().context("an answer has a status")?;
    let mut response = Response::builder().status(u16::try_from(status)?);
    for (name, value) in told["headers"].as_object().into_iter().flatten() {
        response = response.header(name, value.as_str().context("a header is text")?);
    }
    let body = told["body"].as_str().unwrap_or_default();
    let body = if told["isBase64Encoded"] == true { STANDARD.decode(body)? } else { body.into() };
    Ok(response.body(Body::from(body))?)
}

/// Version 2.0 of the payload, as far as anybody reads it.
pub fn event(host: &str, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Value {
    let mut told: BTreeMap<_, _> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    told.insert("host".to_owned(), host.to_owned());
    let mut context = json!({
        "accountId": super::ACCOUNT,
        "apiId": "api",
        "domainName": host,
        "http": { "method": method.as_str(), "path": uri.path(), "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "" },
        "requestId": "request",
        "routeKey": "$default",
        "stage": "$default",
        "time": "25/Nov/2026:12:00:00 +0000",
        "timeEpoch": 0,
    });
    if let Some(claims) = told.get("authorization").and_then(|bearer| claims(bearer)) {
        context["authorizer"] = json!({ "jwt": { "claims": claims, "scopes": null } });
    }
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": uri.path(),
        "rawQueryString": uri.query().unwrap_or_default(),
        "headers": told,
        "requestContext": context,
        "body": (!body.is_empty()).then(|| STANDARD.encode(body)),
        "isBase64Encoded": !body.is_empty(),
    })
}

/// The claims of a token, each as text, as API Gateway hands them on.
fn claims(bearer: &str) -> Option<Map<String, Value>> {
    let payload = bearer.strip_prefix("Bearer ")?.split('.').nth(1)?;
    let claims: Map<String, Value> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let text = |value: Value| match value {
        Value::String(text) => text,
        Value::Array(values) => {
            let words: Vec<_> = values.iter().filter_map(Value::as_str).collect();
            format!("[{}]", words.join(" "))
        }
        other => other.to_string(),
    };
    Some(claims.into_iter().map(|(name, value)| (name, text(value).into())).collect())
}
