//! Time and randomness for the engine: the system's, or a test's own.

#![expect(clippy::disallowed_methods, reason = "the edge reads the clock for the core")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::{Millis, Tick};

/// The longest sleep on the system's clock. After it the clock is read again, so that a clock set forward or back, or
/// a machine that slept, is noticed in time.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);

/// What the engine reads the time from and draws seeds from.
#[derive(Clone)]
pub struct Ticks {
    source: Source,
}

#[derive(Clone)]
enum Source {
    System,
    Manual { now: watch::Receiver<Millis>, seeds: Arc<AtomicU64> },
}

/// Moves a manual clock.
pub struct Hand {
    now: watch::Sender<Millis>,
}

impl Ticks {
    pub fn system() -> Self {
        Self { source: Source::System }
    }

    /// A clock that stands still until its hand is moved, and seeds that follow from `seed`.
    pub fn manual(start: Millis, seed: u64) -> (Self, Hand) {
        let (hand, now) = watch::channel(start);
        (Self { source: Source::Manual { now, seeds: Arc::new(AtomicU64::new(seed)) } }, Hand { now: hand })
    }

    pub fn now(&self) -> Millis {
        match &self.source {
            Source::System => jiff::Timestamp::now().as_millisecond(),
            Source::Manual { now, .. } => *now.borrow(),
        }
    }

    pub fn tick(&self) -> Tick {
        let seed = match &self.source {
            Source::System => rand::random(),
            Source::Manual { seeds, .. } => spread(seeds.fetch_add(1, Ordering::Relaxed)),
        };
        Tick { now: self.now(), seed }
    }

    /// Returns when the clock shows `at` or later; `None` never comes.
    pub async fn sleep_until(&self, at: Option<Millis>) {
        let Some(at) = at else { return std::future::pending().await };
        match &self.source {
            Source::System => loop {
                let left = at - self.now();
                if left <= 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(left.unsigned_abs()).min(LONGEST_SLEEP)).await;
            },
            Source::Manual { now, .. } => {
                let reached = now.clone().wait_for(|now| *now >= at).await.is_ok();
                if !reached {
                    std::future::pending().await // the hand is gone: the time will not come
                }
            }
        }
    }
}

impl Hand {
    pub fn advance(&self, by: Duration) {
        let by = Millis::try_from(by.as_millis()).unwrap_or(Millis::MAX);
        self.now.send_modify(|now| *now = now.saturating_add(by));
    }

    pub fn set(&self, to: Millis) {
        self.now.send_replace(to);
    }
}

/// SplitMix64's output function: neighbouring counters become unrelated seeds.
fn spread(counter: u64) -> u64 {
    let mut z = counter.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
