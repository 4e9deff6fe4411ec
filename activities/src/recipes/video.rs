//! `video`: the recipe for a film in a form that players everywhere know. It takes long, so that a worker takes it as a task
//! of its own (`worker`): locally one in the process, on AWS one in a container. ffmpeg makes the result in a scratch folder,
//! where it is looked at; what was then stored is read back and must be that, byte for byte.

use serde_json::Map;
use states::session::{Output, Pace, Stored};
use states::{Activity, Kind, options};

use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::making::filming::{self, Filmed, Progress};
use crate::making::keeping;
use crate::making::meter::{MAKING, Meter, READING_BACK, Reporter};
use crate::making::reading_back::sha256;
use crate::making::step::{Made, Step};
use crate::making::storing::store_file;
use crate::objects::Written;

/// Raised when the same file comes to give other bytes: what an older one has made is not taken for this one's then.
const REVISION: u32 = 1;

pub async fn run(ctx: &Ctx, step: Step) -> Result<Made, Failure> {
    let ingredients = step.ingredients(Activity::Video, REVISION);
    if let Some(work) = keeping::find(ctx, &step, &ingredients).await? {
        return Ok(work);
    }
    let options = step.read_options(options::Video::read)?;
    let key = step.new_key();
    let mut meter = Meter::new(ctx, &step);
    let (filmed, written, stated) = make(&mut meter, &key, options).await?;
    let written_at = ctx.clock.now();
    let media = filmed.description();
    let verified = verify(&mut meter, (&key, written, &stated), options, media).await;
    let verified = verified.map(|stored| vec![stored]);
    keeping::keep_or_delete(ctx, &step, ingredients, (&[key], written_at), verified).await
}

/// The film, what was stored, and its SHA-256 as it was sent.
async fn make(
    meter: &mut Meter<'_>,
    key: &str,
    options: options::Video,
) -> Result<(Filmed, Written, String), Failure> {
    let (ctx, step) = (meter.ctx, meter.step);
    let source = step.open_source(ctx);
    meter
        .measured(MAKING, |reporter| async move {
            let told = |progress: Progress| report(&reporter, &progress);
            let filmed = filming::video(&step.bench(ctx), options, &source, told).await?;
            let bucket = &ctx.settings.buckets.results;
            let sink = ctx.objects.create(bucket, key, options.content_type());
            let (written, stated) = store_file(filmed.path(), sink).await?;
            Ok((filmed, written, stated))
        })
        .await
}

fn report(reporter: &Reporter, progress: &Progress) {
    let frames_a_second = (progress.pace.frames_a_second * 10.0).round().clamp(0.0, 65_535.0) as u16;
    let seconds_left = progress.seconds_left().map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
    reporter.pace(Pace { decifps: frames_a_second, seconds_left });
    reporter.report(progress.pace.milliseconds, progress.milliseconds);
}

async fn verify(
    meter: &mut Meter<'_>,
    (key, written, stated): (&str, Written, &str),
    options: options::Video,
    media: Map<String, serde_json::Value>,
) -> Result<Stored, Failure> {
    let (ctx, step) = (meter.ctx, meter.step);
    meter
        .measured(READING_BACK, |_| async {
            let read = sha256(ctx, key, &written).await?;
            if read != stated {
                return Err(Failure::new(
                    Kind::OutputUnverified,
                    "The stored film is not the one that was made.",
                ));
            }
            let output = Output {
                name: step.name_with(&format!("-{}.{}", options.preset, options.ending())),
                bucket: ctx.settings.buckets.results.clone(),
                key: key.to_owned(),
                bytes: written.size,
                sha256: read,
                content_type: options.content_type().to_owned(),
                media,
                verified: "Its streams and its length are as asked for, and it reads back as it was made."
                    .to_owned(),
            };
            Ok(Stored { etag: written.etag, output })
        })
        .await
}
