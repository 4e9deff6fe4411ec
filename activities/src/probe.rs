//! `probe`: what the file is, told by its bytes. A file that holds nothing for the recipe ends here, in plain words.

use std::future::pending;

use media::audio::{Limits, Sound};
use media::{Answer, Job};

use crate::child::Nowhere;
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::step::Step;

pub async fn run(ctx: &Ctx, step: Step) -> Result<Sound, Failure> {
    let source = step.open_source(ctx).await?;
    let job = Job::ProbeAudio { limits: Limits::default() };
    match ctx.workbench.run(job, &source, &mut Nowhere, |_| {}, pending()).await? {
        Answer::Audio(sound) => Ok(sound),
        other => Err(Failure::odd_answer(&other)),
    }
}
