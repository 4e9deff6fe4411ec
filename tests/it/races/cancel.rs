//! Cancel against finish.

use activities::Refusal;
use activities::clock::random_id;
use activities::moves::cancel;
use activities::ports::Status;
use anyhow::{Context, Result, bail, ensure};
use states::{Event, Kind, State};
use tests::gates::{Call, Held};
use tests::workshop::Workshop;

use super::{events, file};

const ROUNDS: usize = 50;

/// A session whose `finish` is about to be written.
async fn about_to_finish(shop: &Workshop) -> Result<(String, Held)> {
    let id = shop.uploaded(&file()).await?;
    let finish = shop.gates.hold(Call::Move(Event::TranscodeSucceeded));
    shop.start(&id).await?;
    finish.reached().await?;
    Ok((id, finish))
}

#[tokio::test]
async fn a_finish_after_the_cancel_is_superseded() -> Result<()> {
    let shop = Workshop::open().await?;
    let (id, finish) = about_to_finish(&shop).await?;
    shop.gates.refuse(Call::Stop); // or the engine would drop the step that comes late
    shop.cancel(&id).await?;
    finish.release();
    shop.closed(&id, 1).await?;
    let execution = shop.ctx.driver.describe(&format!("{id}-1")).await?.context("it was started")?;
    ensure!(execution.status == Status::Succeeded, "to be superseded is success: {execution:?}");

    let session = shop.settled(&id).await?;
    ensure!(session.problem.as_ref().is_some_and(|problem| problem.kind == Kind::Cancelled), "{session:#?}");
    ensure!(events(&session).last() == Some(&Event::Cancelled), "{session:#?}");
    Ok(())
}

#[tokio::test]
async fn a_cancel_after_the_finish_is_refused() -> Result<()> {
    let shop = Workshop::open().await?;
    let (id, finish) = about_to_finish(&shop).await?;
    let held = shop.gates.hold(Call::Move(Event::Cancelled));
    let finished = async {
        held.reached().await?;
        finish.release();
        let done = shop.until(&id, State::Done).await;
        held.release();
        done
    };
    let (cancelled, done) = tokio::join!(cancel::run(&shop.ctx, &id, random_id()), finished);
    ensure!(matches!(cancelled, Err(Refusal::WrongState { .. })), "{cancelled:?}");
    let session = shop.settled(&id).await?;
    ensure!(session.outputs == done?.outputs && session.state == State::Done, "{session:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_cancel_and_a_finish_at_the_same_time_one_wins() -> Result<()> {
    let shop = Workshop::open().await?;
    let mut cancels = 0;
    for round in 0..ROUNDS {
        let (id, finish) = about_to_finish(&shop).await?;
        let (ctx, own_id) = (shop.ctx.clone(), id.clone());
        if round % 2 == 0 {
            finish.release();
        }
        let cancelling = tokio::spawn(async move { cancel::run(&ctx, &own_id, random_id()).await });
        finish.release();
        let cancelled = match cancelling.await? {
            Ok(_) => true,
            Err(Refusal::WrongState { .. }) => false,
            Err(other) => bail!("round {round}: {other}"),
        };
        let session = shop.settled(&id).await?;
        let end = if cancelled { Event::Cancelled } else { Event::TranscodeSucceeded };
        let path = [Event::UploadConfirmed, Event::TranscodeStarted, end];
        ensure!(events(&session) == path, "round {round}: {session:#?}");
        cancels += usize::from(cancelled);
    }
    println!("the cancel won {cancels} of {ROUNDS} rounds");
    Ok(())
}
