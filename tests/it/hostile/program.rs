//! Hostile files, given to the real program: what it and all it starts take is measured, and a good file after them is
//! well.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use states::{Kind, Recipe};
use tests::bench::measure::processor_of_children;
use tests::films::grey;
use tests::memory::{family, peak};
use tests::server::binary;
use tests::sound::{decoded, wav};

use super::{Hostile, KINDS, Trap, all, hostile, is_about_the_file, pictures, sounds, with};

const MOST_CPU: f64 = 2.0;
const MOST_MEMORY: f64 = 256e6;

/// What one run of the program took.
struct Taken {
    said: Value,
    wall: f64,
    /// Of the program and all it started.
    processor: f64,
    /// The peak of whichever of them had the most, in bytes.
    memory: f64,
}

fn run(folder: &Path, file: &Hostile) -> Result<Taken> {
    let path = folder.join(&file.name);
    std::fs::write(&path, &file.bytes)?;
    let before = processor_of_children()?;
    let began = Instant::now();
    let mut command = Command::new(binary()?);
    let recipe = file.recipe.to_string();
    command.args(["convert", "--json", "--force", "--to", &recipe, "-o", "out/", "--"]).arg(&file.name);
    let mut child = command.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut peaks = BTreeMap::new();
    while child.try_wait()?.is_none() {
        for process in family(child.id()) {
            peaks.extend(peak(process).map(|peak| (process, peak as f64)));
        }
        ensure!(began.elapsed() < Duration::from_secs(60), "{}: it takes too long", file.what);
        std::thread::park_timeout(Duration::from_millis(2));
    }
    let wall = began.elapsed().as_secs_f64();
    let output = child.wait_with_output()?;
    ensure!(output.status.code() == Some(1), "{}: it ended with {}", file.what, output.status);
    let memory = peaks.values().copied().fold(0.0, f64::max);
    let said = serde_json::from_slice(&output.stdout)?;
    Ok(Taken { said, wall, processor: processor_of_children()? - before, memory })
}

/// As [`run`]; the problem must be of one of these kinds, and nothing be taken beyond what is allowed.
fn run_within_bounds(folder: &Path, file: &Hostile, kinds: &[Kind]) -> Result<()> {
    let Taken { said, wall, processor, memory } = run(folder, file)?;
    let problem = &said["problem"];
    let kind = Kind::deserialize(&problem["type"]).with_context(|| format!("{}: {said:#}", file.what))?;
    let detail = problem["detail"].as_str().context("a problem has a detail")?;
    let (what, recipe, megabytes) = (&file.what, file.recipe, memory / 1e6);
    println!("{what:46} {recipe:10} {wall:5.2} s {processor:5.2} CPU s {megabytes:6.1} MB  {kind}: {detail}");
    is_about_the_file(what, (kind, detail), kinds)?;
    ensure!(processor <= MOST_CPU, "{what}: {processor} CPU s");
    ensure!(memory <= MOST_MEMORY, "{what}: {memory} bytes");
    Ok(())
}

fn results(folder: &Path) -> Result<usize> {
    Ok(std::fs::read_dir(folder.join("out"))?.count())
}

#[test]
fn every_hostile_file_ends_in_a_problem_soon_and_in_little_memory() -> Result<()> {
    let (folder, trap) = (tempfile::tempdir()?, Trap::set()?);
    for file in all(&trap)? {
        run_within_bounds(folder.path(), &file, &KINDS)?;
    }
    trap.has_caught_nobody()?;
    let left = results(folder.path())?;
    ensure!(left == 0, "{left} results were left");
    Ok(())
}

/// Its decoder is allowed no more memory than what it says it is takes.
#[test]
fn a_film_that_is_larger_than_it_says_is_out_of_memory_before_it_has_taken_much() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let options = &["-preset", "ultrafast", "-tune", "zerolatency", "-threads", "1", "-g", "1"];
    let film = grey("film.mp4", "8192x7680", 3, options)?;
    let sides = [320_u16, 180].map(u16::to_be_bytes);
    let lying = with(&film, b"stsd", 44, sides.as_flattened())?;
    let file = hostile("320 × 180 with frames of 8192 × 7680", "a.mp4", Recipe::Thumbnails, lying);
    run_within_bounds(folder.path(), &file, &[Kind::OutOfMemory])?;
    ensure!(results(folder.path())? == 0, "a result was left");
    Ok(())
}

/// What is said of each result of a good file, after hostile ones in the same run: whatever those leave behind is there
/// for it.
fn good_after(files: &[Hostile], (name, good): (&str, &[u8]), folder: &Path) -> Result<Vec<Value>> {
    let recipe = files[0].recipe.to_string();
    let mut names: Vec<_> =
        (0..).zip(files).map(|(number, file)| format!("{number}-{}", file.name)).collect();
    for (name, file) in names.iter().zip(files) {
        std::fs::write(folder.join(name), &file.bytes)?;
    }
    std::fs::write(folder.join(name), good)?;
    names.push(name.to_owned());
    let mut command = Command::new(binary()?);
    command.args(["convert", "--json", "--to", &recipe, "-o", "out/", "--"]).args(&names);
    let output = command.current_dir(folder).stdin(Stdio::null()).output()?;
    ensure!(output.status.code() == Some(1), "it ended with {}", output.status);
    let said = String::from_utf8(output.stdout)?;
    let mut said = said.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    ensure!(said.len() > files.len(), "{said:#?}");
    let of_good = said.split_off(files.len());
    ensure!(said.iter().all(|said| said["problem"]["type"].is_string()), "{said:#?}");
    ensure!(of_good.iter().all(|said| said["file"] == name && said["verified"] == true), "{of_good:#?}");
    let results = results(folder)?;
    ensure!(results == of_good.len(), "{results} results were left");
    Ok(of_good)
}

#[test]
fn a_good_sound_after_hostile_ones_is_well() -> Result<()> {
    let (folder, good) = (tempfile::tempdir()?, wav(44_100, 2));
    let of_good = good_after(&sounds::all()?, ("good.wav", &good), folder.path())?;
    ensure!(of_good.len() == 1, "{of_good:#?}");
    let flac = std::fs::read(folder.path().join("out/good.flac"))?;
    ensure!(decoded(&flac)? == good[44..], "the samples differ");
    Ok(())
}

#[test]
fn a_good_film_after_hostile_ones_is_well() -> Result<()> {
    let (folder, trap) = (tempfile::tempdir()?, Trap::set()?);
    let good = grey("good.mp4", "320x180", 2, &["-preset", "ultrafast", "-g", "10"])?;
    let mut files = all(&trap)?;
    files.retain(|file| file.recipe == Recipe::Thumbnails);
    let of_good = good_after(&files, ("good.mp4", &good), folder.path())?;
    ensure!(of_good.len() == 1 && of_good[0]["media"]["frames"].as_u64() > Some(0), "{of_good:#?}");
    trap.has_caught_nobody()
}

#[test]
fn a_good_picture_after_hostile_ones_is_well() -> Result<()> {
    let (folder, good) = (tempfile::tempdir()?, pictures::photo()?);
    let of_good = good_after(&pictures::all()?, ("good.jpg", &good), folder.path())?;
    ensure!(of_good.len() == 2, "{of_good:#?}");
    Ok(())
}
