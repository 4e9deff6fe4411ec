//! The film bench: sixty frames of ten minutes in 1080p beside ffmpeg's plain way to them, ten frames of a file that is
//! elsewhere, and a film made anew beside ffmpeg with the same settings.
//!
//! `make bench-video`, or `target/release/bench-video` where that is built already. `RUNS` says how often each runs, in
//! turn; the median counts. `BENCH_DIR` says on which disk.

mod remote;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use tests::bench;
use tests::bench::measure::{self, Taken};
use tests::server::binary;

const MINUTES: u32 = 10;

fn main() -> Result<()> {
    let folder = bench::folder()?;
    let runs = bench::runs().unwrap_or(3);
    let (minute, film) = (folder.path().join("minute.mp4"), folder.path().join("film.mp4"));
    shoot(&minute, &film)?;
    println!("{MINUTES} minutes of 1080p, {:.1} MB", std::fs::metadata(&film)?.len() as f64 / 1e6);
    frames(&film, folder.path(), runs)?;
    remote::run(&film)?;
    encoding(&minute, folder.path(), runs)
}

/// A minute in which something moves, with grain, and that minute ten times over.
fn shoot(minute: &Path, film: &Path) -> Result<()> {
    let picture = "testsrc2=s=1920x1080:r=30:d=60,noise=alls=8:allf=t";
    let encoder =
        ["-c:v", "libx264", "-preset", "veryfast", "-crf", "30", "-g", "250", "-pix_fmt", "yuv420p"];
    ffmpeg(|command| {
        command.args(["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=frequency=440:duration=60"]);
        command.args(encoder).args(["-c:a", "aac"]).arg(minute)
    })?;
    let more = (MINUTES - 1).to_string();
    ffmpeg(|command| command.args(["-stream_loop", &more, "-i"]).arg(minute).args(["-c", "copy"]).arg(film))
}

fn ffmpeg(arguments: impl FnOnce(&mut Command) -> &mut Command) -> Result<()> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y"]);
    let status = arguments(&mut command).status()?;
    ensure!(status.success(), "{command:?}");
    Ok(())
}

fn words(line: &[&str]) -> Vec<String> {
    line.iter().map(|&word| word.to_owned()).collect()
}

/// Both in turn, so often.
fn race(ours: (&[String], &Path), theirs: (&[String], &Path), runs: usize) -> Result<(Taken, Taken)> {
    let (mut our, mut their) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        our.push(measure::run(ours.0, ours.1)?);
        their.push(measure::run(theirs.0, theirs.1)?);
    }
    Ok((Taken::median(&our), Taken::median(&their)))
}

fn print(what: &str, (ours, theirs): (Taken, Taken), bar: f64) {
    let (wall, processor) = (ours.wall / theirs.wall, ours.processor / theirs.processor);
    println!(
        "{what:28} ours {:7.2} s, {:7.2} CPU s, {:6.1} MiB; ffmpeg {:7.2} s, {:7.2} CPU s, {:6.1} MiB; {wall:.3}× (bar {bar}×), CPU {processor:.3}×",
        ours.wall, ours.processor, ours.memory, theirs.wall, theirs.processor, theirs.memory
    );
}

fn frames(film: &Path, folder: &Path, runs: usize) -> Result<()> {
    const BAR: f64 = 0.05;
    let (zip, jpeg) = (folder.join("frames.zip"), folder.join("frame-0001.jpg"));
    let [from, to, pattern] = [film.to_owned(), zip.clone(), folder.join("frame-%04d.jpg")]
        .map(|path: PathBuf| path.to_string_lossy().into_owned());
    let program = binary()?.to_string_lossy().into_owned();
    let ours = words(&[
        &program,
        "convert",
        "--force",
        "--to",
        "thumbnails",
        "--option",
        "count=60",
        "--option",
        "width=320",
        &from,
        "-o",
        &to,
    ]);
    let theirs = words(&[
        "ffmpeg",
        "-v",
        "error",
        "-nostdin",
        "-y",
        "-i",
        &from,
        "-vf",
        "fps=1/10,scale=320:-2",
        &pattern,
    ]);
    print("60 frames of ten minutes", race((&ours, &zip), (&theirs, &jpeg), runs)?, BAR);
    Ok(())
}

/// With the settings of the preset `web`; ours are in `activities/src/making/filming.rs`.
fn encoding(film: &Path, folder: &Path, runs: usize) -> Result<()> {
    const BAR: f64 = 1.05;
    let (our, their) = (folder.join("ours.mp4"), folder.join("theirs.mp4"));
    let [from, to, other] = [film, &our, &their].map(|path| path.to_string_lossy().into_owned());
    let program = binary()?.to_string_lossy().into_owned();
    let ours =
        words(&[&program, "convert", "--force", "--to", "video", "--option", "preset=web", &from, "-o", &to]);
    let theirs = words(&[
        "ffmpeg",
        "-v",
        "error",
        "-nostdin",
        "-y",
        "-i",
        &from,
        "-vf",
        "scale=1280:720,setsar=1",
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        "24",
        "-profile:v",
        "high",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
        "-b:a",
        "128k",
        "-movflags",
        "+faststart",
        &other,
    ]);
    print("a minute as MP4, verified", race((&ours, &our), (&theirs, &their), runs)?, BAR);
    Ok(())
}
