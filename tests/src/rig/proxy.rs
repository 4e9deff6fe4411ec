//! Between a client and a stand-in: it passes requests on, counts them, and deals with some as the network and a busy
//! service do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deal {
    Pass,
    /// Refused before anything was done.
    Throttle,
    /// The service fails before it has done anything.
    Fail,
    /// It is carried out, and the answer breaks off.
    LoseAnswer,
}

/// It listens until it is dropped.
pub struct Proxy {
    pub url: String,
    inner: Arc<Inner>,
    serving: JoinHandle<()>,
}

struct Inner {
    to: String,
    http: reqwest::Client,
    /// What becomes of the next requests; those after them pass.
    deals: Mutex<Vec<Deal>>,
    /// The operations that came, in order.
    heard: Mutex<Vec<String>>,
    /// The writes of each record, and what it was written by.
    writes: Mutex<HashMap<String, Vec<String>>>,
}

impl Proxy {
    pub async fn before(to: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let inner = Arc::new(Inner {
            to: to.to_owned(),
            http: reqwest::Client::new(),
            deals: Mutex::default(),
            heard: Mutex::default(),
            writes: Mutex::default(),
        });
        let app = Router::new().fallback(pass).with_state(inner.clone());
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await; // it ends with this task
        });
        Ok(Self { url, inner, serving })
    }

    /// Deals with the next requests like this, and passes those after them.
    pub fn next(&self, deals: &[Deal]) {
        let mut next = deals.to_vec();
        next.reverse();
        *self.inner.deals.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// What of record `id` was written: the update's expression for each write.
    pub fn writes(&self, id: &str) -> Vec<String> {
        let writes = self.inner.writes.lock().unwrap_or_else(PoisonError::into_inner);
        writes.get(id).cloned().unwrap_or_default()
    }

    /// The operations since this was asked last, such as `UpdateItem`.
    pub fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.inner.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn pass(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    if let Some((id, what)) = write_of(&operation, &body) {
        inner.writes.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default().push(what);
    }
    inner.heard.lock().unwrap_or_else(PoisonError::into_inner).push(operation);
    let deal = inner.deals.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or(Deal::Pass);
    match deal {
        Deal::Throttle => {
            let told =
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"Slow down."}"#;
            (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], told)
                .into_response()
        }
        Deal::Fail => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Deal::Pass | Deal::LoseAnswer => match ask(&inner, headers, body).await {
            Ok(_) if deal == Deal::LoseAnswer => {
                let broken = futures::stream::iter([Err::<Bytes, _>(std::io::Error::other("it breaks off"))]);
                Response::new(Body::from_stream(broken))
            }
            Ok(answer) => answer,
            Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
        },
    }
}

async fn ask(inner: &Inner, mut headers: HeaderMap, body: Bytes) -> Result<Response> {
    headers.remove(header::HOST);
    let answer = inner.http.post(&inner.to).headers(headers).body(body).send().await?;
    let (status, kind) = (answer.status(), answer.headers().get(header::CONTENT_TYPE).cloned());
    let mut response = Response::new(Body::from(answer.bytes().await?));
    *response.status_mut() = status;
    response.headers_mut().extend(kind.map(|kind| (header::CONTENT_TYPE, kind)));
    Ok(response)
}

/// The record that is written, and how.
fn write_of(operation: &str, body: &Bytes) -> Option<(String, String)> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let (key, what) = match operation {
        "PutItem" => (&body["Item"], "PUT"),
        "UpdateItem" => (&body["Key"], body["UpdateExpression"].as_str()?),
        _ => return None,
    };
    Some((key["id"]["S"].as_str()?.to_owned(), what.to_owned()))
}
