//! The waveform beside a sound: a second result, in the JSON of audiowaveform, which the players of the web read.

use media::MadeFlac;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use states::Kind;
use states::session::{Output, Stored};

use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::making::facts::facts;
use crate::making::step::Step;

const CONTENT_TYPE: &str = "application/json";

/// Stores the waveform of what was made under `key`, and reads it back.
pub(crate) async fn store(ctx: &Ctx, step: &Step, key: &str, made: &MadeFlac) -> Result<Stored, Failure> {
    let bucket = &ctx.settings.buckets.results;
    let bytes = document(made);
    let mut sink = ctx.objects.create(bucket, key, CONTENT_TYPE);
    sink.write(bytes.clone().into()).await?;
    let written = sink.finish().await?;
    let read = ctx.objects.open(bucket, key, &written).read_at(0, bytes.len()).await?;
    if written.size != bytes.len() as u64 || read != bytes {
        return Err(Failure::new(
            Kind::OutputUnverified,
            "The stored waveform is not the one that was written.",
        ));
    }
    let output = Output {
        name: step.name_with(".peaks.json"),
        bucket: bucket.clone(),
        key: key.to_owned(),
        bytes: written.size,
        sha256: hex::encode(Sha256::digest(&bytes)),
        content_type: CONTENT_TYPE.to_owned(),
        media: description(made),
        verified: "It was read back.".to_owned(),
    };
    Ok(Stored { etag: written.etag, output })
}

/// Version 2 of audiowaveform's data: the lowest and the highest sample in turn, of all channels together.
pub fn document(made: &MadeFlac) -> Vec<u8> {
    let peaks = &made.waveform.peaks;
    let data: Vec<i16> = peaks.iter().flat_map(|&(lowest, highest)| [lowest, highest]).collect();
    let document = json!({
        "version": 2,
        "channels": 1,
        "sample_rate": made.facts.sample_rate,
        "samples_per_pixel": made.waveform.samples_per_peak,
        "bits": 16,
        "length": peaks.len(),
        "data": data,
    });
    document.to_string().into_bytes()
}

pub fn description(made: &MadeFlac) -> Map<String, Value> {
    facts(json!({ "peaks": made.waveform.peaks.len() }))
}
