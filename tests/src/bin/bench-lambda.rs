//! The cold start of the `api` function: from the start of the artefact's process to the end of its first answer, over the
//! Runtime API, for a request that needs no other service but the flags. `bench-lambda ARTEFACT`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use states::limits;
use tests::rig::functions::{Deployed, Outcome, cold_start};
use tests::rig::gateway::event;
use tokio::net::TcpListener;

const RUNS: usize = 25;

/// No function may take longer to begin.
const BAR: Duration = Duration::from_millis(60);

const HOST: &str = "api.example.org";

#[tokio::main]
async fn main() -> Result<()> {
    let program = PathBuf::from(std::env::args_os().nth(1).context("the artefact is to be said")?);
    let folder = tempfile::tempdir()?;
    let request =
        event(HOST, &Method::GET, &Uri::from_static("/api/recipes"), &HeaderMap::new(), &Bytes::new());
    let request = Bytes::from(request.to_string());
    let mut took = Vec::new();
    let parameters = no_parameters().await?;
    for _ in 0..RUNS {
        let (time, outcome) = cold_start(&program, api(&parameters), request.clone(), folder.path()).await?;
        let Outcome::Answered(answer) = outcome else { anyhow::bail!("it failed: {outcome:?}") };
        ensure!(answer.windows(16).any(|part| part == b"\"statusCode\":200"), "{answer:?}");
        took.push(time);
    }
    took.sort();
    let (median, worst) = (took[RUNS / 2], took[RUNS - 1]);
    println!(
        "cold start of api: {median:.1?} in the median, {worst:.1?} at most, of {RUNS}; {BAR:?} are allowed"
    );
    ensure!(median <= BAR, "it takes too long");
    Ok(())
}

/// A parameter store that holds none: it answers at once, so that what is measured is ours.
async fn no_parameters() -> Result<String> {
    let answer = async || (StatusCode::BAD_REQUEST, r#"{"__type":"ParameterNotFound"}"#);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let app = Router::new().fallback(answer);
    tokio::spawn(async move {
        let _ = axum::serve(listener, app).await; // it ends with this process
    });
    Ok(url)
}

fn api(parameters: &str) -> Deployed {
    let told = [
        ("AWS_ENDPOINT_URL_SSM", parameters),
        ("LOCKGATE_STAGE", "bench"),
        ("LOCKGATE_TABLE", "sessions"),
        ("LOCKGATE_STATE_MACHINE", "arn:aws:states:us-east-1:000000000000:stateMachine:session"),
        ("LOCKGATE_UPLOADS", "uploads"),
        ("LOCKGATE_RESULTS", "results"),
        ("LOCKGATE_PUBLIC_URL", "https://page.example.org"),
        ("LOCKGATE_HOSTS", HOST),
    ];
    Deployed {
        name: "api".to_owned(),
        handler: "api".to_owned(),
        memory: limits::API_MEMORY_MIB,
        timeout: Duration::from_secs(limits::API_SECONDS),
        variables: HashMap::from(told.map(|(name, value)| (name.to_owned(), value.to_owned()))),
    }
}
