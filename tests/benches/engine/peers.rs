//! The table: each number of workflows in flight, each contender after the other, all of it twice.

use std::num::NonZero;
use std::time::Duration;

use anyhow::Result;

use crate::cell::Cell;
use crate::contenders::{Contender, lockgate, peers};
use crate::duration;

const IN_FLIGHT: [usize; 3] = [1, 16, 256];
const ROUNDS: usize = 2;

pub(crate) async fn run() -> Result<()> {
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
        "\n{:>5} {:>9}  {:<15} {:>11} {:>10} {:>10}   {} ÷ it",
        "round",
        "in flight",
        "",
        "workflows/s",
        "p50",
        "p99",
        ours.each_ref().map(|ours| ours.name()).join(" ÷ it, ")
    );
    for round in 1..=ROUNDS {
        for in_flight in IN_FLIGHT {
            let mut rates = Vec::new();
            for contender in everybody.iter().filter(|contender| contender.takes_part(in_flight)) {
                let cell = contender.measure(in_flight).await?;
                let of_ours: Vec<_> = rates.iter().take(ours.len()).map(|ours| ours / cell.rate).collect();
                rates.push(cell.rate);
                let ratios = if rates.len() > ours.len() { show_ratios(&of_ours) } else { String::new() };
                println!("{round:>5} {in_flight:>9}  {:<15} {}   {ratios}", contender.name(), show(cell));
            }
        }
    }
    Ok(())
}

fn show(cell: Cell) -> String {
    let time = |time: Option<Duration>| time.map_or_else(|| "–".to_owned(), |time| format!("{time:.1?}"));
    let (half, most) = cell.times.unzip();
    format!("{:>11.1} {:>10} {:>10}", cell.rate, time(half), time(most))
}

fn show_ratios(ratios: &[f64]) -> String {
    let shown: Vec<_> = ratios.iter().map(|ratio| format!("{ratio:>8.1} ×")).collect();
    shown.join("  ")
}
