//! A film made into another of a known kind: ffmpeg makes it in a folder of its own, and what came out is looked at before
//! anybody gets it.

use std::path::Path;

use media::Problem;
use media::audio::Container;
use media::film::{Limits, Survey};
use serde_json::{Map, Value, json};
use states::options::{self, Codec, Preset};

use super::facts::facts;
use super::framing::survey;
use super::sound::Trouble;
use crate::child::{AsyncSource, Failure, Workbench};
use crate::ffmpeg::{self, EncodeRecipe, Encoded, Film, Pace};

/// A result and what it is.
pub struct Filmed {
    encoded: Encoded,
    film: Film,
    source: Film,
}

impl Filmed {
    /// Where it lies, for as long as this is there.
    pub fn path(&self) -> &Path {
        &self.encoded.path
    }

    /// What it is, for people and programs.
    pub fn description(&self) -> Map<String, Value> {
        let Self { encoded, film, source } = self;
        facts(json!({
            "width": film.width,
            "height": film.height,
            "durationSeconds": film.milliseconds.map(|milliseconds| milliseconds as f64 / 1000.0),
            "videoCodec": film.codec,
            "audioCodec": film.sound,
            "source": { "width": source.width, "height": source.height, "videoCodec": source.codec },
            "flaw": encoded.flaw,
        }))
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub pace: Pace,
    /// Of the film's milliseconds, if it says how many it has.
    pub milliseconds: Option<u64>,
}

impl Progress {
    /// Seconds that are left, at this pace.
    pub fn seconds_left(&self) -> Option<u64> {
        let left = self.milliseconds?.saturating_sub(self.pace.milliseconds);
        (self.pace.speed > 0.0).then(|| (left as f64 / 1000.0 / self.pace.speed).ceil() as u64)
    }
}

/// Makes a film of the one in `source`, and verifies it.
pub async fn video(
    bench: &Workbench,
    options: options::Video,
    source: &impl AsyncSource,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Filmed, Trouble> {
    let ffmpeg = bench.ffmpeg()?;
    let Survey { container, .. } = survey(bench, source, None).await?;
    let file = ffmpeg::as_file(source, &ffmpeg.scratch).await.map_err(Failure::from)?;
    let found = ffmpeg::ask_film(&bench.program, ffmpeg, container, file.path()).await?;
    check(&found)?;
    let recipe = recipe(options);
    let told = |pace| progress(Progress { pace, milliseconds: found.milliseconds });
    let what = (container, file.path(), &found);
    let encoded = ffmpeg::encode(&bench.program, ffmpeg, bench.limits, what, &recipe, told).await?;
    let film = ffmpeg::ask_film(&bench.program, ffmpeg, recipe.container, &encoded.path).await?;
    verify(options, &recipe, &found, &film, encoded.flaw.as_deref()).map_err(Failure::Media)?;
    Ok(Filmed { encoded, film, source: found })
}

fn check(film: &Film) -> Result<(), Failure> {
    let limits = Limits::default();
    let checked = limits.check_sides(film.width, film.height);
    checked.and_then(|()| limits.check_length(film.milliseconds.unwrap_or(0))).map_err(Failure::Media)
}

/// Whether it has the streams and the shape that were asked for, and is as long as it was.
fn verify(
    options: options::Video,
    recipe: &EncodeRecipe,
    source: &Film,
    film: &Film,
    flaw: Option<&str>,
) -> Result<(), Problem> {
    /// Containers count time in ticks of their own, and sound ends with a whole frame.
    const SLACK_MILLISECONDS: u64 = 500;
    let unverified = |what: String| Err(Problem::Unverified { what });
    if film.codec != codec_name(options.codec) || film.sound.is_some() != source.sound.is_some() {
        return unverified(format!("it holds {} and {:?}", film.codec, film.sound));
    }
    let longest = film.width.max(film.height);
    if longest > recipe.longest_side {
        return unverified(format!("it is {} × {} pixels", film.width, film.height));
    }
    let (Some(was), Some(is)) = (source.milliseconds, film.milliseconds) else {
        return if film.milliseconds.is_some() { Ok(()) } else { unverified("it has no length".to_owned()) };
    };
    if was.abs_diff(is) <= SLACK_MILLISECONDS.max(was / 50) {
        return Ok(());
    }
    match flaw {
        Some(said) => Err(Problem::Corrupt {
            what: format!("of {was} ms of film {is} ms decode ({said})"),
            missing_samples: None,
        }),
        None => unverified(format!("it is {is} ms long, and the film {was} ms")),
    }
}

/// What ffprobe calls it.
fn codec_name(codec: Codec) -> &'static str {
    match codec {
        Codec::H264 => "h264",
        Codec::Vp9 => "vp9",
        Codec::Av1 => "av1",
    }
}

fn recipe(options: options::Video) -> EncodeRecipe {
    let options::Video { preset, codec } = options;
    let words = |text: &str| text.split(' ').map(ToOwned::to_owned).collect();
    let (longest_side, kilobits) = match preset {
        Preset::Small => (640, 96),
        Preset::Web => (1280, 128),
        Preset::Hd => (1920, 160),
    };
    // The less of it there is, the less it is worth.
    let quality = |small, web, hd| match preset {
        Preset::Small => small,
        Preset::Web => web,
        Preset::Hd => hd,
    };
    let (picture, sound) = match codec {
        Codec::H264 => {
            let crf = quality(27, 24, 22);
            (format!("-c:v libx264 -preset veryfast -crf {crf} -profile:v high -pix_fmt yuv420p"), "aac")
        }
        Codec::Vp9 => {
            let crf = quality(36, 34, 32);
            let speed = "-deadline realtime -cpu-used 6 -row-mt 1 -b:v 0";
            (format!("-c:v libvpx-vp9 {speed} -crf {crf} -pix_fmt yuv420p"), "libopus")
        }
        Codec::Av1 => {
            let crf = quality(40, 37, 35);
            (format!("-c:v libsvtav1 -preset 10 -crf {crf} -g 240 -pix_fmt yuv420p"), "libopus")
        }
    };
    let (muxer, muxer_options, container): (_, &[&str], _) = match codec {
        Codec::H264 => ("mp4", &["-movflags", "+faststart"], Container::Mp4),
        Codec::Vp9 | Codec::Av1 => ("webm", &[], Container::Matroska),
    };
    let sound = words(&format!("-c:a {sound} -b:a {kilobits}k"));
    EncodeRecipe { longest_side, picture: words(&picture), sound, muxer, muxer_options, container }
}
