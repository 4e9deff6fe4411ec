//! LocalStack without Docker, which runs no functions there: its machine has ten Pass states, and keeps nothing.

use std::process::Command;

use anyhow::{Context, Result};
use async_trait::async_trait;
use serde_json::json;

use super::{Called, Contender};
use crate::cell::Cell;
use crate::connection::{ask_when_ready, operation};
use crate::machines::{create, passes};
use tests::bench;
use tests::bench::peers::{pins, pip, version};
use tests::process::{Process, free_address};

const ACCOUNT: &str = "000000000000";

pub(crate) struct LocalStack {
    called: Called,
    _process: Process,
    _folder: tempfile::TempDir,
}

pub(crate) async fn start() -> Result<LocalStack> {
    let installed = pip("localstack")?;
    let folder = bench::folder()?;
    let address = free_address()?;
    let mut command = Command::new(installed.join("bin/python"));
    command.arg(pins("localstack").join("run.py")).current_dir(folder.path());
    command.env("HOME", folder.path()).env("FILESYSTEM_ROOT", folder.path().join("root"));
    command.env("GATEWAY_LISTEN", address.to_string());
    command.envs([
        ("SERVICES", "stepfunctions,sts,iam"),
        ("STRICT_SERVICE_LOADING", "1"),
        ("DISABLE_EVENTS", "1"),
        ("SKIP_SSL_CERT_DOWNLOAD", "1"),
        ("DNS_ADDRESS", "0"),
    ]);
    let process = Process::start(&mut command, &folder.path().join("localstack.log"))?;
    let request = operation(address, "CreateStateMachine", &create("passes", "EXPRESS", &passes(), ACCOUNT));
    let created = ask_when_ready(address, &request).await?;
    let arn = created["stateMachineArn"].as_str().context("no stateMachineArn")?;
    let request = operation(address, "StartSyncExecution", &json!({ "stateMachineArn": arn, "input": "{}" }));
    let is_well = |answer: &str| answer.contains("SUCCEEDED");
    let called = Called::new(address, move |_| request.clone(), is_well);
    Ok(LocalStack { called, _process: process, _folder: folder })
}

#[async_trait(?Send)]
impl Contender for LocalStack {
    fn name(&self) -> &'static str {
        "LocalStack"
    }

    fn about(&self) -> String {
        let version = version("localstack", "localstack-core").unwrap_or_default();
        format!("{version}: ten Pass states (no function runs there without Docker), StartSyncExecution")
    }

    fn takes_part(&self, in_flight: usize) -> bool {
        in_flight == 256
    }

    async fn measure(&self, in_flight: usize) -> Result<Cell> {
        self.called.measure(in_flight).await
    }
}
