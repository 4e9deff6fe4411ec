//! One process of a function, and the Runtime API that it asks for its next event.
//!
//! An event is handed over when the process asks for it, and its answer is taken when the process gives it. Between events
//! the process waits for an answer that does not come, as it does on Lambda, where it is frozen meanwhile.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as InPath, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use super::super::{ACCOUNT, REGION};
use super::Deployed;

/// What came of an event.
#[derive(Debug)]
pub enum Outcome {
    Answered(Bytes),
    /// An error as Lambda words it: its type and its message.
    Failed(Bytes),
}

struct Event {
    id: String,
    body: Bytes,
}

pub(super) struct Sandbox {
    function: Deployed,
    process: Child,
    events: mpsc::Sender<Event>,
    outcomes: mpsc::Receiver<Outcome>,
    serving: JoinHandle<()>,
}

struct Runtime {
    arn: String,
    timeout_millis: i64,
    events: Mutex<mpsc::Receiver<Event>>,
    outcomes: mpsc::Sender<Outcome>,
}

impl Sandbox {
    pub(super) async fn start(program: &Path, function: Deployed, folder: &Path) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (events, waiting) = mpsc::channel(1);
        let (came, outcomes) = mpsc::channel(1);
        let runtime = Arc::new(Runtime {
            arn: format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", function.name),
            timeout_millis: i64::try_from(function.timeout.as_millis())?,
            events: Mutex::new(waiting),
            outcomes: came,
        });
        let app = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answered))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(runtime);
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await; // it ends with this task
        });
        let log = folder.join(format!("function-{}.log", function.name));
        let log = OpenOptions::new().create(true).append(true).open(log)?;
        let process = Command::new(program)
            .env_clear()
            .envs(&function.variables)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("_HANDLER", &function.handler)
            .env("AWS_LAMBDA_FUNCTION_NAME", &function.name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory.to_string())
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .envs([("AWS_REGION", REGION), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        Ok(Self { function, process, events, outcomes, serving })
    }

    /// Brings an event to its end, whatever that is.
    pub(super) async fn run(&mut self, id: &str, body: Bytes) -> Outcome {
        if self.events.send(Event { id: id.to_owned(), body }).await.is_err() {
            return ended(id, "Runtime.ExitError", "the runtime has ended");
        }
        let outcome = tokio::select! {
            outcome = self.outcomes.recv() => outcome,
            status = self.process.wait() => {
                let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                Some(ended(id, "Runtime.ExitError", &format!("Runtime exited with error: {how}")))
            }
            () = tokio::time::sleep(self.function.timeout) => {
                let _ = self.process.kill().await; // it may have ended just now
                let how = format!("Task timed out after {:.2} seconds", self.function.timeout.as_secs_f64());
                Some(ended(id, "Sandbox.Timedout", &how))
            }
        };
        outcome.unwrap_or_else(|| ended(id, "Runtime.ExitError", "the runtime has ended"))
    }

    /// None once it has ended.
    pub(super) fn process_id(&self) -> Option<u32> {
        self.process.id()
    }

    pub(super) fn lives(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn ended(id: &str, error: &str, how: &str) -> Outcome {
    let told = json!({ "errorType": error, "errorMessage": format!("RequestId: {id} Error: {how}") });
    Outcome::Failed(told.to_string().into())
}

async fn next(State(runtime): State<Arc<Runtime>>) -> Response {
    let Some(event) = runtime.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = jiff::Timestamp::now().as_millisecond() + runtime.timeout_millis;
    let headers = [
        ("lambda-runtime-aws-request-id", event.id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", runtime.arn.clone()),
        ("lambda-runtime-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0".to_owned()),
    ];
    (headers, event.body).into_response()
}

async fn answered(
    State(runtime): State<Arc<Runtime>>,
    InPath(_id): InPath<String>,
    body: Bytes,
) -> StatusCode {
    take(&runtime, Outcome::Answered(body)).await
}

async fn failed(State(runtime): State<Arc<Runtime>>, InPath(_id): InPath<String>, body: Bytes) -> StatusCode {
    take(&runtime, Outcome::Failed(body)).await
}

async fn take(runtime: &Runtime, outcome: Outcome) -> StatusCode {
    match runtime.outcomes.send(outcome).await {
        Ok(()) => StatusCode::ACCEPTED,
        Err(_) => StatusCode::GONE, // nobody waits for it any more
    }
}
