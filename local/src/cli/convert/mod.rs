//! `lockgate convert`: files here and now, without a server. The same child as the server's decodes, encodes and reads
//! the result back; the result appears under its name only when it was verified, or when nobody wanted that.

mod captions;
mod flac;
mod proxies;
mod thumbnails;
mod video;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use activities::child::files::FileSource;
use activities::child::{RecipeLimits, Workbench};
use activities::failure::Failure as Problem;
use activities::recipes::proxies::Wanted;
use media::Report;
use serde_json::{Map, Value, json};
use states::Recipe;
use states::options::{self, Refused};

use super::Failure;
use super::files::{self, Place, Trouble};
use super::interrupt::unless_interrupted;
use super::options::{Options, option};
use super::screen::{Bar, line, printable, shown, size};
use crate::assemble::workbench;
use crate::config::{self, Command};

#[derive(clap::Args)]
pub(super) struct Args {
    /// The files to convert
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What to make of them [default: what suits the file's name, else flac]
    #[arg(long, value_name = "RECIPE", value_parser = recipe)]
    to: Option<Recipe>,
    /// Where the result goes: a file for one FILE, or a folder; NAME/ makes one [default: beside each FILE]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
    /// What a recipe other than flac lets one choose, such as count=12; may be given more than once
    #[arg(long = "option", value_name = "NAME=VALUE", value_parser = option)]
    more: Vec<(String, Value)>,
    /// A lockgate.toml, of which [proxies] and [limits.RECIPE] count [default: none]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder that ffmpeg and ffprobe lie in [default: the first of PATH]
    #[arg(long, env = "LOCKGATE_FFMPEG", value_name = "DIR")]
    ffmpeg: Option<PathBuf>,
    /// What writes captions, with {wav} for what it listens to and {base} for its result without .vtt
    #[arg(long, env = "LOCKGATE_CAPTIONER", value_name = "COMMAND", value_parser = Command::parse)]
    captioner: Option<Command>,
    /// Write the waveform of each sound too, as NAME.peaks.json beside its FLAC
    #[arg(long)]
    peaks: bool,
    /// Replace results that are already there
    #[arg(long)]
    force: bool,
    /// Do not read the result back and compare what it decodes to; a film is looked at all the same
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
    let (wanted, limits) = config::recipes(args.config.as_deref())?;
    let workshop =
        Workshop { workbench: workbench(args.ffmpeg.as_deref(), &std::env::temp_dir())?, wanted, limits };
    unless_interrupted(all(&workshop, &place, &args)).await
}

/// Where all files are made, and how.
struct Workshop {
    workbench: Workbench,
    wanted: Wanted,
    limits: RecipeLimits,
}

async fn all(workshop: &Workshop, place: &Place<'_>, args: &Args) -> Result<ExitCode, Failure> {
    let chosen = args.files.iter().map(|file| args.to.unwrap_or_else(|| recipe_for(file)));
    let plans = chosen.map(|recipe| Plan::of(recipe, args)).collect::<Result<Vec<_>, _>>()?;
    let mut all_well = true;
    let mut taken = HashSet::new();
    for (file, plan) in args.files.iter().zip(&plans) {
        let targets = match plan {
            Plan::Flac => flac::targets(args.peaks, place.of(&file.with_extension("flac"))),
            Plan::Proxies => proxies::targets(&workshop.wanted, &place.of(file)),
            Plan::Video(wish) => {
                let tail = format!("-{}.{}", wish.preset, wish.ending());
                vec![place.of(&with_tail(file, &tail))]
            }
            Plan::Captions(_) => captions::targets(&place.of(file)),
            Plan::Thumbnails(_) => vec![place.of(&with_tail(file, "-frames.zip"))],
        };
        let outcome = match targets.iter().find(|target| taken.contains(*target)) {
            Some(target) => Err(Trouble::Taken(target.clone()).into()),
            None => one(workshop, file, plan, &targets, args).await,
        };
        all_well &= outcome.is_ok();
        say(args, file, outcome)?;
        taken.extend(targets);
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What to make of a file, as the options say.
enum Plan {
    Flac,
    Proxies,
    Thumbnails(options::Thumbnails),
    Video(options::Video),
    Captions(Command),
}

impl Plan {
    fn recipe(&self) -> Recipe {
        match self {
            Self::Flac => Recipe::Flac,
            Self::Proxies => Recipe::Proxies,
            Self::Thumbnails(_) => Recipe::Thumbnails,
            Self::Video(_) => Recipe::Video,
            Self::Captions(_) => Recipe::Captions,
        }
    }

    fn of(recipe: Recipe, args: &Args) -> Result<Self, Failure> {
        let more = args.more.iter().cloned().collect();
        let refused = |refused: Refused| Failure::Usage(format!("--option {refused}"));
        match recipe {
            Recipe::Flac if args.more.is_empty() => Ok(Self::Flac),
            Recipe::Flac => Err(Failure::Usage("the options of flac have flags of their own".to_owned())),
            Recipe::Proxies => options::check(recipe, &more).map(|()| Self::Proxies).map_err(refused),
            Recipe::Captions => options::check(recipe, &more).map_err(refused).and_then(|()| {
                let command = args.captioner.clone();
                let missing = "captions need a --captioner that writes them".to_owned();
                command.map(Self::Captions).ok_or(Failure::Usage(missing))
            }),
            Recipe::Video => options::Video::read(&more).map(Self::Video).map_err(refused),
            Recipe::Thumbnails => options::Thumbnails::read(&more).map(Self::Thumbnails).map_err(refused),
        }
    }
}

/// The file's name with another tail than its ending.
fn with_tail(file: &Path, tail: &str) -> PathBuf {
    let mut name = file.file_stem().unwrap_or_default().to_owned();
    name.push(tail);
    file.with_file_name(name)
}

/// What the inbox would make of the file; where its name says nothing, its bytes may turn out to be sound.
fn recipe_for(file: &Path) -> Recipe {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Recipe::default_for("", &name).unwrap_or(Recipe::Flac)
}

/// One file, with what every recipe needs for it.
struct Work<'a> {
    workbench: &'a Workbench,
    source: &'a FileSource,
    bar: Bar,
    args: &'a Args,
}

impl Work<'_> {
    fn reporter(&self, stage: &'static str) -> impl FnMut(Report) + use<'_> {
        self.bar.stage(stage);
        |report: Report| self.bar.at(report.done, report.total.unwrap_or(report.done))
    }

    /// A result that was read back, unless nobody wanted that.
    fn made(&self, target: &Path, bytes: u64, media: Map<String, Value>) -> Made {
        Made { target: target.to_owned(), bytes, verified: !self.args.no_verify, media }
    }
}

/// A result that has landed.
struct Made {
    target: PathBuf,
    bytes: u64,
    verified: bool,
    /// What it is, for people and programs.
    media: Map<String, Value>,
}

async fn one(
    workshop: &Workshop,
    file: &Path,
    plan: &Plan,
    targets: &[PathBuf],
    args: &Args,
) -> Result<Vec<Made>, Mishap> {
    files::length(file)?;
    let itself = std::fs::canonicalize(file).ok();
    if itself.is_some() && targets.iter().any(|target| std::fs::canonicalize(target).ok() == itself) {
        return Err(Trouble::Itself(file.to_owned()).into());
    }
    let source = FileSource::open(file).await.map_err(Trouble::reading(file))?;
    let bar = Bar::new(&file.to_string_lossy(), !args.json);
    let workbench = &workshop.workbench.within(workshop.limits.of(plan.recipe()));
    let work = Work { workbench, source: &source, bar, args };
    match plan {
        Plan::Flac => flac::make(&work, targets).await,
        Plan::Proxies => proxies::make(&work, &workshop.wanted, targets).await,
        Plan::Video(wish) => video::make(&work, *wish, &targets[0]).await,
        Plan::Captions(command) => captions::make(&work, command, targets).await,
        Plan::Thumbnails(wish) => thumbnails::make(&work, *wish, &targets[0]).await,
    }
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

fn say(args: &Args, file: &Path, outcome: Result<Vec<Made>, Mishap>) -> Result<(), Failure> {
    match outcome {
        Ok(made) if args.json => made.iter().try_for_each(|made| line(done(file, made))),
        Ok(made) => made.iter().try_for_each(|made| {
            line(format!("{} → {} ({})", shown(file), shown(&made.target), size(made.bytes)))
        }),
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

fn done(file: &Path, made: &Made) -> Value {
    json!({
        "file": file.to_string_lossy(),
        "output": made.target.to_string_lossy(),
        "bytes": made.bytes,
        "verified": made.verified,
        "media": made.media,
    })
}
