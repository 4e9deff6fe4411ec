//! `lockgate convert`: files here and now, without a server. The same child as the server's decodes, encodes and reads
//! the result back; the result appears under its name only when it was verified.

use std::collections::HashSet;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use activities::child::files::{FileSink, FileSource};
use activities::child::{Nowhere, Workbench};
use activities::failure::Failure as Problem;
use activities::making;
use media::{Answer, Job, MadeFlac, Report};
use serde_json::{Value, json};
use states::{Kind, Recipe};

use super::Failure;
use super::files::{self, Landing, Place, Trouble};
use super::interrupt::unless_interrupted;
use super::options::Options;
use super::screen::{Bar, line, printable, shown, size};
use crate::assemble::workbench;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The files to convert
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What to make of them
    #[arg(long, value_name = "RECIPE", default_value = "flac", value_parser = recipe)]
    to: Recipe,
    /// Where the result goes: a file for one FILE, or a folder; NAME/ makes one [default: beside each FILE]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
    /// The folder that ffmpeg and ffprobe lie in [default: the first of PATH]
    #[arg(long, env = "LOCKGATE_FFMPEG", value_name = "DIR")]
    ffmpeg: Option<PathBuf>,
    /// Replace results that are already there
    #[arg(long)]
    force: bool,
    /// Do not read the result back and compare what it decodes to
    #[arg(long)]
    no_verify: bool,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

pub(super) fn recipe(text: &str) -> Result<Recipe, String> {
    text.parse().map_err(|_| {
        let all: Vec<_> = states::recipe::RECIPES.iter().map(|row| row.recipe.to_string()).collect();
        format!("there is no recipe of this name; there is: {}", all.join(", "))
    })
}

/// One thread is enough to hand bytes from a file to a child, and takes the least memory.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let place = Place::settle(args.output.as_deref(), args.files.len())?;
    let workbench = workbench(args.ffmpeg.as_deref(), &std::env::temp_dir())?;
    unless_interrupted(all(&workbench, &place, &args)).await
}

async fn all(workbench: &Workbench, place: &Place<'_>, args: &Args) -> Result<ExitCode, Failure> {
    let mut all_well = true;
    let mut taken = HashSet::new();
    for file in &args.files {
        let target = place.of(&file.with_extension("flac"));
        let outcome = if taken.contains(&target) {
            Err(Trouble::Taken(target.clone()).into())
        } else {
            match args.to {
                Recipe::Flac => flac(workbench, file, &target, args).await,
            }
        };
        all_well &= outcome.is_ok();
        say(args, file, &target, outcome)?;
        taken.insert(target);
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Why a file was not converted.
enum Mishap {
    /// What a session would be Failed with.
    Problem(Problem),
    /// Something between us and the file system of this machine.
    File(Trouble),
}

impl From<Problem> for Mishap {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<activities::child::Failure> for Mishap {
    fn from(failure: activities::child::Failure) -> Self {
        Self::Problem(failure.into())
    }
}

impl From<Trouble> for Mishap {
    fn from(trouble: Trouble) -> Self {
        Self::File(trouble)
    }
}

async fn flac(workbench: &Workbench, file: &Path, target: &Path, args: &Args) -> Result<MadeFlac, Mishap> {
    files::length(file)?;
    let same = std::fs::canonicalize(file).ok().zip(std::fs::canonicalize(target).ok());
    if same.is_some_and(|(file, target)| file == target) {
        return Err(Trouble::Itself(file.to_owned()).into());
    }
    let landing = Landing::begin(target, args.force)?;
    let made = make_and_verify(workbench, file, target, &landing, args).await?;
    landing.land()?;
    Ok(made)
}

async fn make_and_verify(
    workbench: &Workbench,
    file: &Path,
    target: &Path,
    landing: &Landing,
    args: &Args,
) -> Result<MadeFlac, Mishap> {
    let bar = Bar::new(&file.to_string_lossy(), !args.json);
    let source = FileSource::open(file).await.map_err(Trouble::reading(file))?;
    let mut sink = FileSink::new(landing.file()?);
    let order = making::order(&args.options.flac());
    let made = making::flac(workbench, order, &source, &mut sink, reporter(&bar, "encoding")).await;
    let made = made.map_err(Problem::from)?;
    sink.finish().await.map_err(Trouble::writing(target))?;
    if args.no_verify {
        return Ok(made);
    }
    let stored = FileSource::open(landing.part()).await.map_err(Trouble::reading(target))?;
    let reporter = reporter(&bar, "verifying");
    match workbench.run(Job::VerifyFlac, &stored, &mut Nowhere, reporter, pending()).await? {
        Answer::Verified(facts) if facts == made.facts => Ok(made),
        Answer::Verified(_) => {
            let says = "The FLAC does not read back as it was written.";
            Err(Problem::new(Kind::OutputUnverified, says).into())
        }
        other => Err(Problem::odd_answer(&other).into()),
    }
}

fn reporter(bar: &Bar, stage: &'static str) -> impl FnMut(Report) {
    bar.stage(stage);
    move |report: Report| bar.at(report.done_samples, report.total_samples.unwrap_or(report.done_samples))
}

fn say(args: &Args, file: &Path, target: &Path, outcome: Result<MadeFlac, Mishap>) -> Result<(), Failure> {
    match outcome {
        Ok(made) if args.json => line(done(file, target, &made, !args.no_verify)),
        Ok(made) => line(format!("{} → {} ({})", shown(file), shown(target), size(made.bytes))),
        Err(mishap) if args.json => {
            let problem = match mishap {
                Mishap::Problem(Problem { problem }) => {
                    json!({ "type": problem.kind, "title": problem.kind.title(), "detail": problem.detail })
                }
                Mishap::File(trouble) => json!({ "type": trouble.name(), "title": trouble.to_string() }),
            };
            line(json!({ "file": file.to_string_lossy(), "problem": problem }))
        }
        Err(Mishap::Problem(Problem { problem })) => {
            eprintln!("{}: {} {}", shown(file), problem.kind.title(), printable(&problem.detail));
            Ok(())
        }
        Err(Mishap::File(trouble)) => {
            eprintln!("lockgate: {trouble}");
            Ok(())
        }
    }
}

fn done(file: &Path, target: &Path, made: &MadeFlac, verified: bool) -> Value {
    json!({
        "file": file.to_string_lossy(),
        "output": target.to_string_lossy(),
        "bytes": made.bytes,
        "verified": verified,
        "media": activities::flac::description(made),
    })
}
