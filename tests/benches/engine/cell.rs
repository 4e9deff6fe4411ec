//! A cell of a table: so many clients, each of which starts its next piece of work when the last one has ended.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::try_join_all;

use crate::duration;

/// What was measured.
#[derive(Clone, Copy)]
pub(crate) struct Cell {
    /// How much came to its end in a second.
    pub(crate) rate: f64,
    /// Half took no longer, and 99 of 100. Unknown when only the whole was timed.
    pub(crate) times: Option<(Duration, Duration)>,
}

impl Cell {
    pub(crate) fn of(mut times: Vec<Duration>, elapsed: Duration) -> Self {
        let rate = times.len() as f64 / elapsed.as_secs_f64();
        times.sort_unstable();
        let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied();
        Self { rate, times: at(0.5).zip(at(0.99)) }
    }
}

/// Runs `work` again and again in each client for as long as a cell lasts, and then to its end. The first of each does
/// not count: it opens connections, compiles and fills caches.
pub(crate) async fn repeat<C>(mut clients: Vec<C>, work: impl AsyncFn(&mut C) -> Result<()>) -> Result<Cell> {
    try_join_all(clients.iter_mut().map(|client| work(client))).await?;
    let begin = Instant::now();
    let in_turn = async |client: &mut C| {
        let mut times = Vec::new();
        while begin.elapsed() < duration() {
            let start = Instant::now();
            work(client).await?;
            times.push(start.elapsed());
        }
        anyhow::Ok(times)
    };
    let times = try_join_all(clients.iter_mut().map(in_turn)).await?;
    Ok(Cell::of(times.concat(), begin.elapsed()))
}
