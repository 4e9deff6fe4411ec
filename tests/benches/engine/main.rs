//! The engine's bench: ten-step workflows over HTTP beside what else can run them here, and what commits, waiting
//! executions and finished ones cost. At the end stands a table of all bars, with what each round came to.
//!
//! `make bench-engine`, or `target/release/bench-engine [PART…]` where that is built already, where PART is
//! `steps`, `disk`, `waiting` or `peers`. Everything of ours runs on real files with every commit fsynced. `QUICK=1`
//! measures less of everything, `BENCH_DIR` says on which disk, `BENCH_SECONDS` how long a cell lasts, and `BENCH_ONLY`
//! which of the peers run (`restate,moto`).

mod cell;
mod connection;
mod contenders;
mod disk;
mod engine;
mod machines;
mod peers;
mod steps;
mod verdicts;
mod waiting;

use std::time::Duration;

use anyhow::Result;
use tokio::runtime::{Builder, Runtime};

use verdicts::Verdicts;

/// Each is a whole run of its part, so that a disturbance shows.
const ROUNDS: usize = 2;

fn main() -> Result<()> {
    let parts: Vec<_> = std::env::args().skip(1).filter(|part| !part.starts_with('-')).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    let mut verdicts = Verdicts::default();
    // The clients share one thread: what they take is taken from whom they measure.
    let clients = Builder::new_current_thread().enable_all().build()?;
    if wanted("peers") {
        clients.block_on(peers::run(&mut verdicts))?;
    }
    for round in 1..=ROUNDS {
        if wanted("steps") {
            Runtime::new()?.block_on(steps::run(round, &mut verdicts))?;
        }
        if wanted("disk") {
            clients.block_on(disk::run(round, &mut verdicts))?;
        }
        if wanted("waiting") {
            clients.block_on(waiting::run(round, &mut verdicts))?;
        }
    }
    verdicts.print();
    Ok(())
}

fn is_quick() -> bool {
    std::env::var_os("QUICK").is_some_and(|quick| !quick.is_empty() && quick != "0")
}

/// How long a cell is measured.
fn duration() -> Duration {
    let seconds = std::env::var("BENCH_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs_f64(seconds.unwrap_or_else(|| if is_quick() { 1.5 } else { 5.0 }))
}
