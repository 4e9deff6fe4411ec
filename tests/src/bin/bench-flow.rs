//! `make bench-flow`: how long a session waits for its first encoded byte, and how long its last byte waits for Done.
//! The release binary is started here. Its meters add up what each session took, to the millisecond; with one session at
//! a time, what they have grown by is what that session took.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tests::flow::{Flow, PATIENCE};
use tests::server::{Server, Setup};
use tests::sound::wav;

const SESSIONS: u64 = 200;
const METERS: [(&str, &str); 2] = [
    ("lockgate_start_to_first_byte_seconds", "PUT /xcode to first encoder byte"),
    ("lockgate_last_byte_to_done_seconds", "last byte to Done"),
];

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), &Setup::default())?.context("lockgate did not become ready")?;
    let flow = Flow::new(&server.url);
    let file = wav(10 * 44_100, 1);
    let mut times = METERS.map(|_| Vec::new());
    let mut before = [0.0; METERS.len()];
    for n in 0..SESSIONS {
        let session = flow.run("a.wav", &file, &n.to_string()).await?;
        ensure!(session["state"] == "Done", "{session:#}");
        let meters = counted(&flow, n + 1).await?;
        for ((times, before), (meter, _)) in times.iter_mut().zip(&mut before).zip(METERS) {
            ensure!(
                value(&meters, &format!("{meter}_count"))? as u64 == n + 1,
                "{meter} has not counted once"
            );
            let sum = value(&meters, &format!("{meter}_sum"))?;
            times.push((sum - *before) * 1e3);
            *before = sum;
        }
    }
    println!("{SESSIONS} sessions of 10 s, one after the other; milliseconds");
    for (mut times, (_, title)) in times.into_iter().zip(METERS) {
        times.sort_by(f64::total_cmp);
        let quantile = |share: f64| times[((times.len() as f64 * share).ceil() as usize).max(1) - 1];
        let [least, p50, p99, most] = [0.0, 0.5, 0.99, 1.0].map(quantile);
        println!("{title:34} least {least:5.0}   p50 {p50:5.0}   p99 {p99:5.0}   most {most:5.0}");
    }
    Ok(())
}

/// The meters, once they have counted so many sessions: that is a moment after the last one is seen to be Done.
async fn counted(flow: &Flow, sessions: u64) -> Result<String> {
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    let began = Instant::now();
    loop {
        let meters = flow.http.get(format!("{}/metrics", flow.url)).send().await?.text().await?;
        let count = |meter: &str| value(&meters, &format!("{meter}_count")).unwrap_or_default() as u64;
        if METERS.iter().all(|(meter, _)| count(meter) == sessions) {
            return Ok(meters);
        }
        ensure!(began.elapsed() < PATIENCE, "the meters have not counted {sessions} sessions:\n{meters}");
        ticks.tick().await;
    }
}

fn value(meters: &str, name: &str) -> Result<f64> {
    let found = meters.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    found.with_context(|| format!("there is no meter {name}"))?.parse().context("a meter is a number")
}
