//! Time and randomness for the engine: the system's, or a test's own.
//!
//! What waits must end neither early nor late when somebody sets the system's clock. So the engine goes by a *steady*
//! one: the system's as it stood, going on as the machine counts, asleep or not. What is kept is an instant all the
//! same: after a restart, the system's clock tells what is left.

#![expect(clippy::disallowed_methods, reason = "the edge reads the clock for the core")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::watch;

use crate::{Millis, Tick};

/// The longest sleep. After it the clock is read again, so that a clock set forward or back, or a machine that slept, is
/// noticed in time.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);

/// What the engine reads the time from and draws seeds from.
#[derive(Clone)]
pub struct Ticks {
    source: Source,
}

#[derive(Clone)]
enum Source {
    System,
    Steady(Arc<Steady>),
    Manual { now: watch::Receiver<Millis>, seeds: Arc<AtomicU64> },
}

/// A clock that nobody can set.
struct Steady {
    clocks: Clocks,
    /// What it is ahead of the machine's count.
    ahead: AtomicI64,
}

/// The two clocks that it is made of.
struct Clocks {
    system: Box<dyn Fn() -> Millis + Send + Sync>,
    /// Counts on through a sleep of the machine, from no particular time.
    machine: Box<dyn Fn() -> Millis + Send + Sync>,
}

/// Moves a manual clock.
pub struct Hand {
    now: watch::Sender<Millis>,
}

impl Ticks {
    /// The system's clock, whatever it is set to: for what others check against theirs.
    pub fn system() -> Self {
        Self { source: Source::System }
    }

    /// The system's clock as it stands, and steady from here on.
    pub fn steady() -> Self {
        let clocks = Clocks { system: Box::new(system), machine: Box::new(machine) };
        Self { source: Source::Steady(Arc::new(Steady::new(clocks))) }
    }

    /// A clock that stands still until its hand is moved, and seeds that follow from `seed`.
    pub fn manual(start: Millis, seed: u64) -> (Self, Hand) {
        let (hand, now) = watch::channel(start);
        (Self { source: Source::Manual { now, seeds: Arc::new(AtomicU64::new(seed)) } }, Hand { now: hand })
    }

    pub fn now(&self) -> Millis {
        match &self.source {
            Source::System => system(),
            Source::Steady(steady) => steady.now(),
            Source::Manual { now, .. } => *now.borrow(),
        }
    }

    pub fn tick(&self) -> Tick {
        let seed = match &self.source {
            Source::System | Source::Steady(_) => rand::random(),
            Source::Manual { seeds, .. } => spread(seeds.fetch_add(1, Ordering::Relaxed)),
        };
        Tick { now: self.now(), seed }
    }

    /// Takes over what the system's clock was set to, if nobody could tell: nothing waits that is due within a month, by
    /// the one clock or the other. `next` is what is due first.
    pub(super) fn agree(&self, next: Option<Millis>) {
        if let Source::Steady(steady) = &self.source {
            steady.agree(next);
        }
    }

    /// Returns when the clock shows `at` or later; `None` never comes.
    pub async fn sleep_until(&self, at: Option<Millis>) {
        let Some(at) = at else { return std::future::pending().await };
        match &self.source {
            Source::System | Source::Steady(_) => loop {
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

impl Steady {
    /// A clock set by less is not told of: it is set by a little all the time.
    const TOLD: Millis = 1000;
    /// Whatever is due later than this is told by the calendar, and not by how long it waits.
    const FAR: Millis = 30 * 24 * 60 * 60 * 1000;

    fn new(clocks: Clocks) -> Self {
        let ahead = (clocks.system)() - (clocks.machine)();
        Self { clocks, ahead: AtomicI64::new(ahead) }
    }

    fn now(&self) -> Millis {
        (self.clocks.machine)() + self.ahead.load(Ordering::Relaxed)
    }

    fn agree(&self, next: Option<Millis>) {
        let system = (self.clocks.system)();
        if next.is_some_and(|due| due.saturating_sub(system.max(self.now())) <= Self::FAR) {
            return;
        }
        let ahead = system - (self.clocks.machine)();
        let by = ahead - self.ahead.swap(ahead, Ordering::Relaxed);
        if by.abs() >= Self::TOLD {
            tracing::warn!(by, "the system's clock was set, by so many milliseconds");
        }
    }
}

fn system() -> Millis {
    jiff::Timestamp::now().as_millisecond()
}

fn machine() -> Millis {
    let since = clock_gettime(ClockId::Boottime);
    since.tv_sec * 1000 + since.tv_nsec / 1_000_000
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

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Millis = 86_400_000;

    /// A steady clock, and the hands of the two that it is made of.
    fn steady() -> (Steady, [Arc<AtomicI64>; 2]) {
        let hands = [1_700_000_000_000, 5_000].map(|at| Arc::new(AtomicI64::new(at)));
        let [system, machine] = hands.clone();
        let clocks = Clocks {
            system: Box::new(move || system.load(Ordering::Relaxed)),
            machine: Box::new(move || machine.load(Ordering::Relaxed)),
        };
        (Steady::new(clocks), hands)
    }

    #[test]
    fn a_clock_that_is_set_moves_nothing_until_nothing_waits() {
        for set in [DAY, -DAY, 30_000, -30_000] {
            let (steady, [system, machine]) = steady();
            let before = steady.now();
            system.fetch_add(set, Ordering::Relaxed);
            assert_eq!(steady.now(), before, "set by {set} ms");
            for clock in [&system, &machine] {
                clock.fetch_add(100_000, Ordering::Relaxed);
            }
            assert_eq!(steady.now(), before + 100_000, "set by {set} ms, and 100 s later");
            steady.agree(None);
            assert_eq!(steady.now(), before + set + 100_000);
        }
    }

    #[test]
    fn what_is_far_away_by_both_clocks_holds_no_setting_up() {
        for (set, due_in, agrees) in [
            (DAY, 30 * DAY, false),
            (DAY, 31 * DAY, false),
            (DAY, 32 * DAY, true),
            (-DAY, 30 * DAY, false),
            (-DAY, 31 * DAY, true),
            (400 * DAY, 365 * DAY, false),
        ] {
            let (steady, [system, _]) = steady();
            let before = steady.now();
            system.fetch_add(set, Ordering::Relaxed);
            steady.agree(Some(before + due_in));
            let expected = before + if agrees { set } else { 0 };
            assert_eq!(steady.now(), expected, "set by {set} ms, due in {due_in} ms");
        }
    }

    #[test]
    fn the_steady_clock_is_the_systems_as_it_stood() {
        let (system, steady) = (Ticks::system().now(), Ticks::steady().now());
        assert!((steady - system).abs() < 1000, "{steady} beside {system}");
    }
}
