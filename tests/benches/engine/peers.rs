//! The table: each number of workflows in flight, each contender after the other, all of it in every round.

use std::num::NonZero;
use std::time::Duration;

use anyhow::Result;

use crate::cell::Cell;
use crate::contenders::{Contender, lockgate, peers};
use crate::verdicts::{Bar, Verdicts};
use crate::{ROUNDS, duration};

const IN_FLIGHT: [usize; 3] = [1, 16, 256];

pub(crate) async fn run(verdicts: &mut Verdicts) -> Result<()> {
    let ours = lockgate().await?;
    let peers = peers().await?;
    let everybody: Vec<&dyn Contender> = ours.iter().chain(&peers).map(Box::as_ref).collect();
    println!(
        "Ten steps over HTTP; ours and Restate's are durable before the next begins, the others keep nothing."
    );
    println!(
        "Interleaved, {:?} a cell, on {} processors that the clients share.",
        duration(),
        std::thread::available_parallelism().map_or(1, NonZero::get)
    );
    for contender in &everybody {
        println!("  {:<15} {}", contender.name(), contender.about());
    }
    println!(
        "\n{:>5} {:>9}  {:<15} {:>11} {:>10} {:>10}",
        "round", "in flight", "", "workflows/s", "p50", "p99"
    );
    for round in 1..=ROUNDS {
        for in_flight in IN_FLIGHT {
            let mut rates = Vec::new();
            for contender in everybody.iter().filter(|contender| contender.takes_part(in_flight)) {
                let name = contender.name();
                match contender.measure(in_flight).await {
                    Ok(cell) => {
                        println!("{round:>5} {in_flight:>9}  {name:<15} {}", show(cell));
                        rates.push((name, cell.rate));
                    }
                    // Ours have to stand it; a peer that does not is told of, and the others are measured all the same.
                    Err(error) if rates.len() >= ours.len() => {
                        let why = error.to_string();
                        let why = why.lines().next().unwrap_or_default();
                        println!("{round:>5} {in_flight:>9}  {name:<15} gave up: {why}");
                    }
                    Err(error) => return Err(error),
                }
            }
            let (ours, peers) = rates.split_at(ours.len());
            for (peer, its) in peers {
                for (row, (our, rate)) in ours.iter().enumerate() {
                    if let Some(wanted) = wanted(row == 0, peer, in_flight) {
                        let what = format!("ten steps {our}, {in_flight} in flight, beside {peer}");
                        verdicts.note(what, Bar::AtLeast(wanted, "×"), rate / its);
                    }
                }
            }
        }
    }
    Ok(())
}

/// How many times as fast as this peer we want to be, in our own process or with tasks behind HTTP.
fn wanted(in_process: bool, peer: &str, in_flight: usize) -> Option<f64> {
    match (peer, in_process, in_flight) {
        ("Restate", true, 1) => Some(5.0),
        ("Restate", true, 16) => Some(10.0),
        ("Restate", true, _) => Some(20.0),
        ("Restate", false, _) => Some(3.0),
        (_, true, _) => Some(50.0),
        (_, false, _) => None,
    }
}

fn show(cell: Cell) -> String {
    let time = |time: Option<Duration>| time.map_or_else(|| "–".to_owned(), |time| format!("{time:.1?}"));
    let (half, most) = cell.times.unzip();
    format!("{:>11.1} {:>10} {:>10}", cell.rate, time(half), time(most))
}
