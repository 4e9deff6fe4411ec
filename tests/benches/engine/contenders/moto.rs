//! moto's server, which keeps nothing. It answers no StartSyncExecution: so many executions are started at once, and the
//! whole is timed until none of them runs. Being asked for that costs it next to nothing.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use futures::future::try_join_all;
use serde_json::{Value, json};

use super::Contender;
use crate::cell::Cell;
use crate::connection::{ask, ask_when_ready, operation, post};
use crate::duration;
use crate::machines::{create, passes};
use tests::bench;
use tests::bench::peers::{pip, version};
use tests::process::{Process, free_address};

const ACCOUNT: &str = "123456789012";
/// How often it is asked whether anything runs still.
const OFTEN: Duration = Duration::from_millis(50);

pub(crate) struct Moto {
    address: SocketAddr,
    machines: AtomicU64,
    _process: Process,
    _folder: tempfile::TempDir,
}

pub(crate) async fn start() -> Result<Moto> {
    let installed = pip("moto")?;
    let folder = bench::folder()?;
    let address = free_address()?;
    let mut command = Command::new(installed.join("bin/moto_server"));
    command.args(["-H", &address.ip().to_string(), "-p", &address.port().to_string()]);
    let process = Process::start(&mut command, &folder.path().join("moto.log"))?;
    let really = json!({ "stepfunctions": { "execute_state_machine": true } }).to_string();
    ask_when_ready(address, &post(address, "/moto-api/config", "", &really)).await?;
    Ok(Moto { address, machines: AtomicU64::new(0), _process: process, _folder: folder })
}

impl Moto {
    async fn ask(&self, name: &str, body: &Value) -> Result<Value> {
        ask(self.address, &operation(self.address, name, body)).await
    }

    /// A machine of its own for each lot, so that a list of what runs stays short.
    async fn run(&self, in_flight: usize) -> Result<()> {
        let name = format!("passes-{}", self.machines.fetch_add(1, Ordering::Relaxed));
        let created = self.ask("CreateStateMachine", &create(&name, "STANDARD", &passes(), ACCOUNT)).await?;
        let arn = created["stateMachineArn"].as_str().context("no stateMachineArn")?;
        let start = async |number: usize| {
            let name = number.to_string(); // it names none itself
            self.ask("StartExecution", &json!({ "stateMachineArn": arn, "name": name, "input": "{}" })).await
        };
        try_join_all((0..in_flight).map(start)).await?;
        let running = json!({ "stateMachineArn": arn, "statusFilter": "RUNNING", "maxResults": 1 });
        while self.count(&running).await? > 0 {
            tokio::time::sleep(OFTEN).await;
        }
        let well = json!({ "stateMachineArn": arn, "statusFilter": "SUCCEEDED", "maxResults": in_flight });
        ensure!(self.count(&well).await? == in_flight, "not every execution succeeded");
        Ok(())
    }

    async fn count(&self, which: &Value) -> Result<usize> {
        let listed = self.ask("ListExecutions", which).await?;
        Ok(listed["executions"].as_array().context("no executions")?.len())
    }
}

#[async_trait(?Send)]
impl Contender for Moto {
    fn name(&self) -> &'static str {
        "moto"
    }

    fn about(&self) -> String {
        let version = version("moto", "moto").unwrap_or_default();
        format!("{version}: ten Pass states, StartExecution and, until none runs, ListExecutions")
    }

    fn takes_part(&self, in_flight: usize) -> bool {
        in_flight == 256
    }

    async fn measure(&self, in_flight: usize) -> Result<Cell> {
        self.run(1).await?; // it loads its interpreter
        let (begin, mut ended) = (Instant::now(), 0);
        while begin.elapsed() < duration() {
            self.run(in_flight).await?;
            ended += in_flight;
        }
        Ok(Cell { rate: ended as f64 / begin.elapsed().as_secs_f64(), times: None })
    }
}
