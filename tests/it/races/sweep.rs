//! Records that cannot be looked after, and those behind them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use activities::moves::sweep;
use activities::ports::{Guard, Sessions, Written};
use activities::{Clock, Ctx};
use anyhow::{Result, ensure};
use jiff::SignedDuration;
use local::sessions::SqliteSessions;
use rusqlite::Connection;
use tests::desk;

/// More than the sweep takes up in a round.
const SPOILED: usize = 450;

#[tokio::test]
async fn records_that_always_fail_do_not_keep_the_sweep_from_the_others() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("sessions.db");
    let store = Arc::new(SqliteSessions::open(&path, service::Changes::default())?);
    let now = Arc::new(AtomicI64::new(Clock::System.now().as_millisecond()));
    let ctx = Ctx { clock: Clock::Manual(now.clone()), ..desk::ctx(store.clone()) };
    let mut all: Vec<_> = (0..SPOILED).map(|n| format!("spoiled-{n}")).collect();
    all.push("sound".to_owned());
    for id in &all {
        ensure!(store.write(&desk::new_session(id), Guard::Absent).await? == Written::Stored);
    }
    let sound = desk::finished(&ctx, "sound").await?;
    let last = ctx.clock.now() + SignedDuration::from_secs(90); // the others are due a minute after they were made
    store.settle("sound", sound.version, &[], Some(last)).await?;
    Connection::open(&path)?
        .execute("UPDATE sessions SET checksum = checksum + 1 WHERE id <> 'sound'", [])?;

    now.fetch_add(120_000, Ordering::SeqCst);
    let mut rounds = 0;
    while store.get("sound").await?.is_some_and(|session| session.due_at.is_some()) {
        rounds += 1;
        ensure!(rounds <= SPOILED / 200 + 1, "the sweep never comes to the last record");
        sweep::run(&ctx, SignedDuration::ZERO).await?;
    }
    ensure!(sweep::run(&ctx, SignedDuration::ZERO).await?.due == 0, "what cannot be read is put off");
    now.fetch_add(61_000, Ordering::SeqCst);
    ensure!(sweep::run(&ctx, SignedDuration::ZERO).await?.due > 0, "and looked at again");
    Ok(())
}
