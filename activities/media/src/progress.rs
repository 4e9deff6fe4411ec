//! How far a job is, and the caller's way to stop it.

use std::ops::ControlFlow;

/// How much of the sound is done. `total_samples` is what the file claims; it may be unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Report {
    pub done_samples: u64,
    pub total_samples: Option<u64>,
}

/// Is told every now and then; `Break` ends the job with [`Problem::Cancelled`](crate::Problem::Cancelled).
pub type Progress<'p> = dyn FnMut(Report) -> ControlFlow<()> + 'p;
