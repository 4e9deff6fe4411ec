//! Children that do not end by themselves, and why: as it is counted.

use super::Failure;
use crate::measures;

/// Why a child was killed, or died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Killed {
    /// It needed more than it may use.
    Memory,
    /// It used more than it may use.
    ProcessorTime,
    /// It took longer than it may take.
    WallClock,
    /// It said nothing for too long.
    Silence,
    /// It broke the protocol.
    Nonsense,
    /// It died of itself, or of a system call that it may not make.
    Crash,
    /// What it was to read could not be read, or its result not be written.
    Io,
    /// Nobody waits for its work any more.
    Cancelled,
}

impl Killed {
    /// None of a child that ended well, whatever it says of the media, or that never began.
    fn by(failure: &Failure) -> Option<Self> {
        Some(match failure {
            Failure::OutOfMemory => Self::Memory,
            Failure::CpuExhausted { .. } => Self::ProcessorTime,
            Failure::TimedOut { .. } => Self::WallClock,
            Failure::Hung { .. } => Self::Silence,
            Failure::Garbled { .. } => Self::Nonsense,
            Failure::Crashed { .. } => Self::Crash,
            Failure::Source(_) | Failure::Sink(_) => Self::Io,
            Failure::Cancelled => Self::Cancelled,
            Failure::Media(_) | Failure::NotStarted(_) | Failure::Missing(_) => return None,
        })
    }
}

/// A child at work, for as long as somebody waits for it. Dropped before it was told how the child ended, it counts it as
/// cancelled: that is how work is given up everywhere.
#[derive(Debug, Default)]
pub struct Watch {
    is_told: bool,
}

impl Watch {
    /// How it ended; the first word counts.
    pub fn tell(&mut self, failure: Option<&Failure>) {
        if std::mem::replace(&mut self.is_told, true) {
            return;
        }
        if let Some(reason) = failure.and_then(Killed::by) {
            measures::killed(reason);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.tell(Some(&Failure::Cancelled));
    }
}
