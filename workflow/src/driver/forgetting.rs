//! Forgets executions that have ended long ago, a few in a commit: the loop's own commits come in between, and nothing is
//! asked of the loop.

use std::sync::Weak;
use std::time::Duration;

use super::ticks::Ticks;
use crate::Millis;
use crate::journal::Journal;

/// So many are looked at for one commit.
const BATCH: u32 = 32;

/// Between two rounds.
const EVERY: Duration = Duration::from_secs(60);

/// Until the engine is gone.
pub(super) async fn run(journal: Weak<dyn Journal>, ticks: Ticks, after: Duration) {
    let millis = |time: Duration| Millis::try_from(time.as_millis()).unwrap_or(Millis::MAX);
    let every = millis(EVERY.min(after)).max(100);
    loop {
        let before = ticks.now().saturating_sub(millis(after));
        round(&journal, before).await;
        ticks.sleep_until(Some(ticks.now().saturating_add(every))).await;
        if journal.strong_count() == 0 {
            return;
        }
    }
}

async fn round(journal: &Weak<dyn Journal>, before: Millis) {
    let (mut from, mut count) = (None, 0);
    while let Some(journal) = journal.upgrade() {
        match journal.forget(before, from, BATCH).await {
            Ok(forgotten) => {
                count += forgotten.count;
                from = forgotten.next;
            }
            Err(error) => {
                tracing::warn!(%error, "executions that have ended are not forgotten; tried again later");
                return;
            }
        }
        if from.is_none() {
            break;
        }
        tokio::task::yield_now().await;
    }
    if count > 0 {
        tracing::info!(count, "executions were forgotten that had ended long ago");
    }
}
