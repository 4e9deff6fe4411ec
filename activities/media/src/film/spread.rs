//! At which times of a film frames are wanted, and which of those that come are nearest to them.

use serde::{Deserialize, Serialize};

use crate::Problem;

/// How frames are spread over a film.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spread {
    /// The film is cut into so many parts of the same length, and the middle of each is wanted.
    Count(u32),
    /// One at the beginning, and one each time that so much has passed.
    Every { milliseconds: u64 },
}

/// More than this are not made of one film.
const MOST: u64 = 1000;

impl Spread {
    /// The times, in milliseconds and rising, of a film of this length.
    pub fn times(self, length: u64) -> Result<Vec<u64>, Problem> {
        match self {
            Self::Count(count) => {
                let count = u64::from(count);
                Ok((0..count).map(|part| (2 * part + 1) * length / (2 * count)).collect())
            }
            Self::Every { milliseconds } => {
                let count = length.div_ceil(milliseconds.max(1)).max(1);
                if count > MOST {
                    let what = format!("{count} frames of one film; the limit is {MOST}");
                    return Err(Problem::TooLarge { what });
                }
                Ok((0..count).map(|part| part * milliseconds).collect())
            }
        }
    }
}

/// Deals frames that come in the order of time out to the times they are nearest to. Each frame goes to one time.
pub(crate) struct Nearest<T> {
    times: std::vec::IntoIter<u64>,
    next: Option<u64>,
    before: Option<(u64, T)>,
}

/// Which frame is nearest to a time, once it is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dealt<T> {
    pub(crate) wanted: u64,
    pub(crate) at: u64,
    pub(crate) frame: T,
}

/// Two times have the same nearest frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shared;

impl<T> Nearest<T> {
    pub(crate) fn new(times: Vec<u64>) -> Self {
        let mut times = times.into_iter();
        Self { next: times.next(), times, before: None }
    }

    /// Takes a frame, and answers what it has made sure of.
    pub(crate) fn take(&mut self, at: u64, frame: T) -> Result<Vec<Dealt<T>>, Shared> {
        let Some(wanted) = self.next else { return Ok(Vec::new()) };
        if at < wanted {
            self.before = Some((at, frame));
            return Ok(Vec::new());
        }
        let earlier = self.before.take().filter(|(before, _)| wanted - *before <= at - wanted);
        let (first, kept) = match earlier {
            Some((before, earlier)) => (Dealt { wanted, at: before, frame: earlier }, Some(frame)),
            None => (Dealt { wanted, at, frame }, None),
        };
        let used = first.at;
        let mut dealt = vec![first];
        self.next = self.times.next();
        match (self.next.filter(|next| at >= *next), kept) {
            // It is behind the next time as well, which it or the one before it is nearest to.
            (Some(next), Some(frame)) if next - used >= at - next => {
                dealt.push(Dealt { wanted: next, at, frame });
                self.next = self.times.next();
                if self.next.is_some_and(|next| at >= next) {
                    return Err(Shared);
                }
            }
            (Some(_), _) => return Err(Shared),
            (None, kept) => self.before = kept.map(|frame| (at, frame)),
        }
        Ok(dealt)
    }

    /// What the last frame is nearest to, and whether every time has got a frame.
    pub(crate) fn end(mut self) -> Result<Option<Dealt<T>>, Shared> {
        let Some(wanted) = self.next else { return Ok(None) };
        let Some((at, frame)) = self.before else { return Err(Shared) };
        match self.times.next() {
            Some(_) => Err(Shared),
            None => Ok(Some(Dealt { wanted, at, frame })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frames dealt to these times, by their own times.
    fn dealt(times: &[u64], frames: &[u64]) -> Result<Vec<u64>, Shared> {
        let mut nearest = Nearest::new(times.to_vec());
        let mut found = Vec::new();
        for &frame in frames {
            found.extend(nearest.take(frame, ())?.iter().map(|dealt| dealt.at));
        }
        found.extend(nearest.end()?.map(|dealt| dealt.at));
        Ok(found)
    }

    #[test]
    fn each_time_gets_the_frame_that_is_nearest() {
        assert_eq!(dealt(&[10, 20], &[0, 8, 13, 19, 22, 90]), Ok(vec![8, 19]));
        assert_eq!(dealt(&[10, 20], &[9, 20]), Ok(vec![9, 20]));
        assert_eq!(dealt(&[10, 20], &[12, 18]), Ok(vec![12, 18]));
        assert_eq!(dealt(&[5], &[0, 100]), Ok(vec![0]));
        assert_eq!(dealt(&[10, 20], &[8, 25]), Ok(vec![8, 25]));
        assert_eq!(dealt(&[10, 20, 30], &[8, 25, 27, 60]), Ok(vec![8, 25, 27]));
    }

    #[test]
    fn no_frame_serves_two_times() {
        assert_eq!(dealt(&[10, 20, 30], &[0, 100]), Err(Shared));
        assert_eq!(dealt(&[10, 20], &[15]), Err(Shared));
        assert_eq!(dealt(&[10, 20], &[0, 19]), Err(Shared));
        assert_eq!(dealt(&[10, 11], &[0, 12]), Err(Shared));
        assert_eq!(dealt(&[10], &[]), Err(Shared));
    }

    #[test]
    fn times_are_spread_evenly_and_are_not_too_many() {
        assert_eq!(Spread::Count(2).times(1000), Ok(vec![250, 750]));
        assert_eq!(Spread::Every { milliseconds: 400 }.times(1000), Ok(vec![0, 400, 800]));
        assert_eq!(Spread::Every { milliseconds: 5000 }.times(1000), Ok(vec![0]));
        assert!(Spread::Every { milliseconds: 1 }.times(1001).is_err());
    }
}
