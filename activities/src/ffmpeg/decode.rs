//! ffmpeg at work: a source of samples for a media child.
//!
//! ffmpeg goes on after errors, and its exit code knows of few of them. What it says on its standard error is therefore
//! an error too, as it is told to speak of nothing else.

use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;
use media::Problem;
use media::audio::Container;
use rustix::process::Signal;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStdout};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Bounds, Ffmpeg, Found, LAST_WORDS, confined, first_words};
use crate::child::{AsyncSource, Failure, Limits, kill_group};

/// ffmpeg's libraries alone take some 300 MB of address space.
const MEMORY_BYTES: u64 = 1 << 30;
/// Once its last sample is there, it has nothing left to do.
const PATIENCE: Duration = Duration::from_secs(10);

/// The samples of one track, as they come out of ffmpeg.
pub(crate) struct Decoded {
    running: Mutex<Running>,
    keep_going: bool,
    limits: Limits,
    /// How many bytes of samples there should be.
    stated: Option<u64>,
    bytes_per_frame: u64,
}

struct Running {
    process: Child,
    stdout: ChildStdout,
    complaints: Option<JoinHandle<Vec<u8>>>,
    /// How many bytes were handed out.
    position: u64,
    /// What was wrong with the file, once it is known.
    flaw: Option<String>,
}

impl Decoded {
    /// Starts to decode `found` of `file`.
    pub(crate) fn start(
        us: &Path,
        ffmpeg: &Ffmpeg,
        limits: Limits,
        container: Container,
        (file, found): (&Path, &Found),
        keep_going: bool,
    ) -> Result<Self, Failure> {
        let bounds = Bounds { memory_bytes: MEMORY_BYTES, cpu_seconds: limits.cpu_seconds };
        // Checksums are looked at only when that is asked for.
        let detect = if keep_going { "crccheck" } else { "crccheck+bitstream+buffer+explode" };
        let mut command = confined(us, &ffmpeg.ffmpeg, bounds, container, file, &["-err_detect", detect]);
        command.args(["-map", &format!("0:a:{}", found.track), "-map_metadata", "-1", "-bitexact"]);
        command.args(["-c:a", found.samples.codec(), "-f", "wav", "pipe:1"]);
        let mut process = command.spawn().map_err(Failure::NotStarted)?;
        let pipes = process.stdout.take().zip(process.stderr.take());
        let (stdout, stderr) = pipes.ok_or_else(|| Failure::NotStarted(io::ErrorKind::BrokenPipe.into()))?;
        let complaints = tokio::spawn(async move {
            let (mut words, mut rest) = (Vec::new(), stderr);
            // What it says beyond that is read too, or it would wait for ever to say it.
            let _ = (&mut rest).take(LAST_WORDS).read_to_end(&mut words).await;
            let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
            words
        });
        let running = Running { process, stdout, complaints: Some(complaints), position: 0, flaw: None };
        let sound = &found.decoded.sound;
        let bytes_per_frame = u64::from(sound.channels.max(1)) * found.samples.bytes();
        let stated = sound.samples.map(|samples| samples.saturating_mul(bytes_per_frame));
        Ok(Self { running: Mutex::new(running), keep_going, limits, stated, bytes_per_frame })
    }

    /// What ffmpeg has complained of, once all samples were read.
    pub(crate) async fn flaw(&self) -> Option<String> {
        self.running.lock().await.flaw.clone()
    }

    /// Waits for the end and judges it.
    async fn end(&self, running: &mut Running) -> io::Result<()> {
        let Some(complaints) = running.complaints.take() else { return Ok(()) };
        let ending = async {
            let words = complaints.await.unwrap_or_default();
            (running.process.wait().await, words)
        };
        let (status, words) = timeout(PATIENCE, ending)
            .await
            .map_err(|_elapsed| carried(Failure::TimedOut { limit: PATIENCE }))?;
        match judge(status?, &words, self.limits) {
            Verdict::Well => Ok(()),
            Verdict::Flawed(what) if self.keep_going => {
                running.flaw = Some(what);
                Ok(())
            }
            Verdict::Flawed(what) => {
                let missing = self.stated.map(|stated| stated.saturating_sub(running.position));
                let missing_samples =
                    missing.map(|bytes| bytes / self.bytes_per_frame).filter(|&samples| samples > 0);
                Err(carried(Failure::Media(Problem::Corrupt { what, missing_samples })))
            }
            Verdict::Died(failure) => Err(carried(failure)),
        }
    }
}

enum Verdict {
    Well,
    Flawed(String),
    Died(Failure),
}

fn judge(status: ExitStatus, words: &[u8], limits: Limits) -> Verdict {
    use std::os::unix::process::ExitStatusExt;
    if let Some(signal) = status.signal() {
        return Verdict::Died(if signal == Signal::XCPU.as_raw() {
            Failure::CpuExhausted { seconds: limits.cpu_seconds }
        } else {
            Failure::Crashed { how: format!("ffmpeg: {status}") }
        });
    }
    match first_words(words) {
        Some(said) => Verdict::Flawed(format!("its sound does not decode without errors ({said})")),
        None if !status.success() => Verdict::Flawed(format!("its sound cannot be decoded ({status})")),
        None => Verdict::Well,
    }
}

/// As an IO error that keeps the problem it is.
fn carried(failure: Failure) -> io::Error {
    Failure::carrying(failure.into_problem())
}

impl AsyncSource for Decoded {
    /// Nobody knows before it has come.
    fn len(&self) -> u64 {
        u64::MAX
    }

    fn is_stream(&self) -> bool {
        true
    }

    fn path(&self) -> Option<&Path> {
        None
    }

    async fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let mut running = self.running.lock().await;
        if offset != running.position {
            return Err(io::Error::from(io::ErrorKind::NotSeekable));
        }
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match running.stdout.read(&mut bytes[filled..]).await? {
                0 => break,
                more => filled += more,
            }
        }
        bytes.truncate(filled);
        running.position += filled as u64;
        if filled < length {
            self.end(&mut running).await?;
        }
        Ok(Bytes::from(bytes))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        kill_group(&self.process);
    }
}
