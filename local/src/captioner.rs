//! The captioner of one machine: a program that was configured, which listens to a WAV and writes WebVTT. On AWS the
//! same port is Amazon Transcribe.
//!
//! It works in the background, after the step has begun, and says meanwhile that it lives. When the server dies over it, its
//! heartbeat is missed, and the step is tried again.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use activities::child::files::FileSource;
use activities::child::{self, AsyncSource};
use activities::failure::Failure;
use activities::making::step::{Made, Step};
use activities::ports::Captioner;
use activities::recipes::{availability, captions};
use activities::{Ctx, worker};
use async_trait::async_trait;
use media::audio;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::json;
use states::Kind;
use states::limits::HEARTBEAT_SECONDS;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command as Process};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::config::Command;

/// One speech at a time: models are large, and keep every processor busy.
pub struct CommandCaptioner {
    command: Command,
    turn: Arc<Semaphore>,
}

impl CommandCaptioner {
    pub fn new(command: Command) -> Self {
        Self { command, turn: Arc::new(Semaphore::new(1)) }
    }
}

#[async_trait]
impl Captioner for CommandCaptioner {
    async fn begin(&self, ctx: &Ctx, step: Step, token: String) -> Result<(), Failure> {
        let (ctx, command, turn) = (ctx.clone(), self.command.clone(), Arc::clone(&self.turn));
        tokio::spawn(async move {
            let work = async {
                let _turn = turn.acquire().await.expect("the turns are never closed");
                let work = caption(&ctx, &step, &command).await?;
                Ok::<_, Failure>(serde_json::to_value(work).expect("an activity's output is plain data"))
            };
            worker::carry_out(&ctx, &token, work).await;
        });
        Ok(())
    }

    fn silence(&self) -> Duration {
        Duration::from_secs(HEARTBEAT_SECONDS)
    }

    /// It listens to what ffmpeg has decoded.
    fn lacks(&self, ctx: &Ctx) -> Option<String> {
        availability::lacks_ffmpeg(ctx)
    }
}

async fn caption(ctx: &Ctx, step: &Step, command: &Command) -> Result<Made, Failure> {
    let said = json!({ "command": command.arguments, "program": command.program });
    let ingredients = captions::ingredients(step, [("captioner".to_owned(), said)].into_iter().collect());
    if let Some(work) = captions::found(ctx, step, &ingredients).await? {
        return Ok(work);
    }
    let source = step.open_source(ctx);
    // What decoding and storing hold is large.
    let work = Box::pin(async {
        let speech = captions::speech(&step.bench(ctx), audio::Limits::default(), &source).await?;
        let vtt = listen(command, &speech.wav, speech.folder()).await?;
        captions::keep(ctx, step, ingredients, (&*vtt, speech.flaw.as_deref())).await
    });
    captions::while_awaited(ctx, step, work).await
}

/// Has the program listen to `wav` and write its captions into `folder`; answers where they lie.
pub async fn listen(command: &Command, wav: &Path, folder: &Path) -> Result<PathBuf, Failure> {
    let base = folder.join("captions");
    let filled = |argument: &String| {
        argument.replace("{wav}", &wav.to_string_lossy()).replace("{base}", &base.to_string_lossy())
    };
    let process = Process::new(&command.program)
        .args(command.arguments.iter().map(filled))
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let not_started = |error| Failure::from(child::Failure::NotStarted(error));
    let mut running = Running(process.map_err(not_started)?);
    let mut watch = child::Watch::default();
    let ended = timeout(command.wall, running.end()).await;
    let ended = ended.map_err(|_elapsed| child::Failure::TimedOut { limit: command.wall });
    watch.tell(ended.as_ref().err());
    let (status, words) = ended?.map_err(not_started)?;
    let vtt = base.with_extension("vtt");
    if !status.success() {
        let last = words.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        return Err(Failure::new(Kind::WorkerCrashed, format!("The captioner failed ({status}): {last}")));
    }
    if FileSource::open(&vtt).await.is_ok_and(|file| !file.is_empty()) {
        return Ok(vtt);
    }
    Err(Failure::new(Kind::OutputUnverified, "The captioner wrote nothing."))
}

/// Dropping it kills the program and whatever it has started.
struct Running(Child);

impl Running {
    async fn end(&mut self) -> std::io::Result<(std::process::ExitStatus, String)> {
        const LAST_WORDS: u64 = 16 * 1024;
        let mut words = Vec::new();
        if let Some(mut stderr) = self.0.stderr.take() {
            (&mut stderr).take(LAST_WORDS).read_to_end(&mut words).await?;
            tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await?;
        }
        Ok((self.0.wait().await?, String::from_utf8_lossy(&words).into_owned()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.0.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            // It may be gone already.
            let _gone = kill_process_group(group, Signal::KILL);
        }
    }
}
