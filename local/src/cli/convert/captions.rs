//! The captions of one speech, in both formats or in none.

use std::path::{Path, PathBuf};

use activities::child::Sequence;
use activities::child::files::{FileSink, FileSource};
use activities::recipes::captions::{self, description, tail};
use media::audio;
use media::captions::FORMATS;

use super::super::files::{Landing, Trouble};
use super::{Made, Mishap, Work, with_tail};
use crate::captioner::listen;
use crate::config::Command;

/// Where the captions go that would lie at `beside` if they were one file.
pub(super) fn targets(beside: &Path) -> Vec<PathBuf> {
    FORMATS.iter().map(|&format| with_tail(beside, tail(format))).collect()
}

pub(super) async fn make(
    work: &Work<'_>,
    command: &Command,
    targets: &[PathBuf],
) -> Result<Vec<Made>, Mishap> {
    let landings = targets.iter().map(|target| Landing::begin(target, work.args.force));
    let landings = landings.collect::<Result<Vec<_>, _>>()?;
    let files = landings.iter().map(|landing| Ok(FileSink::new(landing.file()?)));
    let mut sinks = Sequence::new(files.collect::<Result<Vec<_>, Trouble>>()?);
    work.bar.stage("listening");
    let speech = captions::speech(work.workbench, audio::Limits::default(), work.source).await?;
    let vtt = listen(command, &speech.wav, speech.folder()).await?;
    let made = captions::written(work.workbench, &vtt, &mut sinks).await?;
    let mut results = Vec::new();
    for (sink, target) in sinks.all()?.into_iter().zip(targets) {
        let bytes = sink.finish().await.map_err(Trouble::writing(target))?;
        results.push(work.made(target, bytes, description(made, speech.flaw.as_deref())));
    }
    for ((landing, target), format) in landings.iter().zip(targets).zip(FORMATS) {
        if !work.args.no_verify {
            let stored = FileSource::open(landing.part()).await.map_err(Trouble::reading(target))?;
            captions::verify(work.workbench, &stored, format, made).await?;
        }
    }
    for landing in landings {
        landing.land()?;
    }
    Ok(results)
}
