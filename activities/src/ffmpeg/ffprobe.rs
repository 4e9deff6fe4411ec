//! ffprobe at work: what tracks a file has.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::Duration;

use media::Problem;
use media::audio::Container;
use rustix::process::Signal;
use serde::Deserialize;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::{Bounds, Ffmpeg, LAST_WORDS, confined, first_words, other};
use crate::child::{DECODER_BYTES, Failure, Group, Limits, Watch, Workbench};

/// To look at headers, and at the first frames where those say too little, takes no longer, nor more.
const BOUNDS: Bounds = Bounds { memory_bytes: 1 << 30, data_bytes: DECODER_BYTES, cpu_seconds: 30 };
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest answer: a few tracks are a few kilobytes.
const LONGEST_ANSWER: u64 = 4 << 20;

/// What ffprobe answers.
#[derive(Debug, Deserialize)]
pub(super) struct Tracks {
    #[serde(default)]
    pub(super) streams: Vec<Stream>,
    #[serde(default)]
    pub(super) format: Format,
}

/// The container.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Format {
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    pub(super) duration: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Stream {
    #[serde(default)]
    pub(super) codec_type: String,
    pub(super) codec_name: Option<String>,
    pub(super) codec_long_name: Option<String>,
    pub(super) sample_fmt: Option<String>,
    pub(super) sample_rate: Option<String>,
    #[serde(default)]
    pub(super) channels: u8,
    pub(super) bits_per_raw_sample: Option<String>,
    #[serde(default)]
    pub(super) bits_per_sample: u8,
    pub(super) duration: Option<String>,
    #[serde(default)]
    pub(super) width: u32,
    #[serde(default)]
    pub(super) height: u32,
    pub(super) sample_aspect_ratio: Option<String>,
    #[serde(default)]
    pub(super) side_data_list: Vec<SideData>,
    #[serde(default)]
    pub(super) disposition: Disposition,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Disposition {
    #[serde(default)]
    pub(super) default: u8,
    /// A picture that belongs to the file and is no film.
    #[serde(default)]
    pub(super) attached_pic: u8,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct SideData {
    /// How far a player turns the picture, in degrees.
    pub(super) rotation: Option<f64>,
}

/// A length of some time, as ffprobe writes one.
pub(super) fn seconds(text: &Option<String>) -> Option<f64> {
    let seconds = text.as_deref()?.parse::<f64>().ok()?;
    (seconds.is_finite() && seconds > 0.0).then_some(seconds)
}

/// As much of it as a worker may take.
fn bounds(limits: Limits) -> Bounds {
    let Limits { program_bytes, decoder_bytes, cpu_seconds, .. } = limits;
    Bounds {
        memory_bytes: BOUNDS.memory_bytes.min(program_bytes),
        data_bytes: BOUNDS.data_bytes.min(decoder_bytes),
        cpu_seconds: BOUNDS.cpu_seconds.min(cpu_seconds),
    }
}

/// Has ffprobe look at `file`, which is said to be a `container`.
pub(super) async fn look(
    bench: &Workbench,
    ffmpeg: &Ffmpeg,
    container: Container,
    file: &Path,
) -> Result<Tracks, Failure> {
    let bounds = bounds(bench.limits);
    let mut command = confined(&bench.program, &ffmpeg.ffprobe, bounds, container, file, &[]);
    command.args(["-of", "json", "-show_streams", "-show_format"]);
    let mut process = Group::spawn(&mut command).map_err(Failure::NotStarted)?;
    let mut watch = Watch::default();
    let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
    let (mut answer, mut last_words) = (Vec::new(), Vec::new());
    let asking = async {
        let answering = async {
            match stdout {
                Some(stdout) => stdout.take(LONGEST_ANSWER).read_to_end(&mut answer).await,
                None => Ok(0),
            }
        };
        let complaining = async {
            match stderr {
                Some(stderr) => stderr.take(LAST_WORDS).read_to_end(&mut last_words).await,
                None => Ok(0),
            }
        };
        let (answered, complained) = tokio::join!(answering, complaining);
        answered?;
        complained?;
        process.wait().await
    };
    let ended = match timeout(PATIENCE, asking).await {
        Err(_elapsed) => Err(Failure::TimedOut { limit: PATIENCE }),
        Ok(Ok(status)) if status.signal() == Some(Signal::XCPU.as_raw()) => {
            Err(Failure::CpuExhausted { seconds: bounds.cpu_seconds })
        }
        Ok(ended) => ended.map_err(Failure::NotStarted),
    };
    watch.tell(ended.as_ref().err());
    let status = ended?;
    let words = first_words(&last_words);
    if status.code() == Some(i32::from(COULD_NOT_START)) && answer.is_empty() && said_not_started(&last_words)
    {
        return Err(Failure::NotStarted(other(words.unwrap_or_default())));
    }
    if !status.success() {
        let why = words.unwrap_or_else(|| status.to_string());
        return Err(corrupt(format!("its header cannot be read ({why})")));
    }
    serde_json::from_slice(&answer)
        .map_err(|error| corrupt(format!("what ffprobe says of it is not understood ({error})")))
}

const COULD_NOT_START: u8 = 1;

fn said_not_started(last_words: &[u8]) -> bool {
    last_words.starts_with(b"ffmpeg cannot be started")
}

fn corrupt(what: String) -> Failure {
    Failure::Media(Problem::Corrupt { what, missing_samples: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_may_take_no_more_than_a_worker_and_never_more_than_a_look_takes() {
        let may = |limits| {
            let Bounds { memory_bytes, data_bytes, cpu_seconds } = bounds(limits);
            (memory_bytes, data_bytes, cpu_seconds)
        };
        let much = Limits { program_bytes: 1 << 40, decoder_bytes: 1 << 40, ..Limits::default() };
        assert_eq!(may(much), (1 << 30, 224 << 20, 30));
        let little =
            Limits { program_bytes: 512 << 20, decoder_bytes: 64 << 20, cpu_seconds: 2, ..Limits::default() };
        assert_eq!(may(little), (512 << 20, 64 << 20, 2));
    }
}
