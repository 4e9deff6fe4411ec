//! One FLAC of one file.

use std::future::pending;
use std::path::Path;

use activities::child::Nowhere;
use activities::child::files::{FileSink, FileSource};
use activities::failure::Failure as Problem;
use activities::making::sound;
use media::{Answer, Job, MadeFlac};
use states::Kind;

use super::super::files::{Landing, Trouble};
use super::{Made, Mishap, Work};

pub(super) async fn make(work: &Work<'_>, target: &Path) -> Result<Vec<Made>, Mishap> {
    let landing = Landing::begin(target, work.args.force)?;
    let mut sink = FileSink::new(landing.file()?);
    let order = sound::order(&work.args.options.flac());
    let encoding = work.reporter("encoding");
    let made = sound::flac(work.workbench, order, work.source, &mut sink, encoding).await;
    let made = made.map_err(Problem::from)?;
    // It is read back while the disk still syncs: both want the same bytes, and both must be done before it gets its name.
    let synced = async { sink.finish().await.map_err(Trouble::writing(target)).map_err(Mishap::from) };
    let verified =
        async { if work.args.no_verify { Ok(()) } else { verify(work, target, &landing, &made).await } };
    tokio::try_join!(synced, verified)?;
    landing.land()?;
    let media = activities::recipes::flac::description(&made);
    Ok(vec![Made { target: target.to_owned(), bytes: made.bytes, media }])
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
