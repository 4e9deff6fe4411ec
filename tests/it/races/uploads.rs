//! Upload events that come doubled, late, foreign, garbled, or not at all.

use activities::moves::confirm_upload;
use activities::objects::ObjectCreated;
use activities::ports::Query;
use anyhow::{Result, ensure};
use jiff::SignedDuration;
use states::session::StartMode;
use states::{Event, Kind, State};
use tests::gates::Call;
use tests::workshop::Workshop;

use super::{events, file};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_events_of_one_upload_are_one() -> Result<()> {
    let shop = Workshop::open().await?;
    let session = shop.announce(&file(), StartMode::Auto).await?;
    let event = shop.put(&session.source.key, &file()).await?;
    let told = (0..10).map(|_| {
        let (ctx, event) = (shop.ctx.clone(), event.clone());
        tokio::spawn(async move { confirm_upload::run(&ctx, &event).await })
    });
    for outcome in futures::future::join_all(told).await {
        outcome??;
    }
    shop.until(&session.id, State::Done).await?;
    shop.confirm(&event).await?; // and one that is late
    let session = shop.settled(&session.id).await?;
    let path = [Event::UploadConfirmed, Event::TranscodeStarted, Event::TranscodeSucceeded];
    ensure!(events(&session) == path && session.attempt == 1, "{session:#?}");
    Ok(())
}

#[tokio::test]
async fn an_event_that_is_not_of_the_upload_moves_nothing() -> Result<()> {
    let shop = Workshop::open().await?;
    let session = shop.announce(&file(), StartMode::Manual).await?;
    let other = shop.announce(&file(), StartMode::Manual).await?;
    let true_event = shop.put(&session.source.key, &file()).await?;
    let with_key = |key: &str| ObjectCreated { key: key.to_owned(), ..true_event.clone() };
    let mut events = vec![ObjectCreated { bucket: "results".to_owned(), ..true_event.clone() }];
    let id = &session.id;
    for key in
        ["", "/", "nobody/x", id.as_str(), &format!("{id}/"), &format!("{id}/other"), "\0%ff/../..", "inbox"]
    {
        events.push(with_key(key));
    }
    events.push(with_key(&session.source.key.replace(id.as_str(), &other.id))); // the other's id, this one's key
    for event in &events {
        shop.confirm(event).await?;
        ensure!(shop.session(id).await? == session, "{event:?} moved it");
        ensure!(shop.session(&other.id).await? == other, "{event:?} moved another");
    }
    // The other's upload has not come, whatever its event says.
    shop.confirm(&with_key(&other.source.key)).await?;
    ensure!(shop.session(&other.id).await? == other, "it was believed");
    shop.confirm(&true_event).await?;
    ensure!(shop.session(id).await?.state == State::ReadyToXcode, "the true one was not taken");
    for id in [&session.id, &other.id] {
        shop.delete(id).await?;
        shop.settled(id).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_event_before_a_cancel_loses_to_it_and_the_upload_stays_for_a_redrive() -> Result<()> {
    let shop = Workshop::open().await?;
    let session = shop.announce(&file(), StartMode::Manual).await?;
    let event = shop.put(&session.source.key, &file()).await?;
    shop.confirm(&event).await?;
    shop.cancel(&session.id).await?;
    shop.confirm(&event).await?; // again, since the first acknowledgement was lost
    let settled = shop.settled(&session.id).await?;
    ensure!(settled.can_be_redriven(), "{settled:#?}");
    shop.redrive(&session.id).await?;
    shop.until(&session.id, State::Done).await?;
    shop.settled(&session.id).await?;
    Ok(())
}

#[tokio::test]
async fn an_upload_that_comes_after_the_cancel_is_deleted() -> Result<()> {
    let shop = Workshop::open().await?;
    let session = shop.announce(&file(), StartMode::Auto).await?;
    shop.cancel(&session.id).await?;
    shop.settled(&session.id).await?; // every debt is struck before it comes
    let event = shop.put(&session.source.key, &file()).await?;
    shop.confirm(&event).await?;
    let session = shop.settled(&session.id).await?;
    ensure!(events(&session) == [Event::Cancelled], "{session:#?}");
    Ok(())
}

#[tokio::test]
async fn a_cancel_between_the_look_and_the_move_leaves_no_upload() -> Result<()> {
    let shop = Workshop::open().await?;
    let session = shop.announce(&file(), StartMode::Auto).await?;
    let event = shop.put(&session.source.key, &file()).await?;
    let confirming = shop.gates.hold(Call::Move(Event::UploadConfirmed));
    let cancelled = async {
        confirming.reached().await?;
        let cancelled = shop.cancel(&session.id).await;
        confirming.release();
        cancelled
    };
    let (confirmed, cancelled) = tokio::join!(shop.confirm(&event), cancelled);
    confirmed?;
    cancelled?;
    let session = shop.settled(&session.id).await?;
    ensure!(events(&session) == [Event::Cancelled], "{session:#?}");
    Ok(())
}

#[tokio::test]
async fn an_event_after_the_deletion_leaves_no_upload() -> Result<()> {
    let shop = Workshop::open().await?;
    let session = shop.announce(&file(), StartMode::Auto).await?;
    shop.delete(&session.id).await?;
    shop.settled(&session.id).await?;
    let event = shop.put(&session.source.key, &file()).await?;
    shop.confirm(&event).await?;
    let session = shop.settled(&session.id).await?;
    ensure!(session.deleted_at.is_some() && events(&session) == [Event::Cancelled], "{session:#?}");
    Ok(())
}

#[tokio::test]
async fn a_lost_event_is_found_by_the_sweep_within_as_long_again_as_the_upload_took() -> Result<()> {
    let shop = Workshop::open().await?;
    let session = shop.announce(&file(), StartMode::Auto).await?;
    ensure!(shop.sweep(SignedDuration::from_secs(61)).await? == 1, "it is looked for");
    ensure!(shop.session(&session.id).await?.state == State::NotUploaded, "nothing has come");
    ensure!(shop.sweep(SignedDuration::from_mins(2)).await? == 1, "and again, after as long");
    shop.put(&session.source.key, &file()).await?;
    ensure!(
        shop.sweep(SignedDuration::from_mins(2)).await? == 0,
        "three minutes have passed, and three must again"
    );
    shop.sweep(SignedDuration::from_mins(2)).await?;
    shop.until(&session.id, State::Done).await?;
    shop.settled(&session.id).await?;
    Ok(())
}

#[tokio::test]
async fn an_upload_on_the_last_day_counts_and_one_that_never_comes_expires() -> Result<()> {
    let shop = Workshop::open().await?;
    let late = shop.announce(&file(), StartMode::Manual).await?;
    let never = shop.announce(&file(), StartMode::Manual).await?;
    shop.put(&late.source.key, &file()).await?;
    // Nobody swept for two days: the last look comes before the end.
    shop.sweep(SignedDuration::from_hours(48)).await?;
    ensure!(shop.session(&late.id).await?.state == State::ReadyToXcode);
    let session = shop.settled(&never.id).await?;
    ensure!(session.problem.is_some_and(|problem| problem.kind == Kind::UploadExpired));
    shop.sweep(SignedDuration::from_hours(7 * 24)).await?; // and nobody starts the other one
    let session = shop.settled(&late.id).await?;
    ensure!(session.problem.is_some_and(|problem| problem.kind == Kind::NotStarted));
    Ok(())
}

#[tokio::test]
async fn an_upload_of_another_size_is_rejected_and_deleted() -> Result<()> {
    let shop = Workshop::open().await?;
    let session = shop.announce(&file(), StartMode::Auto).await?;
    let event = shop.put(&session.source.key, &file()[1..]).await?;
    shop.confirm(&event).await?;
    let session = shop.settled(&session.id).await?;
    ensure!(events(&session) == [Event::UploadRejected], "{session:#?}");
    ensure!(session.problem.is_some_and(|problem| problem.kind == Kind::UploadMismatch));
    Ok(())
}

/// The size that an event states is no more believed than the rest of it: what lies there is asked.
#[tokio::test]
async fn an_event_that_lies_about_the_size_is_as_good_as_a_true_one() -> Result<()> {
    let shop = Workshop::open().await?;
    let announced = file().len() as u64;
    for stated in [0, 1, announced - 1, announced + 1, u64::MAX] {
        let session = shop.announce(&file(), StartMode::Manual).await?;
        let event = shop.put(&session.source.key, &file()).await?;
        // Nothing has come of the other, whatever is said of how much.
        let other = shop.announce(&file(), StartMode::Manual).await?;
        let of_other = ObjectCreated { key: other.source.key.clone(), size: stated, ..event.clone() };
        shop.confirm(&of_other).await?;
        ensure!(shop.session(&other.id).await? == other, "{of_other:?} was believed");
        // The whole file has, and it is neither refused nor taken for a larger one.
        shop.confirm(&ObjectCreated { size: stated, ..event.clone() }).await?;
        let moved = shop.session(&session.id).await?;
        ensure!(moved.state == State::ReadyToXcode && moved.source.size == announced, "{stated}: {moved:#?}");
        ensure!(moved.source.etag.as_deref() == Some(event.etag.as_str()), "{stated}: {moved:#?}");
        // Of this one a part came, and it is not let through.
        let part = shop.put(&other.source.key, &file()[1..]).await?;
        shop.confirm(&ObjectCreated { size: announced, ..part }).await?;
        let rejected = shop.settled(&other.id).await?;
        ensure!(events(&rejected) == [Event::UploadRejected], "{rejected:#?}");
        ensure!(rejected.problem.is_some_and(|problem| problem.kind == Kind::UploadMismatch));
        shop.delete(&session.id).await?;
        shop.settled(&session.id).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doubled_events_of_the_inbox_make_one_session() -> Result<()> {
    let shop = Workshop::open().await?;
    let event = shop.put("inbox/local/a.wav", &file()).await?;
    shop.gates.lose(Call::Create);
    let told = (0..10).map(|_| {
        let (ctx, event) = (shop.ctx.clone(), event.clone());
        tokio::spawn(async move { confirm_upload::run(&ctx, &event).await.is_ok() })
    });
    let taken = futures::future::join_all(told).await;
    ensure!(taken.iter().filter(|taken| matches!(taken, Ok(true))).count() == 9, "{taken:?}");
    shop.confirm(&event).await?; // the one whose answer was lost comes again
    let query = Query { owner: Some("local".to_owned()), limit: 10, ..Query::default() };
    let sessions = shop.ctx.sessions.list(&query).await?.sessions;
    ensure!(sessions.len() == 1, "{sessions:#?}");
    let id = &sessions[0].id;
    shop.until(id, State::Done).await?;
    ensure!(shop.settled(id).await?.attempt == 1);

    shop.delete(id).await?;
    shop.confirm(&event).await?;
    shop.settled(id).await?;
    ensure!(shop.ctx.sessions.list(&query).await?.sessions.is_empty(), "it came back");
    Ok(())
}
