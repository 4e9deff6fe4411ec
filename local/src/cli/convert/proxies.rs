//! The proxies of one picture, all of them or none.

use std::future::pending;
use std::path::{Path, PathBuf};

use activities::child::files::{FileSink, FileSource};
use activities::child::{Nowhere, Sequence};
use activities::failure::Failure as Problem;
use activities::recipes::proxies::{Wanted, description};
use futures::future::try_join_all;
use media::picture::{Limits, Proxy};
use media::{Answer, Job};

use super::super::files::{Landing, Trouble};
use super::{Made, Mishap, Work};

/// Where the proxies go that would lie at `beside` if it were one file: the size's name stands before its ending.
pub(super) fn targets(wanted: &Wanted, beside: &Path) -> Vec<PathBuf> {
    let stem = beside.file_stem().unwrap_or_default().to_string_lossy();
    let named = |name: &str| beside.with_file_name(format!("{stem}-{name}.jpg"));
    wanted.sizes.iter().map(|size| named(&size.name)).collect()
}

pub(super) async fn make(work: &Work<'_>, wanted: &Wanted, targets: &[PathBuf]) -> Result<Vec<Made>, Mishap> {
    let landings = targets.iter().map(|target| Landing::begin(target, work.args.force));
    let landings = landings.collect::<Result<Vec<_>, _>>()?;
    let files = landings.iter().map(|landing| Ok(FileSink::new(landing.file()?)));
    let mut sinks = Sequence::new(files.collect::<Result<Vec<_>, Trouble>>()?);
    let job = Job::Proxies { limits: Limits::default(), order: wanted.order() };
    let decoding = work.reporter("decoding");
    let answer = work.workbench.run(job, work.source, &mut sinks, decoding, pending()).await?;
    let made = match answer {
        Answer::Proxies(made) if wanted.is_met_by(&made) => made,
        other => return Err(Problem::odd_answer(&other).into()),
    };
    for (sink, target) in sinks.all()?.into_iter().zip(targets) {
        sink.finish().await.map_err(Trouble::writing(target))?;
    }
    if !work.args.no_verify {
        let all = landings.iter().zip(targets).zip(&made.proxies);
        try_join_all(all.map(|((landing, target), proxy)| verify(work, landing, target, *proxy))).await?;
    }
    for landing in landings {
        landing.land()?;
    }
    Ok(targets
        .iter()
        .zip(&made.proxies)
        .map(|(target, proxy)| work.made(target, proxy.bytes, description(&made, *proxy)))
        .collect())
}

async fn verify(work: &Work<'_>, landing: &Landing, target: &Path, proxy: Proxy) -> Result<(), Mishap> {
    let stored = FileSource::open(landing.part()).await.map_err(Trouble::reading(target))?;
    let Proxy { width, height, .. } = proxy;
    let job = Job::VerifyProxy { width, height };
    let verifying = work.reporter("verifying");
    match work.workbench.run(job, &stored, &mut Nowhere, verifying, pending()).await? {
        Answer::VerifiedProxy(_) => Ok(()),
        other => Err(Problem::odd_answer(&other).into()),
    }
}
