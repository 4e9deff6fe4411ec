//! `[fairness]`: how much each user may ask. What is not said stays as it is. How much they may have and keep busy is said by
//! the flags, which change while the server runs.

use serde::Deserialize;
use service::rates::{Allowed, Rate};

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Told {
    /// Requests of one user; half as many may come at once.
    pub requests_per_minute: Option<u32>,
    /// From one address, by whoever has not said who they are.
    pub strangers_per_minute: Option<u32>,
    /// Tries to sign in, from one address and under one name.
    pub sign_ins_per_minute: Option<u32>,
}

/// What was said, and what is usual for the rest.
#[derive(Clone, Copy, Debug)]
pub struct Fairness {
    pub allowed: Allowed,
}

impl Told {
    pub(super) fn completed(self) -> Fairness {
        let usual = Allowed::default();
        let or = |said: Option<u32>, usual| {
            said.map_or(usual, |per_minute| Rate { burst: per_minute.div_ceil(2).max(1), per_minute })
        };
        let allowed = Allowed {
            user: or(self.requests_per_minute, usual.user),
            address: or(self.strangers_per_minute, usual.address),
            sign_in: or(self.sign_ins_per_minute, usual.sign_in),
        };
        Fairness { allowed }
    }
}
