//! `lockgate convert`: files here and now, without a server. The same child as the server's decodes, encodes and reads
//! the result back; the result appears under its name only when it was verified.

use std::future::pending;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use activities::child::files::{FileSink, FileSource};
use activities::child::{Nowhere, Workbench};
use activities::failure::Failure as Problem;
use indicatif::{ProgressBar, ProgressStyle};
use media::audio::Limits;
use media::{Answer, Job, MadeFlac, Report};
use serde_json::{Value, json};
use states::{Kind, Recipe};

use super::Failure;
use crate::assemble::workbench;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The files to convert
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What to make of them
    #[arg(long, value_name = "RECIPE", default_value = "flac", value_parser = recipe)]
    to: Recipe,
    /// Where the result goes: a file for one FILE, or a folder [default: beside each FILE]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Replace results that are already there
    #[arg(long)]
    force: bool,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

fn recipe(text: &str) -> Result<Recipe, String> {
    text.parse().map_err(|_| {
        let all: Vec<_> = states::recipe::RECIPES.iter().map(|row| row.recipe.to_string()).collect();
        format!("there is no recipe of this name; there is: {}", all.join(", "))
    })
}

#[tokio::main]
pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let into_folder = args.output.as_deref().is_some_and(Path::is_dir);
    if args.output.is_some() && args.files.len() > 1 && !into_folder {
        return Err(Failure::Usage("several FILEs need a folder as --output".to_owned()));
    }
    let workbench = workbench()?;
    let mut all_well = true;
    for file in &args.files {
        let target = target(file, args.output.as_deref(), into_folder);
        let outcome = match args.to {
            Recipe::Flac => flac(&workbench, file, &target, &args).await,
        };
        all_well &= outcome.is_ok();
        say(&args, file, &target, outcome);
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Beside the file, in the folder, or just where it was said.
fn target(file: &Path, output: Option<&Path>, into_folder: bool) -> PathBuf {
    let name = file.with_extension("flac");
    match output {
        None => name,
        Some(folder) if into_folder => folder.join(name.file_name().unwrap_or_default()),
        Some(exact) => exact.to_owned(),
    }
}

async fn flac(workbench: &Workbench, file: &Path, target: &Path, args: &Args) -> Result<MadeFlac, Problem> {
    refuse_overwriting(file, target, args.force)?;
    let part = target.with_extension("flac.part");
    let made = make_and_verify(workbench, file, &part, args).await;
    match made {
        Ok(made) => {
            std::fs::rename(&part, target).map_err(|error| cannot_write(target, &error))?;
            Ok(made)
        }
        Err(problem) => {
            let _ = std::fs::remove_file(&part); // it may not have been made at all
            Err(problem)
        }
    }
}

async fn make_and_verify(
    workbench: &Workbench,
    file: &Path,
    part: &Path,
    args: &Args,
) -> Result<MadeFlac, Problem> {
    let bar = bar(args, file);
    let source = FileSource::open(file).await.map_err(|error| cannot_read(file, &error))?;
    let mut sink = FileSink::new(std::fs::File::create(part).map_err(|error| cannot_write(part, &error))?);
    let job = Job::Flac { limits: Limits::default() };
    let answer = workbench.run(job, &source, &mut sink, reporter(&bar, "encoding"), pending()).await?;
    sink.finish().await.map_err(|error| cannot_write(part, &error))?;
    let Answer::Flac(made) = answer else { return Err(Problem::odd_answer(&answer)) };
    let stored = FileSource::open(part).await.map_err(|error| cannot_read(part, &error))?;
    let reporter = reporter(&bar, "verifying");
    let answer = workbench.run(Job::VerifyFlac, &stored, &mut Nowhere, reporter, pending()).await?;
    bar.finish_and_clear();
    match answer {
        Answer::Verified(facts) if facts == made.facts => Ok(made),
        Answer::Verified(_) => {
            Err(Problem::new(Kind::OutputUnverified, "The FLAC does not read back as it was written."))
        }
        other => Err(Problem::odd_answer(&other)),
    }
}

fn refuse_overwriting(file: &Path, target: &Path, force: bool) -> Result<(), Problem> {
    let same = std::fs::canonicalize(file).ok().zip(std::fs::canonicalize(target).ok());
    if same.is_some_and(|(file, target)| file == target) {
        return Err(Problem::new(
            Kind::StorageUnavailable,
            "The result would replace the file itself; say --output.",
        ));
    }
    if target.exists() && !force {
        let says = format!("{} is already there; say --force to replace it.", target.display());
        return Err(Problem::new(Kind::StorageUnavailable, says));
    }
    Ok(())
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(Kind::StorageUnavailable, format!("{} cannot be read: {error}.", path.display()))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Problem {
    let kind = match error.kind() {
        std::io::ErrorKind::StorageFull => Kind::StorageFull,
        _ => Kind::StorageUnavailable,
    };
    Problem::new(kind, format!("{} cannot be written: {error}.", path.display()))
}

fn bar(args: &Args, file: &Path) -> ProgressBar {
    if args.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {prefix:9} {bar:30} {percent:>3}% {eta}");
    let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(file.display().to_string());
    bar
}

fn reporter(bar: &ProgressBar, stage: &'static str) -> impl FnMut(Report) + use<> {
    let bar = bar.clone();
    bar.set_prefix(stage);
    move |report: Report| {
        bar.set_length(report.total_samples.unwrap_or(report.done_samples));
        bar.set_position(report.done_samples);
    }
}

fn say(args: &Args, file: &Path, target: &Path, outcome: Result<MadeFlac, Problem>) {
    let (from, to) = (file.display().to_string(), target.display().to_string());
    match outcome {
        Ok(made) if args.json => println!("{}", done(&from, &to, &made)),
        Ok(made) => println!("{from} → {to} ({:.1} MB)", made.bytes as f64 / 1e6),
        Err(Problem { problem }) if args.json => {
            let problem =
                json!({ "type": problem.kind, "title": problem.kind.title(), "detail": problem.detail });
            println!("{}", json!({ "file": from, "problem": problem }));
        }
        Err(Problem { problem }) => eprintln!("{from}: {} {}", problem.kind.title(), problem.detail),
    }
}

fn done(from: &str, to: &str, made: &MadeFlac) -> Value {
    json!({ "file": from, "output": to, "bytes": made.bytes, "media": activities::flac::description(made) })
}
