//! The container's worker by itself, before a Step Functions that only this test has: whom it is to AWS, how it is asked
//! whether it is well, and how it ends.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use http::HeaderMap;
use serde_json::{Value, json};
use tests::rig::worker::Worker;
use tests::server::program;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Who asked for a task, by the id of the key.
type Asked = mpsc::UnboundedReceiver<String>;

#[derive(Clone)]
struct Services {
    asked: mpsc::UnboundedSender<String>,
    keys: Arc<AtomicUsize>,
}

/// Step Functions that has no tasks, and a container's keys, each of which is good for a second.
async fn services() -> Result<(String, Asked)> {
    let (told, asked) = mpsc::unbounded_channel();
    let app = Router::new()
        .route("/keys", get(key))
        .route("/", post(no_task))
        .with_state(Services { asked: told, keys: Arc::default() });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        let _ = axum::serve(listener, app).await; // it ends with the test
    });
    Ok((url, asked))
}

/// The SDK takes a key for expired ten seconds before it is.
async fn key(State(services): State<Services>) -> axum::Json<Value> {
    let number = services.keys.fetch_add(1, Ordering::SeqCst);
    let expires = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(11);
    axum::Json(json!({
        "AccessKeyId": format!("KEY{number}"),
        "SecretAccessKey": "secret",
        "Token": "token",
        "Expiration": expires.to_string(),
    }))
}

async fn no_task(State(services): State<Services>, headers: HeaderMap) -> axum::Json<Value> {
    let signed = headers.get("authorization").and_then(|signed| signed.to_str().ok()).unwrap_or_default();
    let key = signed.split("Credential=").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let _ = services.asked.send(key.to_owned()); // the test may have seen enough
    axum::Json(json!({}))
}

/// A worker of these services that has no keys of its own.
async fn worker(url: &str) -> Result<Worker> {
    let keys = format!("{url}/keys");
    let told = [
        ("AWS_ENDPOINT_URL", url),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &keys),
        ("LOCKGATE_TABLE", "sessions"),
        ("LOCKGATE_STATE_MACHINE", "arn:aws:states:us-east-1:000000000000:stateMachine:session"),
        ("LOCKGATE_UPLOADS", "uploads"),
        ("LOCKGATE_RESULTS", "results"),
        ("LOCKGATE_PUBLIC_URL", "https://page.example.org"),
    ];
    Worker::start_told(&told).await
}

async fn next(asked: &mut Asked) -> Result<String> {
    let asked = tokio::time::timeout(Duration::from_secs(60), asked.recv()).await;
    asked.context("it asks no more")?.context("somebody listens")
}

#[tokio::test]
async fn a_worker_asks_for_its_keys_before_they_expire_and_ends_when_it_is_told() -> Result<()> {
    let (url, mut asked) = services().await?;
    let worker = worker(&url).await?;
    let first = next(&mut asked).await?;
    ensure!(first == "KEY0", "{first}");
    while next(&mut asked).await? == first {}
    worker.tell_to_end();
    let (status, log) = worker.ended().await?;
    ensure!(status.success() && !log.contains("secret"), "{status}: {log}");
    Ok(())
}

#[tokio::test]
async fn who_asks_a_worker_whether_it_is_well_is_told_by_the_code() -> Result<()> {
    let (url, _asked) = services().await?;
    let worker = worker(&url).await?;
    let check = |url: &str| -> Result<bool> {
        let mut command = Command::new(program("lockgate-worker")?);
        Ok(command.args(["check", url]).stderr(Stdio::null()).status()?.success())
    };
    ensure!(check(&format!("http://{}/healthz", worker.address))?, "it is well");
    ensure!(!check(&format!("http://{}/elsewhere", worker.address))?, "there is nothing");
    let address = worker.address;
    worker.kill()?;
    ensure!(!check(&format!("http://{address}/healthz"))?, "it is gone");
    Ok(())
}

#[test]
fn a_worker_that_is_not_told_where_it_belongs_says_so() -> Result<()> {
    let output =
        Command::new(program("lockgate-worker")?).env_clear().env("AWS_REGION", "us-east-1").output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success() && said.contains("LOCKGATE_STAGE is not in the environment"), "{said}");
    Ok(())
}
