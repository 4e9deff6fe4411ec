//! How long work is going to take yet, as a range: it does not go at one pace, and one number would be a lie. The page
//! tells it in the same way (`web/src/app/parts/eta.ts`).

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use indicatif::ProgressState;
use indicatif::style::ProgressTracker;

/// How many samples are remembered, and how far apart they are, as shares of the whole.
const MOST_SAMPLES: usize = 40;
const APART: f64 = 0.005;

/// What must have been seen before anything is said.
const ENOUGH: f64 = 0.02;
const ENOUGH_TIME: Duration = Duration::from_millis(1500);

/// Follows a bar, and writes what is left behind it.
#[derive(Clone, Default)]
pub(super) struct Left {
    samples: VecDeque<Sample>,
    now: Option<Instant>,
}

#[derive(Clone, Copy)]
struct Sample {
    at: Instant,
    /// Of the whole.
    done: f64,
}

/// From the fastest to the slowest pace seen so far.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Range {
    least: f64,
    most: f64,
}

impl Left {
    /// Takes note of how much is done. Less than before is other work: what was before says nothing about it.
    fn sample(&mut self, at: Instant, done: f64) {
        self.now = Some(at);
        match self.samples.back() {
            Some(last) if done < last.done => self.samples.clear(),
            Some(last) if done < last.done + APART => return,
            _ => {}
        }
        self.samples.push_back(Sample { at, done });
        if self.samples.len() > MOST_SAMPLES {
            self.samples.pop_front();
        }
    }

    /// Nothing while too little was seen.
    fn range(&self) -> Option<Range> {
        let (first, last) = (*self.samples.front()?, *self.samples.back()?);
        if last.done - first.done < ENOUGH || last.at - first.at < ENOUGH_TIME {
            return None;
        }
        let middle = self.samples[self.samples.len() / 2];
        let since = (self.now? - last.at).as_secs_f64();
        let mut range = Range { least: f64::INFINITY, most: 0.0 };
        for (from, to) in [(first, last), (first, middle), (middle, last)] {
            let taken = (to.at - from.at).as_secs_f64();
            if to.done > from.done && taken > 0.0 {
                let left = (1.0 - last.done) * taken / (to.done - from.done) - since;
                range.least = range.least.min(left.max(0.0));
                range.most = range.most.max(left);
            }
        }
        Some(Range { least: range.least * 0.9, most: range.most * 1.1 })
    }
}

impl fmt::Display for Range {
    /// `20–40 s`
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.most {
            ..90.0 => (1.0, "s"),
            ..5400.0 => (60.0, "min"),
            _ => (3600.0, "h"),
        };
        let step = if unit == 1.0 && self.most > 20.0 { 5.0 } else { 1.0 };
        let low = (self.least / unit / step).floor() * step;
        let high = ((self.most / unit / step).ceil() * step).max(low + step);
        if low == 0.0 { write!(out, "< {high} {name}") } else { write!(out, "{low}–{high} {name}") }
    }
}

impl ProgressTracker for Left {
    fn clone_box(&self) -> Box<dyn ProgressTracker> {
        Box::new(self.clone())
    }

    fn tick(&mut self, state: &ProgressState, now: Instant) {
        self.sample(now, f64::from(state.fraction()));
    }

    fn reset(&mut self, _: &ProgressState, _: Instant) {
        *self = Self::default();
    }

    fn write(&self, _: &ProgressState, out: &mut dyn fmt::Write) {
        if let Some(range) = self.range() {
            let _ = write!(out, "{range}"); // a screen that cannot be written to shows nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said after samples at these seconds.
    fn said(samples: &[(f64, f64)], now: f64) -> Option<String> {
        let start = Instant::now();
        let mut left = Left::default();
        for &(at, done) in samples {
            left.sample(start + Duration::from_secs_f64(at), done);
        }
        left.now = Some(start + Duration::from_secs_f64(now));
        left.range().map(|range| range.to_string())
    }

    #[test]
    fn nothing_is_said_while_too_little_was_seen() {
        assert_eq!(said(&[], 0.0), None);
        assert_eq!(said(&[(0.0, 0.0), (5.0, 0.01)], 5.0), None);
        assert_eq!(said(&[(0.0, 0.0), (1.0, 0.5)], 1.0), None);
    }

    #[test]
    fn the_range_spans_the_paces_that_were_seen() {
        let even = [(0.0, 0.0), (10.0, 0.1), (20.0, 0.2)];
        assert_eq!(said(&even, 20.0).unwrap(), "70–90 s");
        let slower = [(0.0, 0.0), (10.0, 0.3), (30.0, 0.4)];
        assert_eq!(said(&slower, 30.0).unwrap(), "< 3 min");
        assert_eq!(said(&[(0.0, 0.0), (2.0, 0.5), (3.9, 0.99)], 4.0).unwrap(), "< 1 s");
        assert_eq!(said(&[(0.0, 0.0), (3600.0, 0.25)], 3600.0).unwrap(), "2–4 h");
    }

    #[test]
    fn other_work_begins_anew() {
        let both = [(0.0, 0.0), (10.0, 0.5), (20.0, 1.0), (21.0, 0.0), (30.8, 0.5)];
        assert_eq!(said(&both, 30.8).unwrap(), "8–11 s");
    }
}
