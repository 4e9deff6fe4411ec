//! Hostile files, given to workers that may take no more than is promised: the kernel kills whoever takes more, and
//! then the problem is not the file's.

use std::future::pending;
use std::path::Path;

use activities::child::files::FileSource;
use activities::child::{self, AsyncSink, Limits, Nowhere, Workbench};
use activities::failure::Failure;
use activities::making::{filming, framing, sound};
use activities::recipes::captions;
use anyhow::{Result, bail, ensure};
use bytes::Bytes;
use media::audio::{self, Wishes};
use media::{Job, Order, film, picture};
use states::{Kind, Recipe, options};
use tests::pictures::order;

use super::{Hostile, KINDS, Trap, all, cut_at, films, is_about_the_file, pictures, sounds};
use crate::media::foreign::bench;

const MOST_SECONDS: u64 = 2;
/// With what a program and its libraries only read, that is less than 256 MB.
const MOST_BYTES: u64 = 224 << 20;

/// These, and no more than a hostile file is to take.
pub(crate) fn within_bounds(limits: Limits) -> Limits {
    let Limits { memory_bytes, decoder_bytes, cpu_seconds, .. } = limits;
    Limits {
        memory_bytes: memory_bytes.min(MOST_BYTES),
        decoder_bytes: decoder_bytes.min(MOST_BYTES),
        cpu_seconds: cpu_seconds.min(MOST_SECONDS),
        ..limits
    }
}

/// A result that nobody wants.
struct Discarded;

impl AsyncSink for Discarded {
    async fn write(&mut self, _: Bytes) -> std::io::Result<()> {
        Ok(())
    }

    async fn next(&mut self) -> std::io::Result<()> {
        Ok(())
    }

    async fn patch(&mut self, _: u64, _: Bytes) -> std::io::Result<()> {
        Ok(())
    }
}

/// Makes of the file what `recipe` makes.
async fn make(bench: &Workbench, source: &FileSource, recipe: Recipe) -> Result<(), Failure> {
    match recipe {
        Recipe::Flac => {
            sound::flac(bench, Order::default(), source, &mut Discarded, |_| {}).await.map(drop)?
        }
        Recipe::Proxies => {
            let job = Job::Proxies { limits: picture::Limits::default(), order: order() };
            bench.run(job, source, &mut Discarded, |_| {}, pending()).await.map(drop)?;
        }
        Recipe::Thumbnails => {
            let wish = options::Thumbnails::default().into();
            framing::thumbnails(bench, &wish, source, || Ok(Discarded), |_| {}).await.map(drop)?;
        }
        Recipe::Video => filming::video(bench, options::Video::default(), source, |_| {}).await.map(drop)?,
        Recipe::Captions => captions::speech(bench, audio::Limits::default(), source).await.map(drop)?,
    }
    Ok(())
}

/// Looks at the file's headers, as the step before does.
async fn look(bench: &Workbench, source: &FileSource, recipe: Recipe) -> Result<(), child::Failure> {
    let job = match recipe {
        Recipe::Flac | Recipe::Captions => {
            Job::ProbeAudio { limits: audio::Limits::default(), wishes: Wishes::default() }
        }
        Recipe::Proxies => Job::ProbePicture { limits: picture::Limits::default() },
        Recipe::Thumbnails | Recipe::Video => {
            Job::SurveyFilm { limits: film::Limits::default(), spread: None }
        }
    };
    bench.run(job, source, &mut Nowhere, |_| {}, pending()).await.map(drop)
}

/// What became of a file, of which nothing may be left behind.
async fn outcome(file: &Hostile) -> Result<Result<(), Failure>> {
    let (folder, scratch) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let path = folder.path().join(&file.name);
    std::fs::write(&path, &file.bytes)?;
    let source = FileSource::open(&path).await?;
    let bench = bench(scratch.path()).within(within_bounds(Limits::of(file.recipe)));
    if let Err(found) = look(&bench, &source, file.recipe).await {
        is_of_a_kind(file, &found.into(), &KINDS)?;
    }
    let outcome = Box::pin(make(&bench, &source, file.recipe)).await;
    ensure!(empty(scratch.path())?, "{}: something was left behind", file.what);
    Ok(outcome)
}

fn empty(folder: &Path) -> Result<bool> {
    Ok(std::fs::read_dir(folder)?.next().is_none())
}

fn is_of_a_kind(file: &Hostile, Failure { problem }: &Failure, kinds: &[Kind]) -> Result<()> {
    is_about_the_file(&file.what, (problem.kind, &problem.detail), kinds)
}

async fn is_refused(file: &Hostile, kinds: &[Kind]) -> Result<()> {
    match outcome(file).await? {
        Ok(()) => bail!("{} passed for a good file", file.what),
        Err(failure) => is_of_a_kind(file, &failure, kinds),
    }
}

#[tokio::test]
async fn every_hostile_file_ends_in_a_problem_before_its_worker_is_killed() -> Result<()> {
    let trap = Trap::set()?;
    for file in all(&trap)? {
        println!("{}, {}", file.what, file.recipe);
        is_refused(&file, &KINDS).await?;
    }
    trap.has_caught_nobody()
}

/// The real program takes no sound for captions where it has no captioner.
#[tokio::test]
async fn a_captioner_is_given_nothing_that_a_playlist_names() -> Result<()> {
    let trap = Trap::set()?;
    for playlist in films::playlists(trap.port()?) {
        is_refused(&Hostile { recipe: Recipe::Captions, ..playlist }, &KINDS).await?;
    }
    trap.has_caught_nobody()
}

/// Of the first bytes alone, a file may not be known.
const OF_A_CUT: [Kind; 2] = [Kind::MediaCorrupt, Kind::UnsupportedMedia];

/// Cuts a file at each 64th, and then has it made whole.
async fn cut_everywhere(name: &str, recipe: Recipe, whole: Vec<u8>, kinds: &[Kind]) -> Result<()> {
    for cut in cut_at(1..64, (name, recipe), &whole) {
        is_refused(&cut, kinds).await?;
    }
    outcome(&super::hostile(format!("the whole {name}"), name, recipe, whole)).await??;
    Ok(())
}

#[tokio::test]
async fn pictures_cut_anywhere_are_damaged_and_whole_ones_are_well() -> Result<()> {
    for (name, whole) in [("a.jpg", pictures::photo()?), ("a.png", pictures::drawing()?)] {
        cut_everywhere(name, Recipe::Proxies, whole, &[Kind::MediaCorrupt]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn sounds_cut_anywhere_are_damaged_and_whole_ones_are_well() -> Result<()> {
    for (name, whole) in sounds::wholes(2)? {
        cut_everywhere(name, Recipe::Flac, whole, &OF_A_CUT).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_film_cut_anywhere_is_damaged_and_a_whole_one_is_well() -> Result<()> {
    cut_everywhere("a.mp4", Recipe::Thumbnails, films::film()?, &OF_A_CUT).await
}

/// Otherwise the bounds would say nothing.
#[cfg(debug_assertions)]
#[tokio::test]
async fn whoever_takes_more_is_killed_and_the_file_is_not_blamed() -> Result<()> {
    use activities::child::{Misbehaviour, Work};

    let (file, scratch) = (tempfile::NamedTempFile::new()?, tempfile::tempdir()?);
    let source = FileSource::open(file.path()).await?;
    let bench = bench(scratch.path()).within(within_bounds(Limits::of(Recipe::Proxies)));
    for (how, kind) in [(Misbehaviour::Spin, Kind::TimedOut), (Misbehaviour::Hoard, Kind::OutOfMemory)] {
        let ended = bench.run(Work::Misbehave(how), &source, &mut Nowhere, |_| {}, pending()).await;
        let Err(failure) = ended else { bail!("{how:?} was let") };
        let problem = failure.into_problem();
        ensure!(problem.kind == kind && !KINDS.contains(&kind), "{how:?}: {problem:?}");
    }
    Ok(())
}
