//! One film of another.

use std::path::Path;

use activities::child::files::{FileSink, FileSource};
use activities::child::{AsyncSink, AsyncSource};
use activities::failure::Failure as Problem;
use activities::making::filming::{self, Progress};
use media::Report;
use states::options;

use super::super::files::{Landing, Trouble};
use super::{Made, Mishap, Work};

pub(super) async fn make(work: &Work<'_>, wish: options::Video, target: &Path) -> Result<Vec<Made>, Mishap> {
    let landing = Landing::begin(target, work.args.force)?;
    let mut encoding = work.reporter("encoding");
    let told = |progress: Progress| {
        encoding(Report { done: progress.pace.milliseconds, total: progress.milliseconds });
    };
    let filmed = filming::video(work.workbench, wish, work.source, told).await.map_err(Problem::from)?;
    let sink = FileSink::new(landing.file()?);
    let bytes = copy(filmed.path(), sink).await.map_err(Trouble::writing(target))?;
    landing.land()?;
    // What ffmpeg made was looked at before it came here.
    Ok(vec![Made { target: target.to_owned(), bytes, verified: true, media: filmed.description() }])
}

/// Answers how long it is.
async fn copy(from: &Path, mut to: FileSink) -> std::io::Result<u64> {
    const PORTION: usize = 1 << 20;
    let from = FileSource::open(from).await?;
    let mut offset = 0;
    while offset < from.len() {
        let bytes = from.read_at(offset, PORTION).await?;
        offset += bytes.len() as u64;
        to.write(bytes).await?;
    }
    to.finish().await
}
