//! The sound of a file as captioners want it: a WAV in a folder of its own, beside which they may write.

use std::path::{Path, PathBuf};

use media::Problem;
use media::audio::Container;
use tempfile::TempDir;
use tokio::time::timeout;

use super::piped::{Piped, Verdict};
use super::{Bounds, Ffmpeg, confined_into, url};
use crate::child::{Failure, Limits};

/// Deleted, with all that lies beside it, when this is dropped.
pub struct Speech {
    folder: TempDir,
    pub wav: PathBuf,
}

impl Speech {
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// What a WAV can hold: some 37 hours of this.
const LONGEST: u64 = 4 << 30;

/// Makes the WAV of the first sound track of `file`.
pub(crate) async fn speech(
    us: &Path,
    ffmpeg: &Ffmpeg,
    limits: Limits,
    (container, file): (Container, &Path),
) -> Result<Speech, Failure> {
    let folder = ffmpeg.folder()?;
    let wav = folder.path().join("speech.wav");
    let into = Some((folder.path(), LONGEST));
    let bounds = Bounds::of_sound(limits);
    let mut command = confined_into(us, &ffmpeg.ffmpeg, bounds, (container, file), &[], into);
    command.args(["-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1", "-bitexact"]);
    command.args(["-ac", "1", "-ar", "16000", "-c:a", "pcm_s16le", "-f", "wav"]).arg(url(&wav));
    let mut running = Piped::start(command)?;
    let ending = async {
        // It says nothing there; its end is the end of the pipe.
        running.fill(&mut [0; 1]).await?;
        running.end(limits.cpu_seconds).await
    };
    let ended = timeout(limits.wall, ending).await;
    let Ok(ended) = ended else {
        return Err(running.given_up(Failure::TimedOut { limit: limits.wall }));
    };
    let flaw = match ended.map_err(Failure::Sink)? {
        Verdict::Well => None,
        Verdict::Flawed(said) => Some(said),
        Verdict::Died(failure) => return Err(failure),
    };
    /// The length of a WAV's head.
    const HEAD: u64 = 44;
    let length = tokio::fs::metadata(&wav).await.map_or(0, |file| file.len());
    match flaw {
        _ if length > HEAD => Ok(Speech { folder, wav }),
        Some(said) => {
            let what = format!("its sound does not decode ({said})");
            Err(Failure::Media(Problem::Corrupt { what, missing_samples: None }))
        }
        None => Err(Failure::Media(Problem::Unsupported { found: "a file without sound".to_owned() })),
    }
}
