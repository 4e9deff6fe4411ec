//! A stand-in for a service behind HTTP: it answers as a test says, and remembers what it heard.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Method, Uri};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One request.
#[derive(Clone, Debug)]
pub struct Heard {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: String,
}

impl Heard {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// That it is signed for `service`, in the form that a verifier reads: the signature itself is verified by our own S3
    /// endpoint, and by the published examples.
    pub fn check_signature(&self, service: &str) -> Result<()> {
        let said = self.header("authorization");
        let parts = said.strip_prefix("AWS4-HMAC-SHA256 Credential=test/").context("a signature")?;
        let (scope, rest) = parts.split_once(", SignedHeaders=").context("signed headers")?;
        let (names, signature) = rest.split_once(", Signature=").context("the signature")?;
        let at = self.header("x-amz-date");
        ensure!(at.len() == 16 && at.ends_with('Z'), "{at}");
        ensure!(scope == format!("{}/us-east-1/{service}/aws4_request", &at[..8]), "{scope}");
        ensure!(names.split(';').all(|name| self.headers.contains_key(name)), "{names}");
        ensure!(names.split(';').any(|name| name == "host"), "{names}");
        ensure!(
            signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{signature}"
        );
        Ok(())
    }
}

/// What is answered.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Reply {
    pub fn ok(body: impl Into<String>) -> Self {
        Self::with(200, body)
    }

    pub fn with(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: vec![("x-amzn-requestid", "the-request".to_owned())], body: body.into() }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

type Answers = dyn Fn(&Heard) -> Reply + Send + Sync;

struct Inner {
    answers: Box<Answers>,
    heard: Mutex<Vec<Heard>>,
}

/// It listens until it is dropped.
pub struct StandIn {
    pub url: String,
    inner: Arc<Inner>,
    serving: JoinHandle<()>,
}

impl StandIn {
    pub async fn start(answers: impl Fn(&Heard) -> Reply + Send + Sync + 'static) -> Result<Self> {
        Self::start_at("127.0.0.1:0", answers).await
    }

    /// At this address: where one was before, for example.
    pub async fn start_at(
        address: &str,
        answers: impl Fn(&Heard) -> Reply + Send + Sync + 'static,
    ) -> Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let inner = Arc::new(Inner { answers: Box::new(answers), heard: Mutex::default() });
        let app = Router::new().fallback(answer).with_state(inner.clone());
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await; // it ends with this task
        });
        Ok(Self { url, inner, serving })
    }

    /// Ends it: from now on nobody listens at its address.
    pub async fn close(mut self) {
        self.serving.abort();
        let _ = (&mut self.serving).await; // it was cancelled
    }

    /// The requests so far, in the order they came.
    pub fn heard(&self) -> Vec<Heard> {
        self.inner.heard.lock().expect("nobody panics with it").clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(
    State(inner): State<Arc<Inner>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let heard = Heard { method, uri, headers, body: String::from_utf8_lossy(&body).into_owned() };
    let reply = (inner.answers)(&heard);
    inner.heard.lock().expect("nobody panics with it").push(heard);
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).expect("a test's reply is one")
}
