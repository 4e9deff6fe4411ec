//! Starts that are slow, lost, cut off, or said to have failed.

use std::future::Future;

use activities::clock::random_id;
use activities::moves::{confirm_upload, start};
use activities::ports::Status;
use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use states::session::StartMode;
use states::{Debt, Event, Session, State};
use tests::gates::{Call, Held};
use tests::workshop::Workshop;
use workflow::driver::Page;

use super::{events, file};

/// Begins `work` and drops it when it has come to the gate: its process died there.
async fn cut_off(work: impl Future, gate: &Held) -> Result<()> {
    tokio::select! {
        _ = work => anyhow::bail!("the work came to its end"),
        reached = gate.reached() => reached,
    }
}

fn owes(session: &Session, debt: Debt) -> bool {
    session.owes.iter().any(|owed| owed.debt == debt)
}

#[tokio::test]
async fn a_start_that_comes_after_the_cancel_ends_as_superseded() -> Result<()> {
    let shop = Workshop::open().await?;
    let id = shop.uploaded(&file()).await?;
    let gate = shop.gates.hold(Call::Start);
    let cancelled = async {
        gate.reached().await?;
        let session = shop.cancel(&id).await;
        gate.release();
        session
    };
    let (started, cancelled) = tokio::join!(shop.start(&id), cancelled);
    started?;
    ensure!(owes(&cancelled?, Debt::Stop), "the cancel owes a stop");
    ensure!(owes(&shop.session(&id).await?, Debt::Stop), "no execution was found, so that it is owed still");

    ensure!(shop.closed(&id, 1).await?, "the slow start has begun it");
    let name = format!("{id}-1");
    let execution = shop.ctx.driver.describe(&name).await?.context("it was started")?;
    ensure!(execution.status == Status::Succeeded, "{execution:?}");
    let arn = shop.engine.place().execution(local::driver::EngineDriver::SESSION, &name);
    let history = shop.engine.history(&arn, &Page::default(), false).await?;
    let begun = |event: &&serde_json::Value| event["type"] == "TaskStateEntered";
    ensure!(history.events.iter().filter(begun).count() == 1, "only `begin` ran: {:#?}", history.events);

    shop.sweep(SignedDuration::from_secs(20)).await?;
    ensure!(!owes(&shop.session(&id).await?, Debt::Stop), "it was seen closed");
    let session = shop.settled(&id).await?;
    ensure!(events(&session).last() == Some(&Event::Cancelled), "{session:#?}");
    Ok(())
}

#[tokio::test]
async fn the_stop_of_a_start_that_never_comes_is_struck_after_a_while() -> Result<()> {
    let shop = Workshop::open().await?;
    let id = shop.uploaded(&file()).await?;
    let gate = shop.gates.hold(Call::Start);
    cut_off(start::run(&shop.ctx, &id, random_id()), &gate).await?;
    shop.cancel(&id).await?;
    shop.sweep(SignedDuration::from_mins(4)).await?;
    ensure!(owes(&shop.session(&id).await?, Debt::Stop), "it may yet come");
    shop.sweep(SignedDuration::from_mins(1)).await?;
    ensure!(!owes(&shop.session(&id).await?, Debt::Stop), "it will not come any more");
    ensure!(!shop.closed(&id, 1).await?, "nothing was started");
    shop.settled(&id).await?;
    Ok(())
}

#[tokio::test]
async fn an_automatic_start_that_was_cut_off_is_made_by_the_sweep() -> Result<()> {
    for gate in [Call::Move(Event::TranscodeStarted), Call::Start] {
        let shop = Workshop::open().await?;
        let session = shop.announce(&file(), StartMode::Auto).await?;
        let event = shop.put(&session.source.key, &file()).await?;
        let held = shop.gates.hold(gate);
        cut_off(Box::pin(confirm_upload::run(&shop.ctx, &event)), &held).await?;
        let id = session.id;
        ensure!(!shop.closed(&id, 1).await?, "{gate:?}: nothing runs yet");
        ensure!(owes(&shop.session(&id).await?, Debt::Start), "{gate:?}: the start is owed");
        ensure!(shop.sweep(SignedDuration::from_secs(10)).await? == 0, "{gate:?}: who owes it has its time");
        shop.sweep(SignedDuration::from_secs(6)).await?;
        shop.until(&id, State::Done).await?;
        let session = shop.settled(&id).await?;
        ensure!(session.attempt == 1, "{gate:?}: {session:#?}");
        let path = [Event::UploadConfirmed, Event::TranscodeStarted, Event::TranscodeSucceeded];
        ensure!(events(&session) == path, "{gate:?}: {session:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_driver_that_starts_and_then_says_that_it_did_not_starts_once() -> Result<()> {
    let shop = Workshop::open().await?;
    let id = shop.uploaded(&file()).await?;
    shop.gates.lose(Call::Start);
    shop.gates.lose(Call::Start);
    let started = shop.start(&id).await?;
    ensure!(started.state == State::Transcoding && owes(&shop.session(&id).await?, Debt::Start));
    shop.sweep(SignedDuration::from_secs(16)).await?; // and this answer is lost too
    shop.until(&id, State::Done).await?;
    let session = shop.settled(&id).await?;
    ensure!(session.attempt == 1 && shop.gates.all_used(), "{session:#?}");
    Ok(())
}
