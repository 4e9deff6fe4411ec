//! The real binary as `lockgate engine`, on a port of the system's choosing, over a folder that outlives it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::server::binary;

/// How often it is looked whether a server that does not answer is dead.
const LOOKS: u32 = 400;

/// It is killed when this is dropped.
pub struct EngineServer {
    pub url: String,
    child: Child,
    http: reqwest::Client,
}

impl EngineServer {
    /// Starts it and waits until it is ready. `settings` are environment variables and flags: a name in capitals is
    /// followed by its value, everything else goes to the command line.
    pub fn start(data: &Path, settings: &[&str]) -> Result<Self> {
        let mut command = Command::new(binary()?);
        command.args(["engine", "--listen", "127.0.0.1:0", "--data"]).arg(data).env_remove("LOCKGATE_CRASH");
        let mut rest = settings.iter();
        while let Some(setting) = rest.next() {
            if setting.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') {
                command.env(setting, rest.next().context("a variable has a value")?);
            } else {
                command.arg(setting);
            }
        }
        std::fs::create_dir_all(data)?;
        let log = std::fs::OpenOptions::new().create(true).append(true).open(data.join("test.log"))?;
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn()?;
        let stdout = child.stdout.take().context("its standard output is piped")?;
        let said = BufReader::new(stdout).lines().next().transpose()?.unwrap_or_default();
        let Some((_, url)) = said.rsplit_once(' ') else {
            let _ = child.kill(); // it may be dead
            child.wait()?;
            bail!("it is not ready: {}", std::fs::read_to_string(data.join("test.log"))?);
        };
        Ok(Self { url: url.to_owned(), child, http: reqwest::Client::new() })
    }

    /// One operation; an error when the engine refuses or is dead.
    pub async fn ask(&self, operation: &str, body: &Value) -> Result<Value> {
        let answer = self
            .http
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("AWSStepFunctions.{operation}"))
            .body(body.to_string())
            .send()
            .await?;
        let (good, text) = (answer.status().is_success(), answer.text().await?);
        if !good {
            bail!("{operation}: {text}");
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// Whether it has been killed. Its sockets are closed a little before that can be seen.
    pub async fn has_died(&mut self) -> Result<bool> {
        let mut looks = tokio::time::interval(Duration::from_millis(5));
        for _ in 0..LOOKS {
            if self.child.try_wait()?.is_some() {
                return Ok(true);
            }
            looks.tick().await;
        }
        Ok(false)
    }

    /// SIGTERM, and how it ended.
    pub fn terminate(mut self) -> Result<std::process::ExitStatus> {
        let id = rustix::process::Pid::from_raw(self.child.id() as i32).context("a process has an id")?;
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        Ok(self.child.wait()?)
    }
}

impl Drop for EngineServer {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may be dead
        let _ = self.child.wait();
    }
}
