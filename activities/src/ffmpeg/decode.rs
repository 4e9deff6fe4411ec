//! Samples out of ffmpeg: a source for a media child, which gets tags and pictures before them.

use std::io;
use std::path::Path;

use bytes::Bytes;
use media::Problem;
use media::audio::Container;
use tokio::sync::Mutex;

use super::piped::{Piped, Verdict, carried};
use super::{Bounds, Ffmpeg, Found, confined};
use crate::child::{AsyncSource, Failure, Limits};

/// The samples of one track, as they come out of ffmpeg.
pub(crate) struct Decoded {
    running: Mutex<Running>,
    keep_going: bool,
    limits: Limits,
    /// How many bytes of samples there should be.
    stated: Option<u64>,
    bytes_per_frame: u64,
    /// What comes before the samples.
    tags: Bytes,
}

struct Running {
    ffmpeg: Piped,
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
        (file, found, tags): (&Path, &Found, Bytes),
        keep_going: bool,
    ) -> Result<Self, Failure> {
        // Checksums are looked at only when that is asked for.
        let detect = if keep_going { "crccheck" } else { "crccheck+bitstream+buffer+explode" };
        let bounds = Bounds::of_sound(limits);
        let mut command = confined(us, &ffmpeg.ffmpeg, bounds, container, file, &["-err_detect", detect]);
        command.args(["-map", &format!("0:a:{}", found.track), "-map_metadata", "-1", "-bitexact"]);
        command.args(["-c:a", found.samples.codec(), "-f", "wav", "pipe:1"]);
        let running = Running { ffmpeg: Piped::start(command)?, position: 0, flaw: None };
        let sound = &found.decoded.sound;
        let bytes_per_frame = u64::from(sound.channels.max(1)) * found.samples.bytes();
        let stated = sound.samples.map(|samples| samples.saturating_mul(bytes_per_frame));
        Ok(Self { running: Mutex::new(running), keep_going, limits, stated, bytes_per_frame, tags })
    }

    /// What ffmpeg has complained of, once all samples were read.
    pub(crate) async fn flaw(&self) -> Option<String> {
        self.running.lock().await.flaw.clone()
    }

    /// Waits for the end and judges it.
    async fn end(&self, running: &mut Running) -> io::Result<()> {
        match running.ffmpeg.end(self.limits.cpu_seconds).await? {
            Verdict::Well => Ok(()),
            Verdict::Flawed(said) if self.keep_going => {
                running.flaw = Some(what(&said));
                Ok(())
            }
            Verdict::Flawed(said) => {
                let given = running.position - self.tags.len() as u64;
                let missing = self.stated.map(|stated| stated.saturating_sub(given));
                let missing_samples =
                    missing.map(|bytes| bytes / self.bytes_per_frame).filter(|&samples| samples > 0);
                Err(carried(Failure::Media(Problem::Corrupt { what: what(&said), missing_samples })))
            }
            Verdict::Died(failure) => Err(carried(failure)),
        }
    }
}

fn what(said: &str) -> String {
    format!("its sound does not decode without errors ({said})")
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
        let tags = usize::try_from(offset).ok().and_then(|start| self.tags.get(start..)).unwrap_or_default();
        if !tags.is_empty() {
            let portion = Bytes::copy_from_slice(&tags[..length.min(tags.len())]);
            running.position += portion.len() as u64;
            return Ok(portion);
        }
        let mut bytes = vec![0; length];
        let filled = running.ffmpeg.fill(&mut bytes).await?;
        bytes.truncate(filled);
        running.position += filled as u64;
        if filled < length {
            self.end(&mut running).await?;
        }
        Ok(Bytes::from(bytes))
    }
}
