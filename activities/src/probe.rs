//! `probe`: what the file is, told by its bytes. A file that holds nothing for the recipe ends here, in plain words.

use std::future::pending;

use media::audio::{self, Container, Sound, Wishes};
use media::film::Survey;
use media::picture::{self, Picture};
use media::{Answer, Job};
use serde::Serialize;
use states::Recipe;

use crate::child::Nowhere;
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::framing;
use crate::making;
use crate::step::Step;

/// What a file holds.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Found {
    Sound(Sound),
    Picture(Picture),
    Film(Film),
}

/// As far as its headers tell without ffmpeg.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Film {
    container: Container,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<u64>,
}

pub async fn run(ctx: &Ctx, step: Step) -> Result<Found, Failure> {
    match step.recipe {
        Recipe::Flac => sound(ctx, &step, step.order()?.wishes).await.map(Found::Sound),
        Recipe::Captions => sound(ctx, &step, Wishes::default()).await.map(Found::Sound),
        Recipe::Proxies => picture(ctx, &step).await.map(Found::Picture),
        Recipe::Thumbnails | Recipe::Video => film(ctx, &step).await.map(Found::Film),
    }
}

async fn sound(ctx: &Ctx, step: &Step, wishes: Wishes) -> Result<Sound, Failure> {
    let source = step.open_source(ctx).await?;
    Ok(making::probe(&step.bench(ctx), audio::Limits::default(), wishes, &source).await?)
}

async fn film(ctx: &Ctx, step: &Step) -> Result<Film, Failure> {
    let source = step.open_source(ctx).await?;
    let Survey { container, index } = framing::survey(&step.bench(ctx), &source, None).await?;
    Ok(Film {
        container,
        width: index.as_ref().map(|index| index.width),
        height: index.as_ref().map(|index| index.height),
        milliseconds: index.as_ref().map(|index| index.milliseconds),
    })
}

async fn picture(ctx: &Ctx, step: &Step) -> Result<Picture, Failure> {
    let source = step.open_source(ctx).await?;
    let job = Job::ProbePicture { limits: picture::Limits::default() };
    match step.bench(ctx).run(job, &source, &mut Nowhere, |_| {}, pending()).await? {
        Answer::Picture(picture) => Ok(picture),
        other => Err(Failure::odd_answer(&other)),
    }
}
