//! One ffmpeg whose output is read from a pipe.
//!
//! ffmpeg goes on after errors, and its exit code knows of few of them. What it says on its standard error is therefore
//! an error too, as it is told to speak of nothing else.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStderr, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{LAST_WORDS, first_words, lacked_memory};
use crate::child::{Failure, Group, Watch};

/// Once its last byte is there, it has nothing left to do.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Piped {
    process: Group,
    stdout: ChildStdout,
    complaints: Option<JoinHandle<Vec<u8>>>,
    watch: Watch,
}

/// How it ended.
pub(super) enum Verdict {
    Well,
    /// It complained of this.
    Flawed(String),
    Died(Failure),
}

impl Verdict {
    fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Died(failure) => Some(failure),
            Self::Well | Self::Flawed(_) => None,
        }
    }
}

impl Piped {
    pub(super) fn start(mut command: Command) -> Result<Self, Failure> {
        let mut process = Group::spawn(&mut command).map_err(Failure::NotStarted)?;
        let pipes = process.stdout.take().zip(process.stderr.take());
        let (stdout, stderr) = pipes.ok_or_else(|| Failure::NotStarted(io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self { process, stdout, complaints: Some(gathered(stderr)), watch: Watch::default() })
    }

    /// Fills as much of `bytes` as comes before its end; answers how much.
    pub(super) async fn fill(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < bytes.len() {
            match self.stdout.read(&mut bytes[filled..]).await? {
                0 => break,
                more => filled += more,
            }
        }
        Ok(filled)
    }

    /// Waits for its end and judges it, once: later it has ended well.
    pub(super) async fn end(&mut self, cpu_seconds: u64) -> io::Result<Verdict> {
        let Some(complaints) = self.complaints.take() else { return Ok(Verdict::Well) };
        let ending = async {
            let words = complaints.await.unwrap_or_default();
            (self.process.wait().await, words)
        };
        let verdict = match timeout(PATIENCE, ending).await {
            Ok((status, words)) => judge(status?, &words, cpu_seconds),
            Err(_elapsed) => Verdict::Died(Failure::TimedOut { limit: PATIENCE }),
        };
        self.watch.tell(verdict.failure());
        Ok(verdict)
    }

    /// Nobody waits for it any longer, for this reason.
    pub(super) fn given_up(mut self, failure: Failure) -> Failure {
        self.watch.tell(Some(&failure));
        failure
    }
}

/// Gathers the first of what it complains of.
pub(super) fn gathered(stderr: ChildStderr) -> JoinHandle<Vec<u8>> {
    tokio::spawn(async move {
        let (mut words, mut rest) = (Vec::new(), stderr);
        // What it says beyond that is read too, or it would wait for ever to say it.
        let _ = (&mut rest).take(LAST_WORDS).read_to_end(&mut words).await;
        let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
        words
    })
}

pub(super) fn judge(status: ExitStatus, words: &[u8], cpu_seconds: u64) -> Verdict {
    use std::os::unix::process::ExitStatusExt;
    let signal = status.signal();
    if signal == Some(Signal::XCPU.as_raw()) {
        return Verdict::Died(Failure::CpuExhausted { seconds: cpu_seconds });
    }
    // It goes on without what it had no room for, so that it may end well.
    if lacked_memory(words) {
        return Verdict::Died(Failure::OutOfMemory);
    }
    if signal.is_some() {
        return Verdict::Died(Failure::Crashed { how: format!("ffmpeg: {status}") });
    }
    match first_words(words) {
        Some(said) => Verdict::Flawed(said),
        None if !status.success() => Verdict::Flawed(status.to_string()),
        None => Verdict::Well,
    }
}

/// As an IO error that keeps the problem it is.
pub(super) fn carried(failure: Failure) -> io::Error {
    Failure::carrying(failure.into_problem())
}
