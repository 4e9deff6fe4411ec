//! When to try again, and when to stop trying. Pure: the time comes in.
//!
//! The schedule is the one that Standard Webhooks recommends. Each pause is lengthened by a part that follows from the
//! delivery, so that what failed at one moment does not come back at one moment, and a repeated step says the same.

use jiff::SignedDuration;
use states::Timestamp;

use crate::clock::derived_id;

#[derive(Clone, Debug)]
pub struct Terms {
    /// The pause before each try; there are as many tries as pauses.
    pub pauses: Vec<SignedDuration>,
    /// Each pause is lengthened by up to so much of itself.
    pub jitter: f64,
    /// An endpoint that is asked too much, and does not say for how long, is left alone for so long.
    pub rest: SignedDuration,
    /// The longest rest that an endpoint may ask for.
    pub longest_rest: SignedDuration,
    /// An endpoint that has failed for so long is disabled.
    pub disable_after: SignedDuration,
}

const HOUR: i64 = 3600;

/// In seconds.
const PAUSES: [i64; 10] = [0, 5, 300, 1800, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

impl Default for Terms {
    fn default() -> Self {
        Self {
            pauses: PAUSES.map(SignedDuration::from_secs).to_vec(),
            jitter: 0.1,
            rest: SignedDuration::from_secs(60),
            longest_rest: SignedDuration::from_hours(24),
            disable_after: SignedDuration::from_hours(5 * 24),
        }
    }
}

impl Terms {
    /// All times divided by `by`: a day in a test.
    pub fn divided(self, by: f64) -> Self {
        let divide = |time: SignedDuration| SignedDuration::from_secs_f64(time.as_secs_f64() / by);
        Self {
            pauses: self.pauses.into_iter().map(divide).collect(),
            jitter: self.jitter,
            rest: divide(self.rest),
            longest_rest: divide(self.longest_rest),
            disable_after: divide(self.disable_after),
        }
    }

    /// When delivery `id` is tried again after so many tries; `None` is never.
    pub fn next(&self, id: &str, tries: usize, now: Timestamp) -> Option<Timestamp> {
        self.pauses.get(tries).map(|pause| now + self.lengthened(*pause, id, tries))
    }

    /// How long an endpoint rests that said it was asked too much, and for how many seconds not to ask.
    pub fn rest(&self, asked: Option<u64>) -> SignedDuration {
        let asked =
            asked.map(|seconds| SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)));
        asked.unwrap_or(self.rest).min(self.longest_rest)
    }

    /// `pause` and what is added to it: for one delivery and try always the same. To the millisecond, as all times are kept:
    /// the engine's clock would come to a finer one a moment late.
    pub fn lengthened(&self, pause: SignedDuration, id: &str, tries: usize) -> SignedDuration {
        let digits = derived_id(&["jitter", id, &tries.to_string()]);
        let drawn =
            u32::from_str_radix(&digits[..8], 16).expect("an id begins with eight hexadecimal digits");
        let part = f64::from(drawn) / f64::from(u32::MAX) * self.jitter;
        SignedDuration::from_millis((pause.as_secs_f64() * 1000.0 * (1.0 + part)) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_ten_tries_in_three_days_each_a_little_late() {
        let terms = Terms::default();
        let begin = Timestamp::from_second(1_700_000_000).unwrap();
        let mut lengthened = std::collections::BTreeSet::new();
        for id in ["a", "b", "c", "d"] {
            let mut now = begin;
            for (tries, pause) in PAUSES.into_iter().enumerate() {
                let next = terms.next(id, tries, now).unwrap();
                let waited = next.duration_since(now).as_secs_f64();
                assert!((pause as f64..=pause as f64 * 1.1).contains(&waited), "{tries}: {waited}");
                assert_eq!(terms.next(id, tries, now), Some(next), "a repeated step says the same");
                now = next;
            }
            assert_eq!(terms.next(id, PAUSES.len(), now), None);
            lengthened.insert(now);
        }
        assert_eq!(lengthened.len(), 4, "they do not come back all at once");
    }

    #[test]
    fn a_rest_is_as_long_as_was_asked_for_within_bounds() {
        let terms = Terms::default();
        assert_eq!(terms.rest(None), SignedDuration::from_secs(60));
        assert_eq!(terms.rest(Some(7)), SignedDuration::from_secs(7));
        assert_eq!(terms.rest(Some(u64::MAX)), SignedDuration::from_hours(24));
        assert_eq!(terms.divided(60.0).rest(None), SignedDuration::from_secs(1));
    }
}
