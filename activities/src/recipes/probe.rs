//! `probe`: what the file is, told by its bytes. A file that holds nothing for the recipe ends here, in plain words.

use std::future::pending;
use std::time::Duration;

use media::audio::{self, Container, Sound, Wishes};
use media::film::Survey;
use media::picture::{self, Picture};
use media::{Answer, Job, Problem};
use serde::Serialize;
use states::Recipe;
use states::limits::HEARTBEAT_SECONDS;

use crate::child::{self, Nowhere};
use crate::ctx::{Ctx, Workers};
use crate::failure::Failure;
use crate::making::step::Step;
use crate::making::{Trouble, framing, sound};

/// What a file holds.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Found {
    Sound(ForFlac),
    Speech(Speech),
    Picture(Picture),
    Film(Film),
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ForFlac {
    /// None where only a worker can say.
    #[serde(flatten)]
    sound: Option<Sound>,
    /// It takes ffmpeg, or longer than a function has. The workflow's choice reads this.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    by_worker: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Speech {
    #[serde(flatten)]
    sound: Sound,
    /// For how long whoever writes the captions may say nothing of it. The step that has them written reads this.
    silence_seconds: u64,
}

/// As far as its headers tell without ffmpeg.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Film {
    container: Container,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<u64>,
}

pub async fn run(ctx: &Ctx, step: Step) -> Result<Found, Failure> {
    match step.recipe {
        Recipe::Flac => for_flac(ctx, &step).await.map(Found::Sound),
        Recipe::Captions => speech(ctx, &step).await.map(Found::Speech),
        Recipe::Proxies => picture(ctx, &step).await.map(Found::Picture),
        Recipe::Thumbnails | Recipe::Video => film(ctx, &step).await.map(Found::Film),
    }
}

/// Functions have no ffmpeg, and a quarter of an hour; where there are workers besides, they take what is not for those.
async fn for_flac(ctx: &Ctx, step: &Step) -> Result<ForFlac, Failure> {
    let has_workers = ctx.settings.workers == Workers::Elsewhere;
    let (source, limits) = (step.open_source(ctx), audio::Limits::default());
    match sound::probe(&step.bench(ctx), limits, step.order()?.wishes, &source).await {
        Ok(sound) => {
            let by_worker = has_workers && takes_long(&sound, step.source.size);
            Ok(ForFlac { sound: Some(sound), by_worker })
        }
        Err(Trouble::Failure(child::Failure::Media(Problem::Foreign { .. }))) if has_workers => {
            Ok(ForFlac { sound: None, by_worker: true })
        }
        Err(trouble) => Err(trouble.into()),
    }
}

/// Whether one processor may take more than ten minutes for it.
fn takes_long(sound: &Sound, bytes: u64) -> bool {
    const SECONDS: u64 = 600;
    /// Samples of one channel that are decoded, encoded and read back in a second, on a bad day.
    const SAMPLES_A_SECOND: u64 = 5_000_000;
    /// Of a file that does not say how long it is.
    const BYTES: u64 = 1 << 30;
    match sound.samples {
        Some(samples) => samples.saturating_mul(sound.channels.into()) > SECONDS * SAMPLES_A_SECOND,
        None => bytes > BYTES,
    }
}

async fn sound(ctx: &Ctx, step: &Step, wishes: Wishes) -> Result<Sound, Failure> {
    let source = step.open_source(ctx);
    Ok(sound::probe(&step.bench(ctx), audio::Limits::default(), wishes, &source).await?)
}

async fn speech(ctx: &Ctx, step: &Step) -> Result<Speech, Failure> {
    let usual = Duration::from_secs(HEARTBEAT_SECONDS);
    let silence = ctx.captioner.as_ref().map_or(usual, |captioner| captioner.silence());
    let sound = sound(ctx, step, Wishes::default()).await?;
    Ok(Speech { sound, silence_seconds: silence.as_secs() })
}

async fn film(ctx: &Ctx, step: &Step) -> Result<Film, Failure> {
    let source = step.open_source(ctx);
    let Survey { container, index } = framing::survey(&step.bench(ctx), &source, None).await?;
    Ok(Film {
        container,
        width: index.as_ref().map(|index| index.width),
        height: index.as_ref().map(|index| index.height),
        milliseconds: index.as_ref().map(|index| index.milliseconds),
    })
}

async fn picture(ctx: &Ctx, step: &Step) -> Result<Picture, Failure> {
    let source = step.open_source(ctx);
    let job = Job::ProbePicture { limits: picture::Limits::default() };
    match step.bench(ctx).run(job, &source, &mut Nowhere, |_| {}, pending()).await? {
        Answer::Picture(picture) => Ok(picture),
        other => Err(Failure::odd_answer(&other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(samples: Option<u64>) -> Sound {
        let (container, codec) = ("wave".to_owned(), "PCM".to_owned());
        let bits_per_sample = Some(16);
        Sound { container, codec, lossy: false, sample_rate: 44_100, channels: 2, bits_per_sample, samples }
    }

    #[test]
    fn a_concert_is_a_functions_and_a_festival_a_workers() {
        let hours = |hours: u64| Some(hours * 3600 * 44_100);
        assert!(!takes_long(&sound(hours(3)), 2 << 30));
        assert!(takes_long(&sound(hours(12)), 8 << 30));
        assert!(!takes_long(&sound(None), 1 << 29) && takes_long(&sound(None), 1 << 31));
    }

    #[test]
    fn the_workflow_reads_by_worker_only_where_it_is_so() {
        let told = |found: &ForFlac| serde_json::to_value(found).unwrap();
        let usual = told(&ForFlac { sound: Some(sound(Some(1))), by_worker: false });
        assert_eq!((usual["codec"].as_str(), usual.get("byWorker")), (Some("PCM"), None));
        let foreign = told(&ForFlac { sound: None, by_worker: true });
        assert_eq!(foreign, serde_json::json!({ "byWorker": true }));
    }
}
