//! The sound of a file as captioners want it: a WAV in a folder of its own, beside which they may write.

use std::path::{Path, PathBuf};

use media::Problem;
use media::audio::{self, Container, Wishes};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use super::piped::{Piped, Verdict};
use super::{Bounds, Ffmpeg, Found, ask, confined_into, url};
use crate::child::{Failure, Limits, Workbench};

/// Deleted, with all that lies beside it, when this is dropped.
pub struct Speech {
    folder: TempDir,
    pub wav: PathBuf,
    /// What ffmpeg complained of, where nothing that counts is missing.
    pub flaw: Option<String>,
}

impl Speech {
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// What is made for captioners: one channel of 16 bits.
const RATE: u32 = 16_000;

/// The length of a WAV's head, and of one sample.
const HEAD: u64 = 44;
const BYTES: u64 = 2;

/// Makes the WAV of the default sound track of `file`, which is no longer than `most`.
pub(crate) async fn speech(
    bench: &Workbench,
    ffmpeg: &Ffmpeg,
    most: audio::Limits,
    (container, file): (Container, &Path),
) -> Result<Speech, Failure> {
    let found = ask(bench, ffmpeg, container, file, &Wishes::default()).await?;
    found.decoded.sound.check_length(most).map_err(Failure::Media)?;
    let folder = ffmpeg.folder()?;
    let wav = folder.path().join("speech.wav");
    // A second more, for what is too long and does not say so to be found out.
    let seconds = most.seconds + 1;
    // Resampled, it may be some samples longer than that.
    let into = Some((folder.path(), HEAD + (seconds + 1) * u64::from(RATE) * BYTES));
    let checked = &["-err_detect", "crccheck"];
    let bounds = Bounds::of_sound(bench.limits);
    let mut command = confined_into(&bench.program, &ffmpeg.ffmpeg, bounds, (container, file), checked, into);
    command.args(["-map", &format!("0:a:{}", found.track), "-vn", "-sn", "-dn", "-map_metadata", "-1"]);
    command.args(["-bitexact", "-t", &seconds.to_string(), "-ac", "1", "-ar", &RATE.to_string()]);
    command.args(["-c:a", "pcm_s16le", "-f", "wav"]).arg(url(&wav));
    let flaw = run(command, bench.limits).await?;
    let length = tokio::fs::metadata(&wav).await.map_or(0, |file| file.len());
    let samples = length.saturating_sub(HEAD) / BYTES;
    let checked = most.check_length(samples, RATE).and_then(|()| check(&found, samples, flaw.as_deref()));
    checked.map_err(Failure::Media)?;
    Ok(Speech { folder, wav, flaw })
}

/// Waits for its end; answers what it has complained of.
async fn run(command: Command, limits: Limits) -> Result<Option<String>, Failure> {
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
    match ended.map_err(Failure::Sink)? {
        Verdict::Well => Ok(None),
        Verdict::Flawed(said) => Ok(Some(said)),
        Verdict::Died(failure) => Err(failure),
    }
}

/// Whether so many samples are the whole of what was found. A film may have less sound than film: that there is less of
/// it than the film is long says something only where ffmpeg has complained.
fn check(found: &Found, samples: u64, flaw: Option<&str>) -> Result<(), Problem> {
    if samples == 0 {
        return Err(match flaw {
            Some(said) => corrupt(format!("its sound does not decode ({said})"), None),
            None => Problem::Unsupported { found: "a file without sound".to_owned() },
        });
    }
    let sound = &found.decoded.sound;
    let stated = sound.seconds().or_else(|| found.seconds_of_file.filter(|_| flaw.is_some()));
    let missing = stated.map_or(0.0, |stated| stated - samples as f64 / f64::from(RATE));
    if missing <= audio::TOLERANCE_SECONDS as f64 {
        return Ok(());
    }
    let what = match flaw {
        Some(said) => format!("its sound does not decode without errors ({said})"),
        None => "its sound is shorter than it says".to_owned(),
    };
    Err(corrupt(what, Some((missing * f64::from(sound.sample_rate)) as u64)))
}

fn corrupt(what: String, missing_samples: Option<u64>) -> Problem {
    Problem::Corrupt { what, missing_samples }
}

#[cfg(test)]
mod tests {
    use media::audio::{Decoded, Sound};

    use super::super::ask::Samples;
    use super::*;

    /// A sound at 48 kHz of so many seconds, in a file of so many.
    fn found(stated: Option<u64>, seconds_of_file: Option<f64>) -> Found {
        let (container, codec) = ("matroska".to_owned(), "AC-3".to_owned());
        let samples = stated.map(|seconds| seconds * 48_000);
        let sound = Sound {
            container,
            codec,
            lossy: true,
            sample_rate: 48_000,
            channels: 2,
            bits_per_sample: None,
            samples,
        };
        let decoded = Decoded { sound, trimmed: false, comments: Vec::new(), tag_bytes: 0 };
        Found { decoded, track: 0, samples: Samples::F32, seconds_of_file }
    }

    #[test]
    fn what_is_missing_is_told_and_a_flaw_that_costs_nothing_is_none() {
        let heard = |seconds: u64| seconds * u64::from(RATE);
        let missing = |found: &Found, samples, flaw| match check(found, samples, flaw) {
            Err(Problem::Corrupt { missing_samples, .. }) => missing_samples,
            Ok(()) => None,
            Err(other) => panic!("{other}"),
        };
        let stated = found(Some(10), Some(60.0));
        assert_eq!(check(&stated, heard(9), Some("an odd frame")), Ok(()));
        assert_eq!(missing(&stated, heard(4), Some("partial file")), Some(6 * 48_000));
        assert_eq!(missing(&stated, heard(4), None), Some(6 * 48_000));
        // Of a film that is longer than its sound.
        let unstated = found(None, Some(10.0));
        assert_eq!(check(&unstated, heard(4), None), Ok(()));
        assert_eq!(missing(&unstated, heard(4), Some("ended prematurely")), Some(6 * 48_000));
        assert_eq!(check(&found(None, None), heard(4), Some("an odd frame")), Ok(()));
        let nothing = |flaw| check(&unstated, 0, flaw).unwrap_err();
        assert!(matches!(nothing(None), Problem::Unsupported { .. }));
        assert!(matches!(nothing(Some("nonsense")), Problem::Corrupt { .. }));
    }
}
