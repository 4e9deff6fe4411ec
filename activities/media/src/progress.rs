//! How far a job is, and the caller's way to stop it.

use std::ops::ControlFlow;

/// How much is done, in whatever the job counts: samples, rows, frames. `total` is what the file claims; it may be unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Report {
    pub done: u64,
    pub total: Option<u64>,
}

/// Is told every now and then; `Break` ends the job with [`Problem::Cancelled`](crate::Problem::Cancelled).
pub type Progress<'p> = dyn FnMut(Report) -> ControlFlow<()> + 'p;
