//! The audio bench: `lockgate convert` beside ffmpeg and flac, on music that a generator makes: 3 and 60 minutes of MP3,
//! AAC, WAV of 16 bits at 44.1 kHz and of 24 bits at 96 kHz.
//!
//! `make bench-audio`, or `cargo bench --workspace --bench audio` after a release build. `QUICK=1` leaves the long files
//! out, `RUNS` says how often each contender runs in each of the two rounds, `BENCH_DIR` on which disk.
//!
//! All contenders of an input run in turn, again and again, and of each the median counts. ffmpeg makes 24 bits of MP3
//! and AAC unless it is told otherwise, at twice the size and more work; so it runs both ways there, and what is compared
//! is 16 bits with 16 bits.

mod contender;
mod inputs;
mod measure;
mod music;
mod stored;
mod table;

use std::path::PathBuf;

use anyhow::Result;

use self::contender::contenders;
use self::inputs::Input;
use self::measure::Taken;

const ROUNDS: usize = 2;

fn main() -> Result<()> {
    let disk =
        std::env::var_os("BENCH_DIR").map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from);
    let folder = tempfile::Builder::new().prefix("bench-audio-").tempdir_in(disk)?;
    let minutes: &[u32] = if std::env::var_os("QUICK").is_some() { &[3] } else { &[3, 60] };
    let asked = std::env::var("RUNS").ok().and_then(|runs| runs.parse().ok());
    for &minutes in minutes {
        let runs = asked.unwrap_or(if minutes > 3 { 2 } else { 5 });
        let mut masters = inputs::masters(folder.path(), minutes)?;
        while let Some(input) = masters.next_input()? {
            for round in 1..=ROUNDS {
                println!("\n{} · {} · round {round}, medians of {runs}", input.name, input.says()?);
                table::print(&race(&input, folder.path(), runs)?);
            }
            stored::run(&input, folder.path())?;
            std::fs::remove_file(&input.path)?;
        }
    }
    Ok(())
}

/// Every contender in turn, so often; what each took.
fn race(input: &Input, folder: &std::path::Path, runs: usize) -> Result<Vec<(String, Taken)>> {
    let contenders = contenders(input, &folder.join("out.flac"))?;
    let mut all: Vec<Vec<Taken>> = vec![Vec::new(); contenders.len()];
    for _ in 0..runs {
        for (contender, taken) in contenders.iter().zip(&mut all) {
            taken.push(measure::run(&contender.command, &contender.result)?);
            std::fs::remove_file(&contender.result)?;
        }
    }
    Ok(contenders.into_iter().map(|one| one.name).zip(all.iter().map(|taken| Taken::median(taken))).collect())
}
