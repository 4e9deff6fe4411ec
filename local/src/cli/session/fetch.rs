//! `lockgate session fetch`, and the fetching that `new` does too: each result to a part file beside its place, checked
//! against what the record says, then named.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use futures::StreamExt;
use reqwest::Method;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::Failure;
use super::super::client::Client;
use super::super::files::{Landing, Place, Trouble};
use super::super::screen::{Bar, line, shown};
use super::{Id, card};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    id: Id,
    /// Where the result goes: a file, or a folder; NAME/ makes one [default: here, under its own name]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Replace a result that is already there
    #[arg(long)]
    force: bool,
}

pub(super) async fn run(client: &Client, args: &Args, json: bool) -> Result<ExitCode, Failure> {
    let place = Place::settle(args.output.as_deref(), 1)?;
    let mut session = client.ask(Method::GET, &["api", "sessions", &args.id.id]).await?;
    if session["state"] != "Done" {
        return Err(Failure::Odd(format!("there is nothing to fetch: {}", card::stands(&session))));
    }
    let bar = Bar::new(&args.id.id, !json);
    let fetched = fetch(client, &session, &place, args.force, &bar).await?;
    drop(bar);
    if json {
        session["fetched"] = paths(&fetched);
        line(&session)?;
    } else {
        fetched.iter().try_for_each(|path| line(shown(path)))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Where results went, as a program reads it.
pub(super) fn paths(fetched: &[PathBuf]) -> Value {
    fetched.iter().map(|path| path.to_string_lossy()).collect()
}

/// Fetches every result of `session` to its place, and says where that was.
pub(super) async fn fetch(
    client: &Client,
    session: &Value,
    place: &Place<'_>,
    force: bool,
    bar: &Bar,
) -> Result<Vec<PathBuf>, Failure> {
    bar.stage("fetching");
    let mut fetched: Vec<PathBuf> = Vec::new();
    for output in session["outputs"].as_array().into_iter().flatten() {
        // Only the last part of the name, whatever the server says: nothing is written elsewhere.
        let name = output["name"].as_str().and_then(|name| Path::new(name).file_name());
        let name = name.unwrap_or_else(|| "result".as_ref());
        // What is asked for by the name of a file is the first result; the others lie beside it.
        let target =
            fetched.first().map_or_else(|| place.of(Path::new(name)), |first| first.with_file_name(name));
        fetch_one(client, output, &target, force, bar).await?;
        fetched.push(target);
    }
    Ok(fetched)
}

async fn fetch_one(
    client: &Client,
    output: &Value,
    target: &Path,
    force: bool,
    bar: &Bar,
) -> Result<(), Failure> {
    let landing = Landing::begin(target, force)?;
    let mut file = landing.file()?;
    let response = client.send(client.request_at(Method::GET, &output["url"])?).await?;
    let expected = output["bytes"].as_u64().unwrap_or_default();
    let (mut chunks, mut digest, mut got) = (response.bytes_stream(), Sha256::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| client.no_answer(&error))?;
        digest.update(&chunk);
        file.write_all(&chunk).map_err(Trouble::writing(target))?;
        got += chunk.len() as u64;
        bar.at(got, expected);
    }
    if output["sha256"].as_str() != Some(&hex::encode(digest.finalize())) {
        return Err(Failure::Odd(format!("{} did not come as the session's record says", shown(target))));
    }
    file.sync_all().map_err(Trouble::writing(target))?;
    Ok(landing.land()?)
}
