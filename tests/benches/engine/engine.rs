//! `lockgate engine` in a process of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::connection::{ask, operation};
use crate::machines::{create, mocks};
use tests::process::Process;

const ACCOUNT: &str = "000000000000";
/// Of memory, on the machines this runs on.
const PAGE: i64 = 4096;

pub(crate) struct Engine {
    pub(crate) address: SocketAddr,
    data: PathBuf,
    process: Process,
}

impl Engine {
    /// Starts it on what `data` holds; ready once it has taken up everything that has not ended. Functions are called
    /// at `functions`.
    pub(crate) fn start(data: &Path, functions: Option<SocketAddr>) -> Result<Self> {
        let mock_config = data.with_extension("mocks.json");
        std::fs::write(&mock_config, mocks().to_string())?;
        let mut command = Command::new(tests::server::binary()?);
        command.args(["engine", "--listen", "127.0.0.1:0", "--account", ACCOUNT, "--data"]).arg(data);
        command.arg("--mock-config").arg(mock_config);
        if let Some(functions) = functions {
            command.args(["--lambda-endpoint", &format!("http://{functions}")]);
        }
        let (process, address) = Process::start_listening(&mut command, &data.with_extension("log"))?;
        Ok(Self { address, data: data.to_owned(), process })
    }

    /// Creates a state machine. Its ARN.
    pub(crate) async fn machine(&self, name: &str, kind: &str, definition: &Value) -> Result<String> {
        let request = operation(self.address, "CreateStateMachine", &create(name, kind, definition, ACCOUNT));
        let created = ask(self.address, &request).await?;
        Ok(created["stateMachineArn"].as_str().context("no stateMachineArn")?.to_owned())
    }

    /// Bytes of the process in memory.
    pub(crate) fn resident(&self) -> Result<i64> {
        let pages = std::fs::read_to_string(format!("/proc/{}/statm", self.process.id()))?;
        let pages: i64 = pages.split(' ').nth(1).context("statm has no second field")?.parse()?;
        Ok(pages * PAGE)
    }

    /// The journal as other programs may open it.
    pub(crate) fn journal(&self) -> Result<rusqlite::Connection> {
        Ok(rusqlite::Connection::open(self.data.join("engine.db"))?)
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(self) -> Result<()> {
        self.process.kill()
    }
}
