//! `make bench-flow`: how long a session waits for its first encoded byte, and how long its last byte waits for Done.
//! The release binary is started here, and tells by its own meters.

use anyhow::{Context, Result, ensure};
use tests::flow::Flow;
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
    for n in 0..SESSIONS {
        let session = flow.run("a.wav", &file, &n.to_string()).await?;
        ensure!(session["state"] == "Done", "{session:#}");
    }
    let meters = flow.http.get(format!("{}/metrics", flow.url)).send().await?.text().await?;
    println!("{SESSIONS} sessions of 10 s, one after the other");
    for (meter, title) in METERS {
        let (p50, p99) = (quantile(&meters, meter, 0.5)?, quantile(&meters, meter, 0.99)?);
        println!("{title:34} p50 ≤ {:6.1} ms   p99 ≤ {:6.1} ms", p50 * 1e3, p99 * 1e3);
    }
    Ok(())
}

/// The upper bound of the bucket that holds the quantile.
fn quantile(meters: &str, meter: &str, quantile: f64) -> Result<f64> {
    let buckets: Vec<(f64, f64)> = meters
        .lines()
        .filter_map(|line| {
            let (bound, count) = line.strip_prefix(&format!("{meter}_bucket{{le=\""))?.split_once("\"} ")?;
            Some((bound.parse().unwrap_or(f64::INFINITY), count.parse().ok()?))
        })
        .collect();
    let total = buckets.last().with_context(|| format!("there is no meter {meter}"))?.1;
    let found = buckets.iter().find(|(_, count)| *count >= quantile * total);
    found.map(|(bound, _)| *bound).context("the last bucket holds all")
}
