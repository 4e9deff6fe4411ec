//! The picture bench: `lockgate convert` beside sharp, which works in one warm process, on two photos, a JPEG of 75 MB and a
//! PNG of 80 MB; how much either result is like the picture; and a hundred pictures posted to a server at once.
//!
//! `make bench-images`, or `target/release/bench-images [PART…]` where that is built already, where PART is `beside` or
//! `posted`. `RUNS` says how often each of the two works on each picture, in turn; the median counts. `BENCH_DIR` says on
//! which disk.

mod inputs;
mod posted;
mod sharp;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tests::bench;
use tests::bench::measure::{self, Taken};
use tests::server::binary;

use self::inputs::Input;
use self::sharp::Sharp;

fn main() -> Result<()> {
    let parts: Vec<_> = std::env::args().skip(1).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    let folder = bench::folder()?;
    if wanted("beside") {
        beside_sharp(folder.path())?;
    }
    if wanted("posted") {
        posted::run(folder.path())?;
    }
    Ok(())
}

fn beside_sharp(folder: &Path) -> Result<()> {
    let runs = bench::runs().unwrap_or(5);
    let modules = sharp::installed()?;
    println!(
        "{:22} {:>9} {:>9} {:>7} {:>7} {:>6}  {:>8} {:>8}  {:>10} {:>7}  {:>8} {:>8}",
        "",
        "ours s",
        "verified",
        "sharp s",
        "ratio",
        "bar",
        "ours MiB",
        "sharp",
        "bytes",
        "ratio",
        "SSIM",
        "sharp's"
    );
    for input in inputs::all() {
        let path = input.write(folder)?;
        race(&input, &path, folder, &modules, runs)?;
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// Where either of the two puts its results.
fn results(folder: &Path, whose: &str) -> [PathBuf; 2] {
    ["2048", "1024"].map(|side| folder.join(format!("{whose}-{side}.jpg")))
}

fn race(input: &Input, path: &Path, folder: &Path, modules: &Path, runs: usize) -> Result<()> {
    let program = binary()?.to_string_lossy().into_owned();
    let base = folder.join("ours.jpg");
    let [from, to] = [path, &base].map(|path| path.to_string_lossy().into_owned());
    let [ours, _] = results(folder, "ours");
    let convert = |more: &[&str]| -> Result<Taken> {
        let command =
            [&[program.as_str(), "convert", "--force", "--to", "proxies", &from, "-o", &to], more].concat();
        measure::run(&command.iter().map(|&word| word.to_owned()).collect::<Vec<_>>(), &ours)
    };
    let mut sharp = Sharp::start(modules)?;
    let theirs = results(folder, "sharp");
    sharp.proxies(path, &theirs)?;
    let (mut unverified, mut verified, mut warm) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        unverified.push(convert(&["--no-verify"])?);
        warm.push(sharp.proxies(path, &theirs)?);
        verified.push(convert(&[])?);
    }
    let (made, read) = (Taken::median(&unverified), Taken::median(&verified));
    warm.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (theirs_took, theirs_peak) = warm[warm.len() / 2];
    let reference = folder.join("reference.png");
    Sharp::start(modules)?.reference(path, &reference)?;
    let [theirs, _] = &theirs;
    let bytes = |path: &Path| Ok::<_, anyhow::Error>(std::fs::metadata(path)?.len() as f64);
    println!(
        "{:22} {:9.3} {:9.3} {:7.3} {:6.2}× {:5.2}×  {:8.1} {:8.1}  {:10} {:6.3}×  {:8.5} {:8.5}",
        input.name,
        made.wall,
        read.wall,
        theirs_took,
        made.wall / theirs_took,
        input.bar,
        made.memory,
        theirs_peak,
        made.bytes,
        bytes(&ours)? / bytes(theirs)?,
        similarity(&ours, &reference)?,
        similarity(theirs, &reference)?,
    );
    Ok(())
}

/// The SSIM of the brightness of two pictures of one size, as ffmpeg has it.
fn similarity(one: &Path, other: &Path) -> Result<f64> {
    let filter = "[0]format=gray[a];[1]format=gray[b];[a][b]ssim";
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-i"]).arg(one).arg("-i").arg(other);
    let output = command.args(["-lavfi", filter, "-f", "null", "-"]).output()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "ffmpeg: {text}");
    let said = text.rsplit_once("All:").map(|(_, rest)| rest.split(' ').next().unwrap_or_default());
    said.and_then(|number| number.parse().ok()).with_context(|| format!("no similarity: {text}"))
}
