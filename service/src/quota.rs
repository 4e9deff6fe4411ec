//! How much each user may have here: sessions, and bytes in them, as the flags allow. None of it binds an admin, who can
//! give it.

use activities::ports::Usage;
use states::flags::Allowance;

/// What there would be too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    Sessions(u64),
    Bytes(u64),
}

/// Whether there is a limit at all, so that usage is worth looking up.
pub fn is_limited(allowance: Allowance) -> bool {
    allowance.sessions.is_some() || allowance.bytes.is_some()
}

/// Whether whoever has this much may have one session more, of a file of this size.
pub fn check(allowance: Allowance, usage: Usage, size: u64) -> Result<(), Exceeded> {
    if let Some(most) = allowance.sessions.filter(|&most| usage.sessions >= most) {
        return Err(Exceeded::Sessions(most));
    }
    match allowance.bytes.filter(|&most| usage.bytes.saturating_add(size) > most) {
        Some(most) => Err(Exceeded::Bytes(most)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_is_allowed_to_the_last_byte() {
        let usage = Usage { sessions: 2, bytes: 90 };
        assert_eq!(check(Allowance::default(), usage, u64::MAX), Ok(()));
        let allowance = Allowance { sessions: Some(3), bytes: Some(100), concurrent: None };
        assert_eq!(check(allowance, usage, 10), Ok(()));
        assert_eq!(check(allowance, usage, 11), Err(Exceeded::Bytes(100)));
        assert_eq!(check(allowance, Usage { sessions: 3, bytes: 0 }, 0), Err(Exceeded::Sessions(3)));
    }
}
