//! A worker of the deployed stack, and the API, as containers would run them: the real binary, told by its environment.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::routing::put;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::cognito::Pool;
use super::localstack::until_ready;
use super::{REGION, Rig};
use crate::process::{Process, free_address};
use crate::server::program;

pub struct Worker {
    process: Process,
    pub address: SocketAddr,
    /// Its scratch, and its log.
    folder: TempDir,
}

impl Worker {
    /// Starts one that tells `agent`, if there is one, that it is at work; and waits until it is well.
    pub async fn start(rig: &Rig, agent: Option<&str>) -> Result<Self> {
        let agent = agent.map(|agent| ("ECS_AGENT_URI", agent));
        Self::start_also_told(rig, agent.as_slice()).await
    }

    /// Starts one of the stack that is told this besides, or instead.
    pub async fn start_also_told(rig: &Rig, more: &[(&str, &str)]) -> Result<Self> {
        Self::start_told(&[&of_the_stack(rig)?[..], more].concat()).await
    }

    /// Starts one that is told this.
    pub async fn start_told(told: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = free_address()?;
        let scratch = folder.path().join("scratch");
        std::fs::create_dir(&scratch)?;
        let mut command = container(told, address)?;
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path))).env("LOCKGATE_SCRATCH", &scratch);
        let process = Process::start(&mut command, &folder.path().join("worker.log"))?;
        until_ready(&format!("http://{address}/healthz")).await?;
        Ok(Self { process, address, folder })
    }

    /// Ends it at once, as the loss of its machine would.
    pub fn kill(self) -> Result<()> {
        self.process.kill()
    }

    /// Makes it stand still, so that nobody hears of it any more.
    pub fn freeze(&self) {
        self.process.freeze();
    }

    /// Lets it go on where it stood.
    pub fn thaw(&self) {
        self.process.thaw();
    }

    /// Tells it to end. It stays a while: a question for a task is not cut short.
    pub fn tell_to_end(&self) {
        self.process.tell();
    }

    /// Waits until it has ended, and answers how, with what it said.
    pub async fn ended(self) -> Result<(ExitStatus, String)> {
        ended(self.process, &self.folder.path().join("worker.log")).await
    }

    pub fn left_in_scratch(&self) -> Result<usize> {
        Ok(std::fs::read_dir(self.folder.path().join("scratch"))?.count())
    }

    pub async fn meters(&self) -> Result<String> {
        let answer = reqwest::get(format!("http://{}/metrics", self.address)).await?;
        Ok(answer.error_for_status()?.text().await?)
    }
}

/// What every process of the stack is told.
fn of_the_stack(rig: &Rig) -> Result<[(&str, &str); 8]> {
    Ok([
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", &rig.localstack),
        ("LOCKGATE_TABLE", rig.output("Table")?),
        ("LOCKGATE_STATE_MACHINE", rig.output("StateMachine")?),
        ("LOCKGATE_UPLOADS", rig.output("Uploads")?),
        ("LOCKGATE_RESULTS", rig.output("Results")?),
        ("LOCKGATE_PUBLIC_URL", rig.output("PageUrl")?),
    ])
}

/// The program, told this and nothing else, which says at `watch` how it is.
fn container(told: &[(&str, &str)], watch: SocketAddr) -> Result<Command> {
    let mut command = Command::new(program("lockgate-worker")?);
    command.env_clear().envs([("AWS_REGION", REGION), ("LOCKGATE_STAGE", "rig")]).envs(told.iter().copied());
    command.env("LOCKGATE_LISTEN", watch.to_string());
    Ok(command)
}

/// The API in a container, which believes the tokens of one pool.
pub struct Api {
    process: Process,
    pub url: String,
    /// Where it says how it is.
    pub watch: SocketAddr,
    folder: TempDir,
}

impl Api {
    pub async fn start(rig: &Rig, pool: &Pool) -> Result<Self> {
        Self::believing(rig, &rig.moto, (&pool.id, &pool.client)).await
    }

    /// Believes the tokens of the pool of this id that were given to this client, by the keys that are told at `keys_at`.
    pub async fn believing(rig: &Rig, keys_at: &str, (pool, client): (&str, &str)) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (address, watch) = (free_address()?, free_address()?);
        let mut command = container(&of_the_stack(rig)?, watch)?;
        let listen = address.to_string();
        command.arg("api").envs([
            ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", keys_at),
            ("LOCKGATE_API_LISTEN", listen.as_str()),
            ("LOCKGATE_HOSTS", listen.as_str()),
            ("LOCKGATE_USER_POOL", pool),
            ("LOCKGATE_CLIENT", client),
        ]);
        let process = Process::start(&mut command, &folder.path().join("api.log"))?;
        until_ready(&format!("http://{watch}/healthz")).await?;
        Ok(Self { process, url: format!("http://{address}"), watch, folder })
    }

    /// Tells it to end, waits until it has, and answers how, with what it said.
    pub async fn end(self) -> Result<(ExitStatus, String)> {
        self.process.tell();
        ended(self.process, &self.folder.path().join("api.log")).await
    }
}

/// Waits until a process has ended that was told to, and answers how, with what it said.
async fn ended(mut process: Process, log: &Path) -> Result<(ExitStatus, String)> {
    /// Longer than a question for a task takes.
    const PATIENCE: Duration = Duration::from_secs(90);
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    let began = Instant::now();
    loop {
        ticks.tick().await;
        if let Some(status) = process.ended()? {
            return Ok((status, std::fs::read_to_string(log)?));
        }
        ensure!(began.elapsed() < PATIENCE, "it was told to end, and does not");
    }
}

/// The agent that ECS puts beside a container, which hears whether it is at work.
pub struct Agent {
    pub url: String,
    heard: mpsc::UnboundedReceiver<Value>,
    serving: JoinHandle<()>,
}

impl Agent {
    pub async fn start() -> Result<Self> {
        let (told, heard) = mpsc::unbounded_channel();
        let listen = async move |axum::Json(state): axum::Json<Value>| {
            let _ = told.send(state.clone()); // nobody may listen any more
            axum::Json(state)
        };
        let app = Router::new().route("/api/task-protection/v1/state", put(listen));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/api", listener.local_addr()?);
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await; // it ends with this task
        });
        Ok(Self { url, heard, serving })
    }

    /// What it is told next.
    pub async fn hears(&mut self) -> Result<Value> {
        let told = tokio::time::timeout(Duration::from_secs(60), self.heard.recv()).await;
        told.context("it is told nothing")?.context("it listens")
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
