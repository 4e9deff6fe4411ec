//! What a move leaves owing. A debt is written with the move itself, tried at once by whoever wrote it, and found again
//! by the sweep if that one died. Each is idempotent: doing it twice is doing it once.

use std::fmt;
use std::str::FromStr;

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
pub enum Debt {
    /// See to it that the session's execution runs; a session made with `start: auto` owes this from its upload on.
    Start,
    /// See to it that the attempt's execution no longer runs.
    Stop,
    /// Tell whoever asked to be told.
    Notify,
    /// Delete the attempt's objects that the record does not name.
    DeleteObjects,
}

/// A debt of one attempt. It carries the attempt because a redrive may come before an older attempt's debts are paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owed {
    pub debt: Debt,
    pub attempt: u32,
}

impl fmt::Display for Owed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.debt, self.attempt)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a debt and an attempt, such as Stop#1")]
pub struct NotADebt(String);

impl FromStr for Owed {
    type Err = NotADebt;

    fn from_str(text: &str) -> Result<Self, NotADebt> {
        let parse = |text: &str| {
            let (debt, attempt) = text.split_once('#')?;
            Some(Self { debt: debt.parse().ok()?, attempt: attempt.parse().ok()? })
        };
        parse(text).ok_or_else(|| NotADebt(text.to_owned()))
    }
}

impl serde::Serialize for Owed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Owed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
