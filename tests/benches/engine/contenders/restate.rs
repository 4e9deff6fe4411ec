//! Restate: its server as it comes, told nothing but where to listen, and a workflow by its TypeScript SDK.

use std::process::Command;

use anyhow::Result;
use async_trait::async_trait;
use serde_json::json;

use super::{Called, Contender};
use crate::cell::Cell;
use crate::connection::{ask_when_ready, post};
use tests::bench;
use tests::bench::peers::{npm, pins, version};
use tests::process::{Process, free_address};

pub(crate) struct Restate {
    called: Called,
    _server: Process,
    _handlers: Process,
    _folder: tempfile::TempDir,
}

pub(crate) async fn start() -> Result<Restate> {
    let installed = npm("restate")?;
    let folder = bench::folder()?;
    let (handlers, at) = Process::start_listening(
        Command::new("node").arg(pins("restate").join("steps.mjs")).current_dir(&installed),
        &folder.path().join("handlers.log"),
    )?;
    let (ingress, admin, node) = (free_address()?, free_address()?, free_address()?);
    let config = format!(
        "bind-address = \"{node}\"\nadvertised-address = \"http://{node}\"\nnode-name = \"bench\"\n\
         listen-mode = \"tcp\"\ndisable-telemetry = true\n\
         [ingress]\nbind-address = \"{ingress}\"\n[admin]\nbind-address = \"{admin}\"\n"
    );
    let config_file = folder.path().join("restate.toml");
    std::fs::write(&config_file, config)?;
    let mut command = Command::new(installed.join("node_modules/.bin/restate-server"));
    command.arg("--config-file").arg(config_file).arg("--base-dir").arg(folder.path().join("data"));
    let server = Process::start(&mut command, &folder.path().join("restate.log"))?;
    let handlers_at = json!({ "uri": format!("http://{at}") }).to_string();
    ask_when_ready(admin, &post(admin, "/deployments", "", &handlers_at)).await?;
    let request = move |number| post(ingress, &format!("/steps/{number}/run"), "", "{}");
    ask_when_ready(ingress, &post(ingress, "/steps/first/run", "", "{}")).await?;
    let called = Called::new(ingress, request, |answer| answer == "{}");
    Ok(Restate { called, _server: server, _handlers: handlers, _folder: folder })
}

#[async_trait(?Send)]
impl Contender for Restate {
    fn name(&self) -> &'static str {
        "Restate"
    }

    fn about(&self) -> String {
        let of = |package| version("restate", package).unwrap_or_default();
        format!(
            "server {}, SDK {} in a Node process: a workflow of ten ctx.run steps, called through the ingress",
            of("@restatedev/restate-server"),
            of("@restatedev/restate-sdk")
        )
    }

    fn takes_part(&self, _in_flight: usize) -> bool {
        true
    }

    async fn measure(&self, in_flight: usize) -> Result<Cell> {
        self.called.measure(in_flight).await
    }
}
