//! DynamoDB throttles, fails, and loses answers of what it has carried out: reading again decides, and nothing happens
//! twice.

use std::sync::Arc;

use activities::ports::{Fault, Guard, Sessions, Written};
use activities::{Mover, Refusal, advance};
use anyhow::{Context, Result, ensure};
use aws::connection::Connection;
use aws::sessions::DynamoSessions;
use states::session::{Change, Deadlines, Progress, Stage, Stamp};
use states::{Event, State};
use tests::desk;
use tests::rig::proxy::{Deal, Proxy};
use tests::rig::{self, Rig};

use Deal::{Fail, LoseAnswer, Pass, Throttle};

struct Bench {
    proxy: Proxy,
    store: Arc<DynamoSessions>,
}

/// An empty table behind a proxy.
async fn bench() -> Result<Bench> {
    let proxy = Proxy::before(&Rig::running()?.moto).await?;
    let client = Connection::new(&rig::account(&[("DYNAMODB", &proxy.url)]))?.dynamodb();
    let table = rig::unique("sessions");
    rig::table::create(&client, &table).await?;
    proxy.heard();
    Ok(Bench { store: Arc::new(DynamoSessions::new(client, &table)), proxy })
}

/// With the session `s` in it, which is uploaded.
async fn ready() -> Result<Bench> {
    let bench = bench().await?;
    ensure!(bench.store.write(&desk::new_session("s"), Guard::Absent).await? == Written::Stored);
    bench.moved(&Change::UploadConfirmed { etag: "e".to_owned() }, "confirmed").await?;
    bench.proxy.heard();
    Ok(bench)
}

impl Bench {
    async fn moved(&self, change: &Change, transition_id: &str) -> Result<states::Session, Refusal> {
        let ctx = desk::ctx(self.store.clone());
        advance(&ctx, "s", &Mover::Outside { transition_id: transition_id.to_owned() }, change).await
    }
}

#[tokio::test]
async fn a_move_is_made_once_whatever_becomes_of_its_requests() -> Result<()> {
    for deals in [
        vec![Pass, Throttle, Throttle],
        vec![Pass, Fail],
        vec![Pass, LoseAnswer],
        vec![Pass, LoseAnswer, LoseAnswer],
        vec![Pass, LoseAnswer, Throttle, Throttle],
        vec![Pass, Throttle, LoseAnswer, Fail],
        vec![Throttle, LoseAnswer, Fail, LoseAnswer],
    ] {
        let bench = ready().await?;
        bench.proxy.next(&deals);
        let moved = bench.moved(&Change::TranscodeStarted, "started").await?;
        let stored = bench.store.get("s").await?;
        ensure!(stored.as_ref() == Some(&moved), "{deals:?}: {moved:#?} is told and {stored:#?} stands");
        ensure!(
            (moved.state, moved.version, moved.attempt) == (State::Transcoding, 3, 1),
            "{deals:?}: {moved:#?}"
        );
        let passages = moved.trail.iter().filter(|passage| passage.event == Event::TranscodeStarted);
        ensure!(passages.count() == 1, "{deals:?}: {moved:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn of_two_movers_one_is_told_wrong_state_though_its_answer_was_lost() -> Result<()> {
    let bench = ready().await?;
    bench.moved(&Change::Cancelled, "theirs").await?;
    bench.proxy.next(&[LoseAnswer, Throttle]);
    let refused = bench.moved(&Change::TranscodeStarted, "ours").await;
    ensure!(matches!(refused, Err(Refusal::WrongState { .. })), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn what_never_answers_is_unavailable_and_nothing_was_done() -> Result<()> {
    let bench = ready().await?;
    let before = bench.store.get("s").await?;
    bench.proxy.next(&[Throttle; 64]);
    let refused = bench.moved(&Change::TranscodeStarted, "started").await;
    ensure!(matches!(refused, Err(Refusal::Fault(Fault::Unavailable { .. }))), "{refused:?}");
    bench.proxy.next(&[]);
    ensure!(bench.store.get("s").await? == before);
    Ok(())
}

#[tokio::test]
async fn what_is_written_under_a_lost_answer_is_written_once() -> Result<()> {
    let bench = bench().await?;
    bench.proxy.next(&[LoseAnswer]);
    let session = desk::new_session("s");
    // The second try finds what the first has made: that is what whoever creates must look at.
    ensure!(bench.store.write(&session, Guard::Absent).await? == Written::Refused);
    ensure!(bench.store.get("s").await? == Some(session));

    bench.moved(&Change::UploadConfirmed { etag: "e".to_owned() }, "confirmed").await?;
    let started = bench.moved(&Change::TranscodeStarted, "started").await?;
    let progress = Progress { permille: 300, stage: Stage::Working, pace: None };
    bench.proxy.next(&[LoseAnswer]);
    ensure!(
        bench.store.progress("s", 1, progress).await? == Written::Stored,
        "the same progress does not fall"
    );
    bench.proxy.next(&[LoseAnswer]);
    let owed: Vec<_> = started.owes.iter().copied().collect();
    ensure!(bench.store.settle("s", started.version, &owed, started.due_at).await? == Written::Stored);
    let stands = bench.store.get("s").await?;
    ensure!(stands.is_some_and(|stands| stands.owes.is_empty() && stands.progress == progress));
    Ok(())
}

#[tokio::test]
async fn a_refused_move_is_one_write_and_one_under_newer_progress_is_two() -> Result<()> {
    let bench = ready().await?;
    let decided_on = bench.store.get("s").await?.context("it stands")?;
    let started = bench.moved(&Change::TranscodeStarted, "started").await?;
    bench.proxy.heard();
    let stamp = Stamp { transition_id: "late".to_owned(), at: states::Timestamp::now() };
    let late = decided_on.apply(&Change::TranscodeStarted, &stamp, &Deadlines::default())?;
    let guard = Guard::Transition { event: Event::TranscodeStarted, version: decided_on.version };
    ensure!(bench.store.write(&late, guard).await? == Written::Refused);
    ensure!(bench.proxy.heard() == ["UpdateItem"], "what refused it tells that at once");

    let progress = Progress { permille: 300, stage: Stage::Working, pace: None };
    ensure!(bench.store.progress("s", 1, progress).await? == Written::Stored);
    bench.proxy.heard();
    let stamp = Stamp { transition_id: "cancel".to_owned(), ..stamp };
    let cancelled = started.apply(&Change::Cancelled, &stamp, &Deadlines::default())?;
    let guard = Guard::Transition { event: Event::Cancelled, version: started.version };
    ensure!(bench.store.write(&cancelled, guard).await? == Written::Stored);
    ensure!(bench.proxy.heard() == ["UpdateItem", "UpdateItem"]);
    ensure!(bench.store.get("s").await?.is_some_and(|stands| stands.progress == progress));
    Ok(())
}

#[tokio::test]
async fn a_move_takes_one_write_and_nothing_is_scanned() -> Result<()> {
    let bench = ready().await?;
    bench.moved(&Change::TranscodeStarted, "started").await?;
    ensure!(bench.proxy.heard() == ["GetItem", "UpdateItem"]);
    let query = activities::ports::Query { owner: Some("local".to_owned()), limit: 10, ..Default::default() };
    ensure!(bench.store.list(&query).await?.sessions.len() == 1);
    ensure!(bench.proxy.heard() == ["Query", "BatchGetItem"]);
    let due = bench.store.due(states::Timestamp::MAX, 10).await?;
    ensure!(due.len() == 1 && bench.proxy.heard().iter().all(|operation| operation == "Query"));
    Ok(())
}
