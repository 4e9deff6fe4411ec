//! Processes that a bench or a rig starts, and stops by their ids. They are of its own group: what ends that ends them too.
//! One on a leash ends even when whoever started it was ended alone.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How long one may take to end once it was told to.
const GRACE: Duration = Duration::from_secs(20);

pub struct Process {
    child: Child,
}

impl Process {
    /// Starts it. What it says goes to `log`.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        Self::start_reading(Stdio::null(), command, log)
    }

    /// Starts one that is to end when its standard input does: that is open for as long as this process lives, and nothing
    /// comes there.
    pub fn start_on_a_leash(command: &mut Command, log: &Path) -> Result<Self> {
        Self::start_reading(Stdio::piped(), command, log)
    }

    fn start_reading(stdin: Stdio, command: &mut Command, log: &Path) -> Result<Self> {
        let log = File::create(log)?;
        command.stdout(log.try_clone()?);
        Self::spawn(stdin, command, log)
    }

    /// Starts it, and waits for a line of its standard output that says where it listens.
    pub fn start_listening(command: &mut Command, log: &Path) -> Result<(Self, SocketAddr)> {
        command.stdout(Stdio::piped());
        let mut log_file = File::create(log)?;
        let mut started = Self::spawn(Stdio::null(), command, log_file.try_clone()?)?;
        let stdout = started.child.stdout.take().context("its standard output is piped")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        while stdout.read_line(&mut line)? > 0 {
            if let Some((_, address)) = line.trim_end().split_once("http://") {
                let address = address.trim_end_matches('/').parse().with_context(|| address.to_owned())?;
                // What else it says must go somewhere.
                std::thread::spawn(move || std::io::copy(&mut stdout, &mut log_file));
                return Ok((started, address));
            }
            line.clear();
        }
        bail!("{command:?} ended before it was ready:\n{}", std::fs::read_to_string(log)?)
    }

    fn spawn(stdin: Stdio, command: &mut Command, log: File) -> Result<Self> {
        command.stdin(stdin).stderr(log);
        Ok(Self { child: command.spawn().with_context(|| format!("{command:?} cannot be started"))? })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn signal(&self, signal: Signal) {
        if let Some(id) = Pid::from_raw(self.child.id() as i32) {
            let _ = kill_process(id, signal); // it may be gone
        }
    }

    /// Tells it to end.
    pub fn tell(&self) {
        self.signal(Signal::TERM);
    }

    /// Makes it stand still, as a machine that is suspended does.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// How it has ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Ends it at once, as a crash would.
    pub fn kill(mut self) -> Result<()> {
        self.signal(Signal::KILL);
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        // One that stands still would not hear of it.
        self.thaw();
        let told = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && told.elapsed() < GRACE {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

/// An address that is free at the moment, for those that cannot choose one themselves.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
