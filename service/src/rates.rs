//! How many requests are taken of one user, and from one address: a bucket for each, which a request takes a token from and
//! time fills again. It has no clock; whoever asks says what time it is.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use states::Timestamp;

/// Requests at once, and in the long run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    pub burst: u32,
    pub per_minute: u32,
}

/// What may be asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowed {
    /// Of one user.
    pub user: Rate,
    /// From one address by whoever has not said who they are.
    pub address: Rate,
    /// Tries to sign in, from one address and under one name.
    pub sign_in: Rate,
}

impl Default for Allowed {
    fn default() -> Self {
        Self {
            user: Rate { burst: 300, per_minute: 600 },
            address: Rate { burst: 200, per_minute: 300 },
            sign_in: Rate { burst: 10, per_minute: 10 },
        }
    }
}

/// Whose bucket it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Of {
    User(String),
    Address(IpAddr),
    SignInFrom(IpAddr),
    SignInAs(String),
}

/// So many buckets are kept before those that are full again are thrown away.
const MANY: usize = 10_000;

/// All buckets of a process. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Rates(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    allowed: Allowed,
    buckets: HashMap<Of, Bucket>,
    /// With so many buckets it is worth looking for full ones.
    many: usize,
}

impl Default for State {
    fn default() -> Self {
        Self { allowed: Allowed::default(), buckets: HashMap::new(), many: MANY }
    }
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
    rate: Rate,
    refused_at: Option<Timestamp>,
}

/// There was no token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Empty {
    /// There is one in so long.
    pub(crate) wait: Duration,
    /// Whether this is worth a row in the audit log: else a flood of requests would be one of rows.
    pub(crate) is_news: bool,
}

/// A bucket that was found empty is news again after so long.
const NEWS: Duration = Duration::from_secs(60);

impl Bucket {
    /// What is in it at this time. A clock that was set back puts nothing in and takes nothing out.
    fn filled(self, now: Timestamp) -> f64 {
        let passed = now.duration_since(self.at).as_secs_f64().max(0.0);
        (self.tokens + passed * f64::from(self.rate.per_minute) / 60.0).min(f64::from(self.rate.burst))
    }
}

impl Rates {
    pub fn new(allowed: Allowed) -> Self {
        Self(Arc::new(Mutex::new(State { allowed, ..State::default() })))
    }

    /// From now on.
    pub fn allow(&self, allowed: Allowed) {
        self.lock().allowed = allowed;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a token, if there is one.
    pub(crate) fn take(&self, of: Of, now: Timestamp) -> Result<(), Empty> {
        let mut state = self.lock();
        let State { allowed, buckets, many } = &mut *state;
        let (of, rate) = match of {
            Of::User(_) => (of, allowed.user),
            Of::Address(address) => (Of::Address(network(address)), allowed.address),
            Of::SignInFrom(address) => (Of::SignInFrom(network(address)), allowed.sign_in),
            Of::SignInAs(_) => (of, allowed.sign_in),
        };
        if buckets.len() >= *many && !buckets.contains_key(&of) {
            buckets.retain(|_, bucket| bucket.filled(now) < f64::from(bucket.rate.burst));
            *many = MANY.max(2 * buckets.len());
        }
        let full = Bucket { tokens: f64::from(rate.burst), at: now, rate, refused_at: None };
        let bucket = buckets.entry(of).or_insert(full);
        let filled = Bucket { rate, ..*bucket }.filled(now);
        if filled >= 1.0 {
            *bucket = Bucket { tokens: filled - 1.0, at: now, rate, refused_at: bucket.refused_at };
            return Ok(());
        }
        let is_news = bucket.refused_at.is_none_or(|refused| refused + NEWS <= now);
        let refused_at = if is_news { Some(now) } else { bucket.refused_at };
        *bucket = Bucket { tokens: filled, at: now, rate, refused_at };
        let wait = Duration::from_secs_f64((1.0 - filled) * 60.0 / f64::from(rate.per_minute.max(1)));
        Err(Empty { wait, is_news })
    }
}

/// Whoever has one address of IPv6 has all that begin with the same 64 bits.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_763_000_000_000 + millis).unwrap()
    }

    fn rates() -> Rates {
        Rates::new(Allowed { user: Rate { burst: 3, per_minute: 6 }, ..Allowed::default() })
    }

    fn ada() -> Of {
        Of::User("ada".to_owned())
    }

    #[test]
    fn a_bucket_is_emptied_and_fills_again() {
        let rates = rates();
        for _ in 0..3 {
            assert_eq!(rates.take(ada(), at(0)), Ok(()));
        }
        let empty = |seconds, is_news| Err(Empty { wait: Duration::from_secs(seconds), is_news });
        assert_eq!(rates.take(ada(), at(0)), empty(10, true));
        assert_eq!(rates.take(ada(), at(9_000)), empty(1, false), "who asks in vain pays nothing");
        assert_eq!(rates.take(ada(), at(10_000)), Ok(()));
        assert!(rates.take(ada(), at(10_000)).is_err());
        assert_eq!(rates.take(Of::User("bob".to_owned()), at(10_000)), Ok(()), "another's is another's");
        for _ in 0..3 {
            assert_eq!(rates.take(ada(), at(10_000_000)), Ok(()));
        }
        assert!(rates.take(ada(), at(10_000_000)).is_err(), "it holds no more than it holds");
        assert!(rates.take(ada(), at(0)).is_err(), "a clock that is set back fills nothing");
    }

    #[test]
    fn what_is_allowed_can_change() {
        let rates = rates();
        for _ in 0..3 {
            assert_eq!(rates.take(ada(), at(0)), Ok(()));
        }
        rates.allow(Allowed { user: Rate { burst: 5, per_minute: 60_000 }, ..Allowed::default() });
        assert_eq!(rates.take(ada(), at(1)), Ok(()));
    }

    #[test]
    fn one_network_is_one_address() {
        let rates = Rates::new(Allowed { address: Rate { burst: 1, per_minute: 1 }, ..Allowed::default() });
        let from = |address: &str| rates.take(Of::Address(address.parse().unwrap()), at(0)).is_ok();
        assert!(from("2001:db8:0:1::1") && !from("2001:db8:0:1::2") && from("2001:db8:0:2::1"));
        assert!(from("192.0.2.1") && !from("::ffff:192.0.2.1") && from("192.0.2.2"));
    }

    #[test]
    fn full_buckets_are_thrown_away_and_no_other() {
        let rates = rates();
        assert_eq!(rates.take(ada(), at(0)), Ok(()));
        for n in 0..MANY {
            rates.take(Of::User(n.to_string()), at(20_000)).unwrap();
        }
        let buckets = &rates.lock().buckets;
        assert!(!buckets.contains_key(&ada()) && buckets.contains_key(&Of::User("0".to_owned())));
    }
}
