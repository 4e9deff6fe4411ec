//! `probe`: what the file is, told by its bytes. A file that holds nothing for the recipe ends here, in plain words.

use std::future::pending;

use media::audio::{self, Sound};
use media::picture::{self, Picture};
use media::{Answer, Job};
use serde::Serialize;
use states::Recipe;

use crate::child::Nowhere;
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::making;
use crate::step::Step;

/// What a file holds.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Found {
    Sound(Sound),
    Picture(Picture),
}

pub async fn run(ctx: &Ctx, step: Step) -> Result<Found, Failure> {
    match step.recipe {
        Recipe::Flac => sound(ctx, &step).await.map(Found::Sound),
        Recipe::Proxies => picture(ctx, &step).await.map(Found::Picture),
    }
}

async fn sound(ctx: &Ctx, step: &Step) -> Result<Sound, Failure> {
    let source = step.open_source(ctx).await?;
    let wishes = step.order()?.wishes;
    Ok(making::probe(&ctx.workbench, audio::Limits::default(), wishes, &source).await?)
}

async fn picture(ctx: &Ctx, step: &Step) -> Result<Picture, Failure> {
    let source = step.open_source(ctx).await?;
    let job = Job::ProbePicture { limits: picture::Limits::default() };
    match ctx.workbench.run(job, &source, &mut Nowhere, |_| {}, pending()).await? {
        Answer::Picture(picture) => Ok(picture),
        other => Err(Failure::odd_answer(&other)),
    }
}
