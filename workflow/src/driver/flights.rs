//! Commits on their way to the disk. While one is being fsynced the next waits in the journal's queue already.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{FuturesOrdered, StreamExt};

use crate::journal::{self, Append, Appended, ExecutionId, Journal};

/// One being fsynced, one behind it. More would only make smaller commits.
const IN_FLIGHT: usize = 2;

pub(super) struct Flights {
    journal: Arc<dyn Journal>,
    flying: FuturesOrdered<BoxFuture<'static, Landed>>,
}

/// A commit that has come to its end, one way or the other.
pub(super) struct Landed {
    pub(super) executions: Vec<ExecutionId>,
    pub(super) outcome: Result<Vec<Appended>, journal::Error>,
}

impl Flights {
    pub(super) fn new(journal: Arc<dyn Journal>) -> Self {
        Self { journal, flying: FuturesOrdered::new() }
    }

    pub(super) fn has_room(&self) -> bool {
        self.flying.len() < IN_FLIGHT
    }

    pub(super) fn is_empty(&self) -> bool {
        self.flying.is_empty()
    }

    pub(super) fn send(&mut self, batch: Vec<Append>) {
        let journal = self.journal.clone();
        self.flying.push_back(Box::pin(async move {
            let executions = batch.iter().map(|append| append.execution).collect();
            let outcome = journal.append(batch).await;
            Landed { executions, outcome }
        }));
    }

    /// Waits for ever when nothing flies.
    pub(super) async fn next(&mut self) -> Landed {
        match self.flying.next().await {
            Some(landed) => landed,
            None => std::future::pending().await,
        }
    }
}
