//! What a server takes of memory, with its worker, for one file from the store to the store.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::flow::{Flow, id};
use tests::memory::{Watch, together};
use tests::server::Server;

use super::inputs::Input;

const MOST: f64 = 64.0;

#[tokio::main]
pub(crate) async fn run(input: &Input, folder: &Path) -> Result<()> {
    let data = folder.join("data");
    std::fs::create_dir_all(&data)?;
    let server = Server::start_well(&data)?;
    let flow = Flow { patience: Duration::from_secs(900), ..Flow::new(&server.url) };
    let file = std::fs::read(&input.path)?;
    let name = input.path.file_name().and_then(|name| name.to_str()).context("a name")?;
    let announced = flow.announce(name, &file, "k", json!({ "contentType": input.media_type() })).await?;
    let id = id(&announced)?;
    ensure!(flow.upload(&announced, &file).await?.status() == 200, "it was not taken");
    flow.until(&id, &["ReadyToXcode"]).await?;
    let process = server.id();
    let watch = Watch::begin(move || together(process));
    flow.verb(reqwest::Method::PUT, &format!("/xcode/{id}"), None).await?;
    flow.events(&id, |_, _| {}).await?;
    let peak = watch.end()? as f64 / (1 << 20) as f64;
    let session = flow.session(&id).await?;
    ensure!(session["state"] == "Done", "{session:#}");
    println!("store to store: {peak:.1} MiB at most, the server and its worker together (bar: {MOST})");
    drop(server);
    Ok(std::fs::remove_dir_all(&data)?)
}
