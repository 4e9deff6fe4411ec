//! The parent's side: starts the child, answers it, and decides how it ended.

use std::fs::File;
use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bytes::Bytes;
use media::{Answer, PATCHABLE, Report};
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{ChildStderr, Command};
use tokio::time::timeout;

use super::failure::Failure;
use super::group::Group;
use super::kill::Watch;
use super::limits::Limits;
use super::wire::{self, Ask, LARGEST_BODY, PREFIX, Tell, Work};
use crate::ffmpeg::Ffmpeg;

/// Where a child's reads are answered from. Its length must not change.
pub trait AsyncSource: Send + Sync {
    fn len(&self) -> u64;

    /// The bytes from `offset` on: `length` of them, or up to the end.
    fn read_at(&self, offset: u64, length: usize) -> impl Future<Output = io::Result<Bytes>> + Send;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is read once, from front to back, and ends where it ends, at the latest at its length.
    fn is_stream(&self) -> bool {
        false
    }

    /// The plain file that it is, if it is one.
    fn path(&self) -> Option<&Path> {
        None
    }

    /// That file, open for reading: a child that has it need not ask for every part.
    fn file(&self) -> Option<&File> {
        None
    }
}

/// Where a child's result goes.
pub trait AsyncSink: Send {
    fn write(&mut self, bytes: Bytes) -> impl Future<Output = io::Result<()>> + Send;

    /// Ends the result and begins the next. Most work has one only.
    fn next(&mut self) -> impl Future<Output = io::Result<()>> + Send {
        async { Err(io::ErrorKind::Unsupported.into()) }
    }

    /// Overwrites what was written before, within the first [`PATCHABLE`] bytes.
    fn patch(&mut self, offset: u64, bytes: Bytes) -> impl Future<Output = io::Result<()>> + Send;
}

/// The sink of work that has no result but its answer.
pub struct Nowhere;

impl AsyncSink for Nowhere {
    async fn write(&mut self, _bytes: Bytes) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn patch(&mut self, _offset: u64, _bytes: Bytes) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// What makes this program a child.
pub const ARGUMENT: &str = "media-child";

/// Starts children of this program.
#[derive(Clone, Debug)]
pub struct Workbench {
    /// This very binary, or one that calls [`child_main`](super::child_main) when it gets `arguments`.
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub limits: Limits,
    /// Decodes what our child does not, where it is there.
    pub ffmpeg: Option<Ffmpeg>,
}

impl Workbench {
    /// Children of `program`, which calls [`child_main`](super::child_main) when its argument is [`ARGUMENT`].
    pub fn new(program: PathBuf) -> Self {
        Self { program, arguments: vec![ARGUMENT.to_owned()], limits: Limits::default(), ffmpeg: None }
    }

    /// The same, for workers that may take this much.
    pub fn within(&self, limits: Limits) -> Self {
        Self { limits, ..self.clone() }
    }

    /// What decodes films, if it is here.
    pub(crate) fn ffmpeg(&self) -> Result<&Ffmpeg, Failure> {
        self.ffmpeg.as_ref().ok_or_else(|| Failure::Missing("ffmpeg is not found here".to_owned()))
    }

    /// Does `work` in a child. `cancelled` ends it at once; so does dropping the future. When this fails, what the sink
    /// got is worth nothing.
    pub async fn run(
        &self,
        work: impl Into<Work>,
        source: &impl AsyncSource,
        sink: &mut impl AsyncSink,
        mut progress: impl FnMut(Report) + Send,
        cancelled: impl Future<Output = ()> + Send,
    ) -> Result<Answer, Failure> {
        let work: Work = work.into();
        let limits = work.within(self.limits);
        let mut worker = Worker::start(self, source.file())?;
        let mut watch = Watch::default();
        let conversation = worker.converse(limits, work, source, sink, &mut progress);
        let ended = tokio::select! {
            () = cancelled => Ok(Err(Stopped::Failed(Failure::Cancelled))),
            ended = timeout(limits.wall, conversation) => ended,
        };
        let outcome = match ended {
            Err(_elapsed) => Err(Failure::TimedOut { limit: limits.wall }),
            Ok(Err(Stopped::Lost)) => Err(worker.cause_of_death(limits).await),
            Ok(Err(Stopped::Failed(failure))) => Err(failure),
            Ok(Ok(answer)) => {
                worker.leave().await;
                Ok(answer)
            }
        };
        watch.tell(outcome.as_ref().err());
        outcome
    }
}

/// How long a child may take to end that has nothing more to do.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running child.
struct Worker {
    process: Group,
    socket: BufReader<UnixStream>,
    stderr: Option<ChildStderr>,
}

/// Why a conversation did not end with an answer.
enum Stopped {
    Failed(Failure),
    /// The child's end of the socket is closed: how it died tells why.
    Lost,
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// As many bytes as the allocator keeps of what was freed: more than any buffer that is used again and again.
const KEPT: &str = "33554432";

impl Worker {
    fn start(bench: &Workbench, file: Option<&File>) -> Result<Self, Failure> {
        Self::spawn(bench, file).map_err(Failure::NotStarted)
    }

    /// A file stands where the child's standard output would: that it has none is no loss to it.
    fn spawn(bench: &Workbench, file: Option<&File>) -> io::Result<Self> {
        let stdout = file.map(File::try_clone).transpose()?.map_or_else(Stdio::null, Stdio::from);
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = Command::new(&bench.program);
        command
            .args(&bench.arguments)
            .env_clear()
            // Each thread would reserve 64 MiB of address space for itself, of which there is little.
            .env("MALLOC_ARENA_MAX", "1")
            // What is freed is kept for what comes next: to ask the kernel for each buffer anew takes longer than to fill it.
            .env("MALLOC_MMAP_THRESHOLD_", KEPT)
            .env("MALLOC_TRIM_THRESHOLD_", KEPT)
            .current_dir("/")
            .stdin(OwnedFd::from(theirs))
            .stdout(stdout)
            .stderr(Stdio::piped());
        let mut process = Group::spawn(&mut command)?;
        let stderr = process.stderr.take();
        let socket = BufReader::with_capacity(LARGEST_BODY / 4, UnixStream::from_std(ours)?);
        Ok(Self { process, socket, stderr })
    }

    async fn converse(
        &mut self,
        limits: Limits,
        work: Work,
        source: &impl AsyncSource,
        sink: &mut impl AsyncSink,
        progress: &mut (impl FnMut(Report) + Send),
    ) -> Result<Answer, Stopped> {
        let Limits { memory_bytes, cpu_seconds, processors, .. } = limits;
        let (source_length, has_file) = (source.len(), source.file().is_some());
        let start = Tell::Start { work, source_length, has_file, memory_bytes, cpu_seconds, processors };
        self.tell(&start, &[]).await?;
        let mut written = 0;
        loop {
            let heard = timeout(limits.silence, self.hear()).await;
            let (ask, body) = heard.map_err(|_elapsed| Failure::Hung { limit: limits.silence })??;
            match ask {
                Ask::ReadAt { offset, length } => {
                    let bytes = read(source, offset, length as usize).await.map_err(Failure::Source)?;
                    self.tell(&Tell::Data, &bytes).await?;
                }
                Ask::Write => {
                    written += body.len() as u64;
                    sink.write(body).await.map_err(Failure::Sink)?;
                }
                Ask::Next => {
                    written = 0;
                    sink.next().await.map_err(Failure::Sink)?;
                }
                Ask::Patch { offset } => {
                    let end = offset.checked_add(body.len() as u64);
                    if end.is_none_or(|end| end > written.min(PATCHABLE)) {
                        return Err(nonsense("a patch of what is not written").into());
                    }
                    sink.patch(offset, body).await.map_err(Failure::Sink)?;
                }
                Ask::Progress(report) => progress(report),
                Ask::End(outcome) => return Ok(outcome.map_err(Failure::Media)?),
            }
        }
    }

    async fn tell(&mut self, tell: &Tell, body: &[u8]) -> Result<(), Stopped> {
        let frame = wire::frame(tell, body.len()).map_err(|error| nonsense(&error.to_string()))?;
        let sent = async {
            self.socket.write_all(&frame).await?;
            self.socket.write_all(body).await
        };
        // A child that does not take what it is told has closed its end.
        sent.await.map_err(|_closed| Stopped::Lost)
    }

    async fn hear(&mut self) -> Result<(Ask, Bytes), Stopped> {
        let mut prefix = [0; PREFIX];
        self.fill(&mut prefix).await?;
        let (head_length, body_length) =
            wire::lengths(prefix).map_err(|error| nonsense(&error.to_string()))?;
        let mut head = vec![0; head_length];
        self.fill(&mut head).await?;
        let ask = wire::head(&head).map_err(|error| nonsense(&error.to_string()))?;
        let mut body = vec![0; body_length];
        self.fill(&mut body).await?;
        Ok((ask, Bytes::from(body)))
    }

    async fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Stopped> {
        self.socket.read_exact(bytes).await.map(|_| ()).map_err(|_closed| Stopped::Lost)
    }

    /// Waits for the child that has said its last word, so that what it took is counted as ours.
    async fn leave(&mut self) {
        // One that stays is killed when this is dropped.
        let _late = timeout(PATIENCE, self.process.wait()).await;
    }

    /// How the child that closed its socket ended.
    async fn cause_of_death(&mut self, limits: Limits) -> Failure {
        const LAST_WORDS: u64 = 4096;
        let mut last_words = Vec::new();
        let dying = async {
            if let Some(stderr) = &mut self.stderr {
                // More than this it does not say; if it does, it is cut off and dies of that.
                stderr.take(LAST_WORDS).read_to_end(&mut last_words).await?;
            }
            self.stderr = None;
            self.process.wait().await
        };
        match timeout(PATIENCE, dying).await {
            Ok(Ok(status)) => diagnose(status, &String::from_utf8_lossy(&last_words), limits),
            Ok(Err(error)) => Failure::Crashed { how: error.to_string() },
            Err(_elapsed) => nonsense("it closed its socket and lives on"),
        }
    }
}

/// What the child asked for, as far as the source goes.
async fn read(source: &impl AsyncSource, offset: u64, length: usize) -> io::Result<Bytes> {
    let length = length.min(LARGEST_BODY).min(wire::left_of(source.len(), offset));
    if length == 0 {
        return Ok(Bytes::new());
    }
    let bytes = source.read_at(offset, length).await?;
    if bytes.len() > length || (bytes.len() < length && !source.is_stream()) {
        return Err(wire::source_is_shorter());
    }
    Ok(bytes)
}

fn nonsense(what: &str) -> Failure {
    Failure::Garbled { what: what.to_owned() }
}

fn diagnose(status: ExitStatus, last_words: &str, limits: Limits) -> Failure {
    // What Rust prints before it aborts for want of memory.
    const OUT_OF_MEMORY: &str = "memory allocation of ";
    if last_words.contains(OUT_OF_MEMORY) {
        return Failure::OutOfMemory;
    }
    if status.signal() == Some(Signal::XCPU.as_raw()) {
        return Failure::CpuExhausted { seconds: limits.cpu_seconds };
    }
    let last_line = last_words.lines().rfind(|line| !line.trim().is_empty() && !line.starts_with("note:"));
    let how = match last_line {
        Some(line) => format!("{status}, saying {line:?}"),
        None => status.to_string(),
    };
    Failure::Crashed { how }
}
