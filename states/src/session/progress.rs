//! How far an attempt is, for people.

use serde::{Deserialize, Serialize};
use strum::VariantArray;

/// For display; never guards a move.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Stage {
    #[default]
    Queued,
    Probing,
    Working,
    Verifying,
}

/// How far an attempt is. Within an attempt it only rises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Progress {
    pub permille: u16,
    pub stage: Stage,
    /// How fast it goes, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace: Option<Pace>,
}

/// How fast work on a film goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pace {
    /// Tenths of a frame in a second.
    pub decifps: u16,
    pub seconds_left: Option<u32>,
}

/// There is room for so many stages in a rank.
const STAGES: i64 = 16;

impl Progress {
    /// As one number that orders like it: the permille first, then the stage. It is what stores compare; the pace is kept
    /// beside it.
    pub fn rank(self) -> i64 {
        let stage = Stage::VARIANTS.iter().position(|stage| *stage == self.stage);
        i64::from(self.permille) * STAGES + stage.expect("every stage is a variant") as i64
    }

    pub fn of_rank(rank: i64) -> Option<Self> {
        let stage = *Stage::VARIANTS.get(usize::try_from(rank % STAGES).ok()?)?;
        Some(Self { permille: u16::try_from(rank / STAGES).ok()?, stage, pace: None })
    }
}

impl Pace {
    /// As one number: tenths of a frame in the lowest 16 bits, behind them the seconds that are left, and one more where
    /// those are known.
    pub fn packed(self) -> i64 {
        let seconds = self.seconds_left.map_or(0, |seconds| i64::from(seconds) + 1);
        (seconds << 16) | i64::from(self.decifps)
    }

    pub fn unpacked(pace: i64) -> Self {
        let seconds_left = ((pace >> 16) - 1).try_into().ok();
        Self { decifps: (pace & 0xFFFF) as u16, seconds_left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_order_like_progress_and_lead_back_to_it() {
        assert!(Stage::VARIANTS.len() < STAGES as usize);
        let all = [0, 1, 999, 1000].into_iter().flat_map(|permille| {
            Stage::VARIANTS.iter().map(move |&stage| Progress { permille, stage, pace: None })
        });
        let all: Vec<_> = all.collect();
        assert!(all.is_sorted() && all.iter().map(|progress| progress.rank()).is_sorted());
        for progress in all {
            assert_eq!(Progress::of_rank(progress.rank()), Some(progress));
        }
        assert_eq!(Progress::of_rank(15), None);
        assert_eq!(Progress::of_rank(-1), None);
    }
}
