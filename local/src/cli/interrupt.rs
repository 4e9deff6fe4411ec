//! Ctrl-C and its like: what is under way is dropped in order, so that nothing half done stays behind.

use tokio::signal::unix::{SignalKind, signal};

use super::Failure;

/// Does `work`, unless the user or the system ends it first.
pub(super) async fn unless_interrupted<T>(
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let by = |kind: SignalKind| Err(Failure::Interrupted { signal: kind.as_raw_value() });
    tokio::select! {
        biased;
        _ = interrupt.recv() => by(SignalKind::interrupt()),
        _ = terminate.recv() => by(SignalKind::terminate()),
        _ = hangup.recv() => by(SignalKind::hangup()),
        done = work => done,
    }
}
