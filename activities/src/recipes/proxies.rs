//! `proxies`: the recipe for pictures. A child decodes the pinned upload once and makes every proxy of it; another child
//! decodes each stored one. Only what reads back as it was written is handed to `finish`.

use std::future::pending;

pub use media::picture::Kind;
use media::picture::{Limits, MadeProxies, Order, Proxy};
use media::{Answer, Job};
use serde_json::{Map, Value, json};
use states::Activity;
use states::session::{Output, Stored};

use crate::child::objects::ObjectSource;
use crate::child::{Nowhere, Sequence};
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::making::facts::facts;
use crate::making::keeping;
use crate::making::meter::{FirstByte, MAKING, Meter, READING_BACK};
use crate::making::reading_back::sha256;
use crate::making::step::{Made, Step};
use crate::objects::Written;

/// Raised when the same file comes to give other bytes: what an older one has made is not taken for this one's then.
const REVISION: u32 = 4;

const CONTENT_TYPE: &str = "image/jpeg";

/// Which proxies are made here: configuration, not the user's choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// From the largest to the smallest.
    pub sizes: Vec<Size>,
    pub quality: u8,
    pub progressive: bool,
    /// Colour at half the resolution (4:2:0).
    pub halve_colour: bool,
    /// Red, green and blue of what shows where a picture is transparent.
    pub ground: [u8; 3],
}

/// One proxy: what its file's name ends in, and the square that it fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    pub name: String,
    pub side: u32,
}

impl Default for Wanted {
    fn default() -> Self {
        let size = |side: u32| Size { name: side.to_string(), side };
        Self {
            sizes: vec![size(2048), size(1024)],
            quality: 80,
            progressive: false,
            halve_colour: true,
            ground: [255; 3],
        }
    }
}

impl Wanted {
    /// What the child is asked for.
    pub fn order(&self) -> Order {
        let Self { ref sizes, quality, progressive, halve_colour, ground } = *self;
        let sides = sizes.iter().map(|size| size.side).collect();
        Order { sides, quality, progressive, halve_colour, ground }
    }

    /// Whether there is one for each size, and fits it. So says who made them; the files are held against what it said.
    pub fn is_met_by(&self, made: &MadeProxies) -> bool {
        let fits = |(size, proxy): (&Size, &Proxy)| proxy.width.max(proxy.height) <= size.side;
        made.proxies.len() == self.sizes.len() && self.sizes.iter().zip(&made.proxies).all(fits)
    }

    /// All that decides what comes out, as it is kept with the results.
    fn as_options(&self) -> Map<String, Value> {
        let sizes: Vec<_> = self.sizes.iter().map(|Size { name, side }| json!([name, side])).collect();
        facts(json!({
            "sizes": sizes,
            "quality": self.quality,
            "progressive": self.progressive,
            "halveColour": self.halve_colour,
            "ground": self.ground,
        }))
    }
}

pub async fn run(ctx: &Ctx, step: Step) -> Result<Made, Failure> {
    let wanted = &ctx.settings.proxies;
    let mut ingredients = step.ingredients(Activity::Proxies, REVISION);
    ingredients.options.extend(wanted.as_options());
    if let Some(work) = keeping::find(ctx, &step, &ingredients).await? {
        return Ok(work);
    }
    let keys: Vec<String> = wanted.sizes.iter().map(|_| step.new_key()).collect();
    let mut meter = Meter::new(ctx, &step);
    let (made, written) = make(&mut meter, &keys).await?;
    let written_at = ctx.clock.now();
    let verified = verify_all(&mut meter, &keys, &made, written).await;
    keeping::keep_or_delete(ctx, &step, ingredients, (&keys, written_at), verified).await
}

async fn make(meter: &mut Meter<'_>, keys: &[String]) -> Result<(MadeProxies, Vec<Written>), Failure> {
    let (ctx, step) = (meter.ctx, meter.step);
    let source = step.open_source(ctx);
    let bucket = &ctx.settings.buckets.results;
    let sinks = keys.iter().map(|key| ctx.objects.create(bucket, key, CONTENT_TYPE)).collect();
    let mut results = Sequence::new(sinks);
    let job = Job::Proxies { limits: Limits::default(), order: ctx.settings.proxies.order() };
    meter
        .measured(MAKING, |reporter| async move {
            let report = move |report: media::Report| reporter.report(report.done, report.total);
            let mut timed = FirstByte::new(ctx, step, &mut results);
            match step.bench(ctx).run(job, &source, &mut timed, report, pending()).await? {
                Answer::Proxies(made) if ctx.settings.proxies.is_met_by(&made) => {
                    let mut written = Vec::new();
                    for sink in results.all()? {
                        written.push(sink.finish().await?);
                    }
                    Ok((made, written))
                }
                other => Err(Failure::odd_answer(&other)),
            }
        })
        .await
}

async fn verify_all(
    meter: &mut Meter<'_>,
    keys: &[String],
    made: &MadeProxies,
    written: Vec<Written>,
) -> Result<Vec<Stored>, Failure> {
    let (ctx, step) = (meter.ctx, meter.step);
    let total = keys.len() as u64;
    meter
        .measured(READING_BACK, |reporter| async move {
            let mut results = Vec::new();
            let sizes = &ctx.settings.proxies.sizes;
            for (((key, size), proxy), written) in keys.iter().zip(sizes).zip(&made.proxies).zip(written) {
                let sha256 = verify(ctx, step, key, *proxy, &written).await?;
                let output = Output {
                    name: step.name_with(&format!("-{}.jpg", size.name)),
                    bucket: ctx.settings.buckets.results.clone(),
                    key: key.clone(),
                    bytes: written.size,
                    sha256,
                    content_type: CONTENT_TYPE.to_owned(),
                    media: description(made, *proxy),
                    verified: "It was read back, decodes and fits its square.".to_owned(),
                };
                results.push(Stored { etag: written.etag, output });
                reporter.report(results.len() as u64, Some(total));
            }
            Ok(results)
        })
        .await
}

/// Decodes one stored proxy and takes its SHA-256.
async fn verify(
    ctx: &Ctx,
    step: &Step,
    key: &str,
    proxy: Proxy,
    written: &Written,
) -> Result<String, Failure> {
    let bucket = &ctx.settings.buckets.results;
    let stored = ObjectSource::new(ctx.objects.open(bucket, key, written));
    let Proxy { width, height, .. } = proxy;
    let job = Job::VerifyProxy { width, height };
    match step.bench(ctx).run(job, &stored, &mut Nowhere, |_| {}, pending()).await? {
        Answer::VerifiedProxy(_) => sha256(ctx, key, written).await,
        other => Err(Failure::odd_answer(&other)),
    }
}

/// What a proxy is, for people and programs.
pub fn description(made: &MadeProxies, proxy: Proxy) -> Map<String, Value> {
    facts(json!({
        "width": proxy.width,
        "height": proxy.height,
        "source": made.source,
        "changes": made.changes,
    }))
}

#[cfg(test)]
mod tests {
    use media::picture::{Colours, Picture, Turn};

    use super::*;

    #[test]
    fn what_is_missing_or_larger_than_its_square_is_not_what_was_wanted() {
        let source = Picture {
            kind: Kind::Jpeg,
            width: 9000,
            height: 6000,
            colours: Colours::Rgb,
            has_alpha: false,
            bits_per_channel: 8,
            turn: Turn::NONE,
            has_profile: false,
        };
        let made = |sides: &[(u32, u32)]| MadeProxies {
            source,
            proxies: sides.iter().map(|&(width, height)| Proxy { width, height, bytes: 1 }).collect(),
            changes: Vec::new(),
        };
        let wanted = Wanted::default();
        assert!(wanted.is_met_by(&made(&[(2048, 1365), (1024, 683)])));
        assert!(wanted.is_met_by(&made(&[(300, 200), (300, 200)])), "never enlarged");
        assert!(!wanted.is_met_by(&made(&[(2048, 1365)])), "one is missing");
        assert!(!wanted.is_met_by(&made(&[(2048, 1365), (1024, 683), (1, 1)])), "one too many");
        assert!(!wanted.is_met_by(&made(&[(1365, 2049), (1024, 683)])), "the first does not fit");
        assert!(!wanted.is_met_by(&made(&[(2048, 1365), (2048, 1365)])), "nor does the second");
    }
}
