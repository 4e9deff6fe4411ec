//! Where functions run: what Lambda is to a process and to whoever invokes one.
//!
//! Invoking is the Lambda API's own request. A function's handler, environment and timeout are those that it was deployed
//! with, as LocalStack tells them; it runs in a sandbox – the real binary, with a Runtime API of its own – that takes one
//! event at a time and is kept for the next. What ends a sandbox in the middle is what Lambda says of that.

mod sandbox;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as InPath, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::SetOnce;
use tokio::task::JoinHandle;

use activities::clock::random_id;

use super::json::authorization;
use super::proxy::Proxy;
use crate::memory;
use crate::server::program;

pub use sandbox::Outcome;
use sandbox::Sandbox;

/// It serves until it is dropped.
pub struct Functions {
    pub url: String,
    inner: Arc<Inner>,
    serving: JoinHandle<()>,
}

struct Inner {
    /// The artefact.
    program: PathBuf,
    folder: PathBuf,
    /// Where functions were deployed, and find all services.
    site: SetOnce<Site>,
    /// Sandboxes that wait for an event, by their function and what it was told besides.
    idle: Mutex<HashMap<String, Vec<Sandbox>>>,
    /// The processes that have an event, by their function.
    busy: Mutex<HashMap<String, HashSet<u32>>>,
    http: reqwest::Client,
}

/// Where functions were deployed, and where they find what the stand-in of that lacks.
pub struct Site {
    pub url: String,
    pub records: Proxy,
    pub moto: String,
    /// A pool of people: the stack's own came up as nothing.
    pub people: String,
}

/// More variables for one sandbox, as a JSON object: another engine, say.
pub const VARIABLES: &str = "x-rig-variables";

/// How a function was deployed.
#[derive(Clone, Debug)]
pub struct Deployed {
    pub name: String,
    pub handler: String,
    pub memory: u64,
    pub timeout: Duration,
    pub variables: HashMap<String, String>,
}

/// Serves where the system has a place. The sandboxes' logs go to `folder`.
pub async fn start(folder: &Path) -> Result<Functions> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let inner = Arc::new(Inner {
        program: program("lockgate-lambda")?,
        folder: folder.to_owned(),
        site: SetOnce::new(),
        idle: Mutex::default(),
        busy: Mutex::default(),
        http: reqwest::Client::new(),
    });
    let app = Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .route("/rig/functions/{name}/kill", post(kill))
        .route("/rig/writes/{id}", get(writes))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(inner.clone());
    let serving = tokio::spawn(async move {
        let _ = axum::serve(listener, app).await; // it ends with this task
    });
    Ok(Functions { url, inner, serving })
}

impl Functions {
    /// From now on functions are those that were deployed there.
    pub fn look_up_in(&self, site: Site) {
        let _ = self.inner.site.set(site); // an error means that it is known already
    }
}

/// With it end all processes of functions.
impl Drop for Functions {
    fn drop(&mut self) {
        self.serving.abort();
        self.inner.idle().clear();
        for busy in self.inner.busy().values() {
            kill_all(busy);
        }
    }
}

/// Answers how many of them there were still.
fn kill_all(processes: &HashSet<u32>) -> usize {
    let ids = processes.iter().filter_map(|&id| Pid::from_raw(i32::try_from(id).ok()?));
    ids.filter(|&id| kill_process(id, Signal::KILL).is_ok()).count()
}

/// Kills whatever has an event of the function. Answers how many processes that were.
async fn kill(State(inner): State<Arc<Inner>>, InPath(name): InPath<String>) -> String {
    inner.busy().get(&name).map_or(0, kill_all).to_string()
}

async fn writes(State(inner): State<Arc<Inner>>, InPath(id): InPath<String>) -> axum::Json<Vec<String>> {
    axum::Json(inner.site.wait().await.records.writes(&id))
}

/// How long the artefact takes as this function from its start to the end of its first answer, and what that is.
pub async fn cold_start(
    program: &Path,
    function: Deployed,
    event: Bytes,
    folder: &Path,
) -> Result<(Duration, Outcome)> {
    let begun = Instant::now();
    let mut sandbox = Sandbox::start(program, function, folder).await?;
    let outcome = sandbox.run("first", event).await;
    Ok((begun.elapsed(), outcome))
}

/// The most memory that processes had.
#[derive(Debug)]
pub struct Memory {
    /// All at one time, counted again and again.
    pub together: u64,
    /// Each by itself, as the kernel has counted it: the function's own, then its children's.
    pub each: Vec<u64>,
}

/// What comes of an event in a sandbox of its own, and what memory that takes.
pub async fn measure(
    program: &Path,
    function: Deployed,
    event: Bytes,
    folder: &Path,
) -> Result<(Outcome, Memory)> {
    let mut sandbox = Sandbox::start(program, function, folder).await?;
    let process = sandbox.process_id().context("it has just begun")?;
    let peaks: Arc<Mutex<BTreeMap<u32, u64>>> = Arc::default();
    let watch = memory::Watch::begin({
        let peaks = peaks.clone();
        move || {
            let family = memory::family(process);
            let mut peaks = peaks.lock().unwrap_or_else(PoisonError::into_inner);
            peaks.extend(family.iter().filter_map(|&process| Some((process, memory::peak(process)?))));
            family.into_iter().filter_map(memory::resident).sum()
        }
    });
    let outcome = sandbox.run("measured", event).await;
    let together = watch.end()?;
    // Whoever was started later has a higher number, but for the rare time that they begin again.
    let each = peaks.lock().unwrap_or_else(PoisonError::into_inner).values().copied().collect();
    Ok((outcome, Memory { together, each }))
}

async fn invoke(
    State(inner): State<Arc<Inner>>,
    InPath(name): InPath<String>,
    headers: HeaderMap,
    event: Bytes,
) -> Response {
    let id = random_id();
    let more = headers.get(VARIABLES).and_then(|more| more.to_str().ok()).unwrap_or("{}");
    match inner.invoke(&name, more, &id, event).await {
        Ok(outcome) => answer(&id, outcome),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}

fn answer(id: &str, outcome: Outcome) -> Response {
    let request_id = ("x-amzn-requestid", id.to_owned());
    match outcome {
        Outcome::Answered(body) => ([request_id], body).into_response(),
        Outcome::Failed(body) => {
            ([request_id, ("x-amz-function-error", "Unhandled".to_owned())], body).into_response()
        }
    }
}

impl Inner {
    async fn invoke(&self, name: &str, more: &str, id: &str, event: Bytes) -> Result<Outcome> {
        let name = name.split(":function:").last().and_then(|name| name.split(':').next()).unwrap_or(name);
        let kind = format!("{name} {more}");
        let waiting = self.idle().get_mut(&kind).and_then(Vec::pop);
        let mut sandbox = match waiting {
            Some(sandbox) => sandbox,
            None => Sandbox::start(&self.program, self.deployed(name, more).await?, &self.folder).await?,
        };
        let process = sandbox.process_id();
        self.busy().entry(name.to_owned()).or_default().extend(process);
        let outcome = sandbox.run(id, event).await;
        self.busy().entry(name.to_owned()).or_default().retain(|busy| Some(*busy) != process);
        if sandbox.lives() {
            self.idle().entry(kind).or_default().push(sandbox);
        }
        Ok(outcome)
    }

    fn busy(&self) -> MutexGuard<'_, HashMap<String, HashSet<u32>>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> MutexGuard<'_, HashMap<String, Vec<Sandbox>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn deployed(&self, name: &str, more: &str) -> Result<Deployed> {
        let Site { url, records, moto, people } = self.site.wait().await;
        let request = self
            .http
            .get(format!("{url}/2015-03-31/functions/{name}/configuration"))
            .header("authorization", authorization("lambda"));
        let answer = request.send().await?.error_for_status()?;
        let told: Value = answer.json().await?;
        let mut deployed = Deployed::read(&told).with_context(|| format!("{name} was deployed as {told}"))?;
        let elsewhere = [
            ("AWS_ENDPOINT_URL", url),
            ("AWS_ENDPOINT_URL_DYNAMODB", &records.url),
            ("AWS_ENDPOINT_URL_TRANSCRIBE", moto),
            ("AWS_ENDPOINT_URL_SESV2", moto),
            ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", moto),
            ("LOCKGATE_USER_POOL", people),
        ];
        deployed.variables.extend(elsewhere.map(|(name, url)| (name.to_owned(), url.clone())));
        deployed.variables.extend(serde_json::from_str::<HashMap<String, String>>(more)?);
        Ok(deployed)
    }
}

impl Deployed {
    fn read(told: &Value) -> Option<Self> {
        let variables = told["Environment"]["Variables"].as_object().into_iter().flatten();
        Some(Self {
            name: told["FunctionName"].as_str()?.to_owned(),
            handler: told["Handler"].as_str()?.to_owned(),
            memory: told["MemorySize"].as_u64()?,
            timeout: Duration::from_secs(told["Timeout"].as_u64()?),
            variables: variables
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
        })
    }
}
