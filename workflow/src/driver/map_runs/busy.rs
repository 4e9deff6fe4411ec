//! Whose map runs are being seen to. Who lets an execution go on that has ended waits here first, so that the supervisors
//! of before have stopped whatever they had begun.

use std::collections::HashMap;

use tokio::sync::watch;

use crate::journal::ExecutionId;

/// How many supervisors each execution has; a handle, and clones share the count.
#[derive(Clone, Default)]
pub(in crate::driver) struct Busy(watch::Sender<HashMap<ExecutionId, u32>>);

impl Busy {
    /// One more, until the guard is dropped.
    pub(super) fn enter(&self, execution: ExecutionId) -> Guard {
        self.0.send_modify(|counts| *counts.entry(execution).or_default() += 1);
        Guard { busy: self.clone(), execution }
    }

    /// Returns when nobody sees to a run of the execution.
    pub(in crate::driver) async fn idle(&self, execution: ExecutionId) {
        let mut counts = self.0.subscribe();
        // The sender is here, so that it cannot be gone.
        let _ = counts.wait_for(|counts| !counts.contains_key(&execution)).await;
    }
}

pub(super) struct Guard {
    busy: Busy,
    execution: ExecutionId,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.busy.0.send_modify(|counts| {
            if let Some(count) = counts.get_mut(&self.execution) {
                *count -= 1;
            }
            counts.retain(|_, count| *count > 0);
        });
    }
}
