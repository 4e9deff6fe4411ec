//! The one clock and the one source of random ids of the edge. Tests own theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use states::Timestamp;

#[derive(Clone, Debug)]
pub enum Clock {
    System,
    /// Milliseconds since 1970, moved by whoever holds the other end.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// To the millisecond: that is what every store keeps.
    pub fn now(&self) -> Timestamp {
        let millis = match self {
            Self::System => Timestamp::now().as_millisecond(),
            Self::Manual(millis) => millis.load(Ordering::SeqCst),
        };
        Timestamp::from_millisecond(millis).expect("the clock is within the years that a timestamp covers")
    }
}

/// A fresh random id, for a transition, a session or an object. It tells nothing, not even when it was made.
pub fn random_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A fresh secret: twice as random as an id, in hexadecimal.
pub fn random_secret() -> String {
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}

/// The id that follows from `parts`, always the same: a repeated request or event leads to what the first one made.
pub fn derived_id(parts: &[&str]) -> String {
    let name = parts.join("\0");
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}
