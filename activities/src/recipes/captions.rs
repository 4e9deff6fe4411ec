//! `captions`: the recipe for speech, by task token: the step only has the captioner begin, which calls back when the
//! captions are there. What a captioner needs of us is here too: the sound as it wants it ([`speech`]), and what it
//! wrote made into results ([`keep`]).

use std::future::pending;
use std::path::Path;

use media::audio;
use media::captions::{FORMATS, Format, MadeCaptions};
use media::{Answer, Job};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use states::session::{Ingredients, Output, Stored};
use states::{Activity, Kind};

use crate::child::files::FileSource;
use crate::child::objects::ObjectSource;
use crate::child::{self, AsyncSource, Nowhere, Sequence, Workbench};
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::ffmpeg::{self, Speech};
use crate::making::facts::facts;
use crate::making::framing::container;
use crate::making::keeping;
use crate::making::meter::{MAKING, Meter};
use crate::making::reading_back::sha256;
use crate::making::step::{Made, Step};
use crate::objects::Written;

/// Raised when the same file comes to give other bytes: what an older one has made is not taken for this one's then.
const REVISION: u32 = 2;

/// The step, and the token by which its end is told.
#[derive(Clone, Debug, Deserialize)]
pub struct Called {
    pub token: String,
    pub step: Step,
}

/// The step's own answer: it has begun.
#[derive(Debug, Serialize)]
pub struct Begun {
    begun: bool,
}

pub async fn run(ctx: &Ctx, called: Called) -> Result<Begun, Failure> {
    let Some(captioner) = &ctx.captioner else {
        return Err(Failure::new(Kind::RecipeUnavailable, "No captioner is configured."));
    };
    let Called { token, step } = called;
    captioner.begin(ctx, step, token).await?;
    Ok(Begun { begun: true })
}

/// What decides the captions of a step. The captioner says how it would write them.
pub fn ingredients(step: &Step, captioner: Map<String, Value>) -> Ingredients {
    let mut ingredients = step.ingredients(Activity::Captions, REVISION);
    ingredients.options.extend(captioner);
    ingredients
}

/// The work of an earlier try, if it was made of the same.
pub async fn found(ctx: &Ctx, step: &Step, ingredients: &Ingredients) -> Result<Option<Made>, Failure> {
    keeping::find(ctx, step, ingredients).await
}

/// The speech in `source`, of its default sound track: 16,000 samples a second of one channel, of 16 bits, in a WAV. It is
/// deleted when this is dropped.
pub async fn speech(
    bench: &Workbench,
    most: audio::Limits,
    source: &impl AsyncSource,
) -> Result<Speech, Failure> {
    let ffmpeg = bench.ffmpeg()?;
    let container = container(bench, source).await?;
    let file = ffmpeg::as_file(source, &ffmpeg.scratch).await.map_err(child::Failure::from)?;
    let film = (container, file.path());
    Ok(ffmpeg::speech(bench, ffmpeg, most, film).await?)
}

/// Does `work` of a step while its attempt runs; when that is over, the work is dropped.
pub async fn while_awaited<T>(
    ctx: &Ctx,
    step: &Step,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    Meter::new(ctx, step).measured(MAKING, |_| work).await
}

/// What a captioner wrote, as WebVTT and as SubRip.
pub async fn written(
    bench: &Workbench,
    vtt: &Path,
    sinks: &mut impl child::AsyncSink,
) -> Result<MadeCaptions, Failure> {
    let failed = |error| Failure::from(child::Failure::Source(error));
    let source = FileSource::open(vtt).await.map_err(failed)?;
    match bench.run(Job::Captions, &source, sinks, |_| {}, pending()).await? {
        Answer::Captions(made) => Ok(made),
        other => Err(Failure::odd_answer(&other)),
    }
}

/// Stores what a captioner wrote, reads it back, and keeps it for `finish` to name. `flaw` says what was wrong with what the
/// captioner heard.
pub async fn keep(
    ctx: &Ctx,
    step: &Step,
    ingredients: Ingredients,
    (vtt, flaw): (&Path, Option<&str>),
) -> Result<Made, Failure> {
    let keys = FORMATS.map(|_| step.new_key());
    let bucket = &ctx.settings.buckets.results;
    let sinks =
        keys.iter().zip(FORMATS).map(|(key, format)| ctx.objects.create(bucket, key, content_type(format)));
    let mut results = Sequence::new(sinks.collect());
    let made = written(&step.bench(ctx), vtt, &mut results).await?;
    let mut stored = Vec::new();
    for sink in results.all()? {
        stored.push(sink.finish().await?);
    }
    let written_at = ctx.clock.now();
    let verified = verify_all(ctx, step, &keys, (made, flaw), stored).await;
    keeping::keep_or_delete(ctx, step, ingredients, (&keys, written_at), verified).await
}

async fn verify_all(
    ctx: &Ctx,
    step: &Step,
    keys: &[String],
    (made, flaw): (MadeCaptions, Option<&str>),
    written: Vec<Written>,
) -> Result<Vec<Stored>, Failure> {
    let mut results = Vec::new();
    for ((key, written), format) in keys.iter().zip(written).zip(FORMATS) {
        let bucket = &ctx.settings.buckets.results;
        let stored = ObjectSource::new(ctx.objects.open(bucket, key, &written));
        verify(&step.bench(ctx), &stored, format, made).await?;
        let output = Output {
            name: step.name_with(tail(format)),
            bucket: bucket.clone(),
            key: key.clone(),
            bytes: written.size,
            sha256: sha256(ctx, key, &written).await?,
            content_type: content_type(format).to_owned(),
            media: description(made, flaw),
            verified: "It was read back, and its captions come in the order of time.".to_owned(),
        };
        results.push(Stored { etag: written.etag, output });
    }
    Ok(results)
}

/// Whether what was written reads back as it was made.
pub async fn verify(
    bench: &Workbench,
    stored: &impl AsyncSource,
    format: Format,
    made: MadeCaptions,
) -> Result<(), Failure> {
    match bench.run(Job::VerifyCaptions(format), stored, &mut Nowhere, |_| {}, pending()).await? {
        Answer::VerifiedCaptions(read) if read == made => Ok(()),
        Answer::VerifiedCaptions(_) => {
            Err(Failure::new(Kind::OutputUnverified, "The captions do not read back as they were written."))
        }
        other => Err(Failure::odd_answer(&other)),
    }
}

/// What stands behind the file's name.
pub fn tail(format: Format) -> &'static str {
    match format {
        Format::WebVtt => ".vtt",
        Format::SubRip => ".srt",
    }
}

pub fn content_type(format: Format) -> &'static str {
    match format {
        Format::WebVtt => "text/vtt",
        Format::SubRip => "application/x-subrip",
    }
}

pub fn description(made: MadeCaptions, flaw: Option<&str>) -> Map<String, Value> {
    let seconds = made.milliseconds as f64 / 1000.0;
    facts(json!({ "cues": made.cues, "durationSeconds": seconds, "flaw": flaw }))
}
