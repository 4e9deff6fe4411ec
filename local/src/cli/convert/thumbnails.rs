//! The frames of one film, as a zip.

use std::future::pending;
use std::path::Path;

use activities::child::Nowhere;
use activities::child::files::{FileSink, FileSource};
use activities::failure::Failure as Problem;
use activities::making::framing::{self, Framed};
use activities::recipes::thumbnails::description;
use media::{Answer, Job};
use states::{Kind, options};

use super::super::files::{Landing, Trouble};
use super::{Made, Mishap, Work};

pub(super) async fn make(
    work: &Work<'_>,
    wish: options::Thumbnails,
    target: &Path,
) -> Result<Vec<Made>, Mishap> {
    let landing = Landing::begin(target, work.args.force)?;
    let file = landing.file()?;
    let begin = || {
        // Of a try that was given up nothing may be left.
        file.set_len(0)?;
        Ok(FileSink::new(file.try_clone()?))
    };
    let decoding = work.reporter("decoding");
    let made = framing::thumbnails(work.workbench, &wish.into(), work.source, begin, decoding).await;
    let (framed, sink) = made.map_err(Problem::from)?;
    let bytes = sink.finish().await.map_err(Trouble::writing(target))?;
    if !work.args.no_verify {
        verify(work, target, &landing, &framed).await?;
    }
    landing.land()?;
    Ok(vec![work.made(target, bytes, description(&framed))])
}

async fn verify(work: &Work<'_>, target: &Path, landing: &Landing, framed: &Framed) -> Result<(), Mishap> {
    let stored = FileSource::open(landing.part()).await.map_err(Trouble::reading(target))?;
    let verifying = work.reporter("verifying");
    match work.workbench.run(Job::VerifyThumbnails, &stored, &mut Nowhere, verifying, pending()).await? {
        Answer::VerifiedThumbnails(frames) if frames == framed.made.frames => Ok(()),
        Answer::VerifiedThumbnails(_) => {
            let says = "The zip does not read back as it was written.";
            Err(Problem::new(Kind::OutputUnverified, says).into())
        }
        other => Err(Problem::odd_answer(&other).into()),
    }
}
