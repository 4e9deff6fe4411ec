//! A film made into another by ffmpeg, into a file of its own folder: MP4 puts its index first only when it may go back.

use std::io;
use std::path::{Path, PathBuf};

use media::Problem;
use media::audio::Container;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use tokio::time::timeout;

use super::film::Film;
use super::piped::{Verdict, gathered, judge};
use super::{Bounds, Ffmpeg, confined_into, url};
use crate::child::{Failure, Group, Limits, Watch};

/// The codecs and how hard they work, in ffmpeg's words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recipe {
    /// Neither side of the result is longer; nor longer than the film's own.
    pub(crate) longest_side: u32,
    /// It ends soon after so many seconds, so that whoever looks at it knows that there was more.
    pub(crate) longest_seconds: u64,
    pub(crate) picture: Vec<String>,
    pub(crate) sound: Vec<String>,
    /// What ffprobe calls the codecs of both.
    pub(crate) codecs: [&'static str; 2],
    /// The muxer, its options, and the container that comes of it.
    pub(crate) muxer: &'static str,
    pub(crate) muxer_options: &'static [&'static str],
    pub(crate) container: Container,
}

/// How far it is, as ffmpeg itself says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace {
    pub milliseconds: u64,
    pub frames_a_second: f64,
    /// Seconds of film in a second.
    pub speed: f64,
}

/// What came out; deleted when this is dropped.
pub(crate) struct Encoded {
    _folder: TempDir,
    pub(crate) path: PathBuf,
    /// What ffmpeg complained of.
    pub(crate) flaw: Option<String>,
}

/// No result is longer.
const LONGEST_RESULT: u64 = 64 << 30;

/// Makes of `film`, which lies in `file`, what `recipe` says.
pub(crate) async fn encode(
    us: &Path,
    ffmpeg: &Ffmpeg,
    limits: Limits,
    (container, file, film): (Container, &Path, &Film),
    recipe: &Recipe,
    mut progress: impl FnMut(Pace) + Send,
) -> Result<Encoded, Failure> {
    let folder = ffmpeg.folder()?;
    let path = folder.path().join("result");
    let into = Some((folder.path(), LONGEST_RESULT));
    let bounds = Bounds::of_encoder(limits);
    let mut command = confined_into(us, &ffmpeg.ffmpeg, bounds, (container, file), &[], into);
    command.args([
        "-map",
        "0:V:0",
        "-map",
        "0:a:0?",
        "-sn",
        "-dn",
        "-map_metadata",
        "-1",
        "-map_chapters",
        "-1",
    ]);
    command.args(["-t", &(recipe.longest_seconds + 1).to_string()]);
    command.args(["-vf", &fit(recipe.longest_side)]).args(&recipe.picture);
    if film.sound.is_some() {
        // As many channels as there are, and no more than two.
        command.args(["-af", "aformat=channel_layouts=stereo|mono"]).args(&recipe.sound);
    }
    command.args(["-max_muxing_queue_size", "4096"]).args(recipe.muxer_options).args(["-f", recipe.muxer]);
    command.args(["-progress", "pipe:1", "-nostats"]).arg(url(&path));
    let process = Encoding { process: Group::spawn(&mut command).map_err(Failure::NotStarted)? };
    let mut watch = Watch::default();
    let ended = timeout(limits.wall, process.run(limits, &mut progress)).await;
    let ended = match ended.unwrap_or(Err(Failure::TimedOut { limit: limits.wall })) {
        Ok(Verdict::Well) => Ok(None),
        Ok(Verdict::Flawed(said)) => Ok(Some(said)),
        Ok(Verdict::Died(failure)) | Err(failure) => Err(failure),
    };
    watch.tell(ended.as_ref().err());
    let flaw = ended?;
    if !tokio::fs::metadata(&path).await.is_ok_and(|file| file.len() > 0) {
        let said = flaw.unwrap_or_else(|| "nothing came out of it".to_owned());
        let what = format!("its film does not decode ({said})");
        return Err(Failure::Media(Problem::Corrupt { what, missing_samples: None }));
    }
    Ok(Encoded { _folder: folder, path, flaw })
}

impl Recipe {
    /// The sides that come of a film, which [`fit`] has ffmpeg work out for itself.
    pub(crate) fn sides(&self, film: &Film) -> (u32, u32) {
        let (width, height) = (f64::from(film.width) * film.pixel_width, f64::from(film.height));
        let part = (f64::from(self.longest_side) / width.max(height)).min(1.0);
        let even = |side: f64| 2 * ((part * side / 2.0 + 0.5) as u32).max(1);
        (even(width), even(height))
    }
}

/// Square pixels, sides of even length, neither longer than this nor than it is.
fn fit(longest: u32) -> String {
    let part = format!("min(1,{longest}/max(iw*sar,ih))");
    format!("scale=w='max(2,2*trunc({part}*iw*sar/2+0.5))':h='max(2,2*trunc({part}*ih/2+0.5))',setsar=1")
}

/// An ffmpeg that encodes.
struct Encoding {
    process: Group,
}

impl Encoding {
    async fn run(
        mut self,
        limits: Limits,
        progress: &mut (impl FnMut(Pace) + Send),
    ) -> Result<Verdict, Failure> {
        let pipes = self.process.stdout.take().zip(self.process.stderr.take());
        let (stdout, stderr) = pipes.ok_or_else(|| Failure::NotStarted(io::ErrorKind::BrokenPipe.into()))?;
        let complaints = gathered(stderr);
        let mut lines = BufReader::new(stdout).lines();
        let mut pace = Pace::default();
        while let Some((name, value)) = next(&mut lines, limits).await? {
            match name.as_str() {
                // What the name of the other says of its unit is not so.
                "out_time_us" => {
                    pace.milliseconds = value.parse::<u64>().map_or(pace.milliseconds, |us| us / 1000)
                }
                "fps" => pace.frames_a_second = value.parse().unwrap_or(0.0),
                "speed" => pace.speed = value.trim_end_matches('x').parse().unwrap_or(0.0),
                "progress" => progress(pace),
                _ => {}
            }
        }
        let words = complaints.await.unwrap_or_default();
        let status = self.process.wait().await.map_err(Failure::NotStarted)?;
        Ok(judge(status, &words, limits.cpu_seconds))
    }
}

/// The next `name=value` of what it says of its progress, which it does twice a second.
async fn next<R: AsyncRead + Unpin>(
    lines: &mut Lines<BufReader<R>>,
    limits: Limits,
) -> Result<Option<(String, String)>, Failure> {
    loop {
        let said = timeout(limits.silence, lines.next_line()).await;
        let line = said.map_err(|_elapsed| Failure::Hung { limit: limits.silence })?;
        let Some(line) = line.map_err(Failure::NotStarted)? else { return Ok(None) };
        if let Some((name, value)) = line.split_once('=') {
            return Ok(Some((name.trim().to_owned(), value.trim().to_owned())));
        }
    }
}
