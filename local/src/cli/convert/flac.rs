//! One FLAC of one file, and its waveform beside it where that is wanted.

use std::future::pending;
use std::path::{Path, PathBuf};

use activities::child::files::{FileSink, FileSource};
use activities::child::{AsyncSink, Nowhere};
use activities::failure::Failure as Problem;
use activities::making::sound;
use activities::recipes::waveform;
use media::{Answer, Job, MadeFlac};
use states::Kind;

use super::super::files::{Landing, Trouble};
use super::{Made, Mishap, Work};

/// Where the FLAC goes, and the waveform, if `peaks` are wanted.
pub(super) fn targets(peaks: bool, flac: PathBuf) -> Vec<PathBuf> {
    let beside = peaks.then(|| flac.with_extension("peaks.json"));
    std::iter::once(flac).chain(beside).collect()
}

pub(super) async fn make(work: &Work<'_>, targets: &[PathBuf]) -> Result<Vec<Made>, Mishap> {
    let target = &targets[0];
    let landings = targets.iter().map(|target| Landing::begin(target, work.args.force));
    let landings = landings.collect::<Result<Vec<_>, _>>()?;
    let landing = &landings[0];
    let mut sink = FileSink::new(landing.file()?);
    let order = sound::order(&work.args.options.flac());
    let encoding = work.reporter("encoding");
    let made = sound::flac(work.workbench, order, work.source, &mut sink, encoding).await;
    let made = made.map_err(Problem::from)?;
    // It is read back while the disk still syncs: both want the same bytes, and both must be done before it gets its name.
    let synced = async { sink.finish().await.map_err(Trouble::writing(target)).map_err(Mishap::from) };
    let verified =
        async { if work.args.no_verify { Ok(()) } else { verify(work, target, landing, &made).await } };
    tokio::try_join!(synced, verified)?;
    let media = activities::recipes::flac::description(&made);
    let mut results = vec![work.made(target, made.bytes, media)];
    for (landing, target) in landings.iter().zip(targets).skip(1) {
        results.push(write_peaks(work, landing, target, &made).await?);
    }
    for landing in landings {
        landing.land()?;
    }
    Ok(results)
}

async fn write_peaks(
    work: &Work<'_>,
    landing: &Landing,
    target: &Path,
    made: &MadeFlac,
) -> Result<Made, Mishap> {
    let document = waveform::document(made);
    let mut sink = FileSink::new(landing.file()?);
    sink.write(document.clone().into()).await.map_err(Trouble::writing(target))?;
    let bytes = sink.finish().await.map_err(Trouble::writing(target))?;
    if !work.args.no_verify && std::fs::read(landing.part()).map_err(Trouble::reading(target))? != document {
        let says = "The waveform does not read back as it was written.";
        return Err(Problem::new(Kind::OutputUnverified, says).into());
    }
    Ok(work.made(target, bytes, waveform::description(made)))
}

async fn verify(work: &Work<'_>, target: &Path, landing: &Landing, made: &MadeFlac) -> Result<(), Mishap> {
    let stored = FileSource::open(landing.part()).await.map_err(Trouble::reading(target))?;
    let verifying = work.reporter("verifying");
    match work.workbench.run(Job::VerifyFlac, &stored, &mut Nowhere, verifying, pending()).await? {
        Answer::Verified(facts) if facts == made.facts => Ok(()),
        Answer::Verified(_) => {
            let says = "The FLAC does not read back as it was written.";
            Err(Problem::new(Kind::OutputUnverified, says).into())
        }
        other => Err(Problem::odd_answer(&other).into()),
    }
}
