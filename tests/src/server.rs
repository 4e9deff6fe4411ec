//! The real binary, started on ports of the system's choosing, over a folder that outlives it.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};

/// A running `lockgate serve`. It is killed when this is dropped.
pub struct Server {
    pub url: String,
    /// Where the engine's endpoint is, when it was asked for.
    pub engine: Option<String>,
    child: Child,
}

/// How to start it.
#[derive(Clone, Default)]
pub struct Setup {
    pub environment: Vec<(&'static str, OsString)>,
    pub flags: Vec<String>,
    /// A program that starts it in turn, with its arguments: a tracer that makes system calls fail.
    pub under: Vec<OsString>,
}

impl Setup {
    /// Dies by SIGKILL when it passes `point` for the `count`-th time.
    pub fn crashing_at(point: &str, count: u64) -> Self {
        Self::default().with("LOCKGATE_CRASH", format!("{point}:{count}"))
    }

    pub fn with(mut self, variable: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((variable, value.into()));
        self
    }

    pub fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }
}

impl Server {
    /// Starts the binary on `data` and waits until it says that it is ready. `None` when it died before: a crash point.
    pub fn start(data: &Path, setup: &Setup) -> Result<Option<Self>> {
        let (mut child, stdout) = Self::spawn(data, setup)?;
        let mut said = BufReader::new(stdout).lines();
        let mut next_url = || anyhow::Ok(said.next().transpose()?.as_deref().and_then(url));
        match next_url()? {
            Some(url) => {
                let with_engine = setup.flags.iter().any(|flag| flag == "--engine-listen");
                let engine = if with_engine { next_url()? } else { None };
                Ok(Some(Self { url, engine, child }))
            }
            None => {
                child.wait()?;
                Ok(None)
            }
        }
    }

    fn spawn(data: &Path, setup: &Setup) -> Result<(Child, ChildStdout)> {
        let program = [setup.under.clone(), vec![binary()?.into_os_string()]].concat();
        let mut child = Command::new(&program[0])
            .args(&program[1..])
            .args(["serve", "--listen", "127.0.0.1:0", "--s3-listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(&setup.flags)
            .env_remove("LOCKGATE_CRASH")
            .envs(setup.environment.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log(data)?)
            .process_group(0)
            .spawn()
            .context("lockgate cannot be started")?;
        let stdout = child.stdout.take().context("its standard output is piped")?;
        Ok((child, stdout))
    }

    /// As [`Server::start`], with the first lines that it says, so many or fewer if no more come at once with them.
    pub fn start_and_hear(data: &Path, setup: &Setup, lines: usize) -> Result<(Self, Vec<String>)> {
        let (mut child, stdout) = Self::spawn(data, setup)?;
        let mut said = BufReader::new(stdout).lines();
        let heard = said.by_ref().take(lines).collect::<Result<Vec<_>, _>>()?;
        let Some(url) = heard.iter().find_map(|line| url(line)) else {
            child.wait()?;
            bail!("lockgate ended before it was ready");
        };
        Ok((Self { url, engine: None, child }, heard))
    }

    /// Starts it without a crash point; it must become ready.
    pub fn start_well(data: &Path) -> Result<Self> {
        let Some(server) = Self::start(data, &Setup::default())? else {
            let log = std::fs::read_to_string(data.join("test.log")).unwrap_or_default();
            bail!("lockgate ended before it was ready:\n{log}");
        };
        Ok(server)
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn kill(mut self) -> Result<()> {
        self.kill_group();
        self.child.wait()?;
        Ok(())
    }

    /// The server, and a tracer it may run under.
    fn kill_group(&self) {
        if let Some(group) = rustix::process::Pid::from_raw(self.child.id() as i32) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL); // it may be dead
        }
    }

    /// SIGTERM, and how it ended.
    pub fn terminate(mut self) -> Result<std::process::ExitStatus> {
        let id = rustix::process::Pid::from_raw(self.child.id() as i32).context("a process has an id")?;
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        Ok(self.child.wait()?)
    }

    /// How it has ended by itself, if it has.
    pub fn ended(&mut self) -> Result<Option<std::process::ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    pub fn is_dead(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// The TCP ports it listens on, as the kernel says.
    pub fn ports(&self) -> Result<Vec<u16>> {
        const LISTEN: &str = "0A";
        let own = std::fs::read_dir(format!("/proc/{}/fd", self.process_id()))?
            .filter_map(|file| std::fs::read_link(file.ok()?.path()).ok())
            .map(|target| target.to_string_lossy().into_owned())
            .collect::<HashSet<_>>();
        let sockets = std::fs::read_to_string("/proc/net/tcp")?;
        let port = |line: &str| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let is_ours = fields[3] == LISTEN && own.contains(&format!("socket:[{}]", fields[9]));
            let (_, port) = fields[1].split_once(':').filter(|_| is_ours)?;
            u16::from_str_radix(port, 16).ok()
        };
        Ok(sockets.lines().skip(1).filter_map(port).collect())
    }

    pub fn process_id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.is_dead() {
            self.kill_group();
        }
        let _ = self.child.wait();
    }
}

/// The address in a line that says one.
fn url(line: &str) -> Option<String> {
    let url =
        line.split_whitespace().find(|word| word.starts_with("http://") || word.starts_with("https://"))?;
    Some(url.trim_end_matches('/').to_owned())
}

fn log(data: &Path) -> Result<std::fs::File> {
    std::fs::create_dir_all(data)?;
    Ok(std::fs::OpenOptions::new().create(true).append(true).open(data.join("test.log"))?)
}

/// `lockgate` as `cargo build --workspace` has left it: beside a bench, or one folder above a test.
pub fn binary() -> Result<PathBuf> {
    program("lockgate")
}

/// The program of this name, as [`binary`].
pub fn program(name: &str) -> Result<PathBuf> {
    let me = std::env::current_exe()?;
    let candidates = me.ancestors().skip(1).take(2).map(|folder| folder.join(name));
    let found = candidates.into_iter().find(|candidate| candidate.is_file());
    found.with_context(|| {
        format!("{name} is missing: run `cargo build --workspace` first, as `make test` does")
    })
}
