//! The audio bench: `lockgate convert` beside ffmpeg and flac, on music that a generator makes: 3 and 60 minutes of MP3,
//! AAC, WAV of 16 bits at 44.1 kHz and of 24 bits at 96 kHz.
//!
//! `make bench-audio`, or `target/release/bench-audio` where that is built already. `QUICK=1` leaves the long files
//! out, `RUNS` says how often each contender runs in each of the two rounds, `BENCH_DIR` on which disk.
//!
//! All contenders of an input run in turn, again and again, and of each the median counts. ffmpeg makes 24 bits of MP3
//! and AAC unless it is told otherwise, at twice the size and more work; so it runs both ways there, and what is compared
//! is 16 bits with 16 bits.

mod contender;
mod inputs;
mod music;
mod stored;
mod table;

use anyhow::Result;
use tests::bench;
use tests::bench::measure::{self, Taken};

use self::contender::contenders;
use self::inputs::Input;

const ROUNDS: usize = 2;

fn main() -> Result<()> {
    let folder = bench::folder()?;
    let minutes: &[u32] = if std::env::var_os("QUICK").is_some() { &[3] } else { &[3, 60] };
    for &minutes in minutes {
        let runs = bench::runs().unwrap_or(if minutes > 3 { 2 } else { 5 });
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
