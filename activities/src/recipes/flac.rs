//! `flac`: the recipe. A child decodes the pinned upload and encodes it, streaming from store to store; another child
//! decodes what was stored. Only what read back as it was written is handed to `finish`.
//!
//! Every try writes under a random key of its attempt, so that a try that was given up can disturb no other. What one has
//! made and verified is kept, so that none makes it again.

use std::future::pending;

use media::flac::Facts;
use media::{Answer, Job, MadeFlac};
use serde_json::{Map, Value, json};
use states::session::{Output, Stored};
use states::{Activity, Kind};

use super::waveform;
use crate::child::Nowhere;
use crate::child::objects::ObjectSource;
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::making::facts::facts;
use crate::making::meter::{FirstByte, MAKING, Meter, READING_BACK};
use crate::making::reading_back::sha256;
use crate::making::step::{Made, Step};
use crate::making::{keeping, sound};
use crate::objects;

/// Raised when the same file comes to give other bytes: what an older one has made is not taken for this one's then.
const REVISION: u32 = 8;

const CONTENT_TYPE: &str = "audio/flac";

pub async fn run(ctx: &Ctx, step: Step) -> Result<Made, Failure> {
    let ingredients = step.ingredients(Activity::Flac, REVISION);
    if let Some(work) = keeping::find(ctx, &step, &ingredients).await? {
        return Ok(work);
    }
    let keys = [0, 1].map(|_| step.new_key());
    let [key, beside] = &keys;
    let mut meter = Meter::new(ctx, &step);
    let (made, written) = make(&mut meter, key).await?;
    let written_at = ctx.clock.now();
    let verified = results(&mut meter, key, beside, &made, written).await;
    keeping::keep_or_delete(ctx, &step, ingredients, (&keys, written_at), verified).await
}

/// The FLAC that was written, once it was read back, and the waveform beside it.
async fn results(
    meter: &mut Meter<'_>,
    key: &str,
    beside: &str,
    made: &MadeFlac,
    written: objects::Written,
) -> Result<Vec<Stored>, Failure> {
    let (ctx, step) = (meter.ctx, meter.step);
    // Two readers of one object, and a child, are large.
    let sha256 = Box::pin(verify(meter, key, made, &written)).await?;
    let output = Output {
        name: step.name_with(".flac"),
        bucket: ctx.settings.buckets.results.clone(),
        key: key.to_owned(),
        bytes: written.size,
        sha256,
        content_type: CONTENT_TYPE.to_owned(),
        media: description(made),
        verified: "It was read back and decodes to the MD5 it states.".to_owned(),
    };
    let flac = Stored { etag: written.etag, output };
    Ok(vec![flac, waveform::store(ctx, step, beside, made).await?])
}

async fn make(meter: &mut Meter<'_>, key: &str) -> Result<(MadeFlac, objects::Written), Failure> {
    let (ctx, step) = (meter.ctx, meter.step);
    let source = step.open_source(ctx);
    let mut sink = ctx.objects.create(&ctx.settings.buckets.results, key, CONTENT_TYPE);
    let order = step.order()?;
    meter
        .measured(MAKING, |reporter| async move {
            let report = move |report: media::Report| reporter.report(report.done, report.total);
            let mut timed = FirstByte::new(ctx, step, &mut sink);
            let made = sound::flac(&step.bench(ctx), order, &source, &mut timed, report).await?;
            Ok((made, sink.finish().await?))
        })
        .await
}

/// Reads the stored object back: decodes it, and takes its SHA-256 meanwhile.
async fn verify(
    meter: &mut Meter<'_>,
    key: &str,
    made: &MadeFlac,
    written: &objects::Written,
) -> Result<String, Failure> {
    let (ctx, step) = (meter.ctx, meter.step);
    let bucket = &ctx.settings.buckets.results;
    let stored = ObjectSource::new(ctx.objects.open(bucket, key, written));
    let decoded = meter.measured(READING_BACK, |reporter| async move {
        let report = move |report: media::Report| reporter.report(report.done, report.total);
        match step.bench(ctx).run(Job::VerifyFlac, &stored, &mut Nowhere, report, pending()).await? {
            Answer::Verified(facts) => Ok(facts),
            other => Err(Failure::odd_answer(&other)),
        }
    });
    let (facts, sha256) = tokio::try_join!(decoded, sha256(ctx, key, written))?;
    if facts != made.facts {
        return Err(Failure::new(Kind::OutputUnverified, "The stored FLAC is not the one that was written."));
    }
    Ok(sha256)
}

/// What the result is, for people and programs.
pub fn description(made: &MadeFlac) -> Map<String, Value> {
    let Facts { sample_rate, channels, bits_per_sample, samples, ref md5 } = made.facts;
    facts(json!({
        "sampleRate": sample_rate,
        "channels": channels,
        "bitsPerSample": bits_per_sample,
        "samples": samples,
        "durationSeconds": samples as f64 / f64::from(sample_rate.max(1)),
        "md5": hex::encode(md5),
        "changes": made.changes,
    }))
}
