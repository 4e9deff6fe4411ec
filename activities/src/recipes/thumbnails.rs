//! `thumbnails`: the recipe for frames of a film, as a zip that goes to the store as it is written. Another child opens what
//! was stored, and decodes every frame in it. Only what reads back is handed to `finish`.

use std::future::pending;

use media::{Answer, Job};
use serde_json::{Map, Value, json};
use states::session::{Output, Stored};
use states::{Activity, Kind, options};

use crate::child::Nowhere;
use crate::child::objects::ObjectSource;
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::making::facts::facts;
use crate::making::framing::{self, Framed, Wish};
use crate::making::keeping;
use crate::making::meter::{MAKING, Meter, READING_BACK};
use crate::making::reading_back::sha256;
use crate::making::step::{Made, Step};
use crate::objects::Written;

/// Raised when the same file comes to give other bytes: what an older one has made is not taken for this one's then.
const REVISION: u32 = 1;

const CONTENT_TYPE: &str = "application/zip";

pub async fn run(ctx: &Ctx, step: Step) -> Result<Made, Failure> {
    let ingredients = step.ingredients(Activity::Thumbnails, REVISION);
    if let Some(work) = keeping::find(ctx, &step, &ingredients).await? {
        return Ok(work);
    }
    let key = step.new_key();
    let mut meter = Meter::new(ctx, &step);
    let (framed, written) = make(&mut meter, &key).await?;
    let written_at = ctx.clock.now();
    let verified = verify(&mut meter, &key, &framed, written).await.map(|stored| vec![stored]);
    keeping::keep_or_delete(ctx, &step, ingredients, (&[key], written_at), verified).await
}

async fn make(meter: &mut Meter<'_>, key: &str) -> Result<(Framed, Written), Failure> {
    let (ctx, step) = (meter.ctx, meter.step);
    let source = step.open_source(ctx);
    let wish: Wish = step.read_options(options::Thumbnails::read)?.into();
    let begin = || Ok(ctx.objects.create(&ctx.settings.buckets.results, key, CONTENT_TYPE));
    meter
        .measured(MAKING, |reporter| async move {
            let report = move |report: media::Report| reporter.report(report.done, report.total);
            let (framed, sink) = framing::thumbnails(&step.bench(ctx), &wish, &source, begin, report).await?;
            Ok((framed, sink.finish().await?))
        })
        .await
}

async fn verify(
    meter: &mut Meter<'_>,
    key: &str,
    framed: &Framed,
    written: Written,
) -> Result<Stored, Failure> {
    let (ctx, step) = (meter.ctx, meter.step);
    let bucket = &ctx.settings.buckets.results;
    meter
        .measured(READING_BACK, |_| async {
            let stored = ObjectSource::new(ctx.objects.open(bucket, key, &written));
            let frames = match step
                .bench(ctx)
                .run(Job::VerifyThumbnails, &stored, &mut Nowhere, |_| {}, pending())
                .await?
            {
                Answer::VerifiedThumbnails(frames) => frames,
                other => return Err(Failure::odd_answer(&other)),
            };
            if frames != framed.made.frames {
                return Err(Failure::new(
                    Kind::OutputUnverified,
                    "The stored zip is not the one that was written.",
                ));
            }
            let output = Output {
                name: step.name_with("-frames.zip"),
                bucket: bucket.clone(),
                key: key.to_owned(),
                bytes: written.size,
                sha256: sha256(ctx, key, &written).await?,
                content_type: CONTENT_TYPE.to_owned(),
                media: description(framed),
                verified: "It was read back, opens, and every frame that its index names decodes.".to_owned(),
            };
            Ok(Stored { etag: written.etag, output })
        })
        .await
}

/// What the zip holds, for people and programs.
pub fn description(framed: &Framed) -> Map<String, Value> {
    let made = &framed.made;
    facts(json!({
        "frames": made.frames,
        "wanted": made.wanted,
        "width": made.width,
        "height": made.height,
        "exact": made.exact,
        "foundBy": framed.found_by,
        "flaw": framed.flaw,
    }))
}
