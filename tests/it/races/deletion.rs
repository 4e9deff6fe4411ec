//! Deleting, in every state and against everything that moves.

use activities::Refusal;
use activities::clock::random_id;
use activities::moves::redrive;
use anyhow::{Result, ensure};
use states::session::StartMode;
use states::{Event, State};
use tests::gates::Call;
use tests::workshop::Workshop;

use super::file;

/// A session in `state`; one in Transcoding is at work.
async fn in_state(shop: &Workshop, state: State) -> Result<String> {
    if state == State::NotUploaded {
        let session = shop.announce(&file(), StartMode::Auto).await?;
        shop.put(&session.source.key, &file()).await?; // it has come, and nobody knows
        return Ok(session.id);
    }
    let id = shop.uploaded(&file()).await?;
    if state == State::Failed {
        shop.cancel(&id).await?;
    }
    if state == State::Transcoding {
        let work = shop.gates.hold(Call::Move(Event::TranscodeSucceeded));
        shop.start(&id).await?;
        work.reached().await?;
    }
    if state == State::Done {
        shop.start(&id).await?;
        shop.until(&id, State::Done).await?;
    }
    Ok(id)
}

#[tokio::test]
async fn a_session_is_deleted_in_every_state_and_stays_so() -> Result<()> {
    let shop = Workshop::open().await?;
    for state in [State::NotUploaded, State::ReadyToXcode, State::Transcoding, State::Done, State::Failed] {
        let id = in_state(&shop, state).await?;
        ensure!(shop.session(&id).await?.state == state);
        shop.delete(&id).await?;
        let tombstone = shop.session(&id).await?;
        ensure!(tombstone.deleted_at.is_some() && tombstone.metadata.is_empty(), "{tombstone:#?}");
        shop.delete(&id).await?; // again
        let redriven = redrive::run(&shop.ctx, &id, random_id()).await;
        ensure!(matches!(redriven, Err(Refusal::Deleted(_))), "{state}: {redriven:?}");
        let session = shop.settled(&id).await?;
        ensure!(session.version == tombstone.version, "{state}: it moved after its end: {session:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_redrive_between_the_cancel_and_the_burial_does_not_save_a_session() -> Result<()> {
    let shop = Workshop::open().await?;
    let id = in_state(&shop, State::ReadyToXcode).await?;
    let burial = shop.gates.hold(Call::Bury);
    let redriven = async {
        burial.reached().await?;
        let work = shop.gates.hold(Call::Move(Event::TranscodeSucceeded));
        let redriven = shop.redrive(&id).await;
        let at_work = work.reached().await;
        burial.release();
        at_work.and(redriven)
    };
    let (deleted, redriven) = tokio::join!(shop.delete(&id), redriven);
    redriven?;
    deleted?;
    let session = shop.settled(&id).await?;
    ensure!(session.deleted_at.is_some() && session.attempt == 1, "{session:#?}");
    Ok(())
}

#[tokio::test]
async fn a_finish_that_is_faster_than_the_deletions_cancel_is_deleted_all_the_same() -> Result<()> {
    let shop = Workshop::open().await?;
    let id = shop.uploaded(&file()).await?;
    let finish = shop.gates.hold(Call::Move(Event::TranscodeSucceeded));
    shop.start(&id).await?;
    finish.reached().await?;
    let cancel = shop.gates.hold(Call::Move(Event::Cancelled));
    let finished = async {
        cancel.reached().await?;
        finish.release();
        let done = shop.until(&id, State::Done).await;
        cancel.release();
        done
    };
    let (deleted, done) = tokio::join!(shop.delete(&id), finished);
    done?;
    deleted?;
    let session = shop.settled(&id).await?;
    ensure!(session.deleted_at.is_some() && session.state == State::Done, "{session:#?}");
    Ok(())
}

#[tokio::test]
async fn a_redrive_decided_before_the_deletion_does_not_bring_a_session_back() -> Result<()> {
    let shop = Workshop::open().await?;
    let id = in_state(&shop, State::Failed).await?;
    let held = shop.gates.hold(Call::Move(Event::Redriven));
    let deleted = async {
        held.reached().await?;
        let deleted = shop.delete(&id).await;
        held.release();
        deleted
    };
    let (redriven, deleted) = tokio::join!(redrive::run(&shop.ctx, &id, random_id()), deleted);
    deleted?;
    ensure!(matches!(redriven, Err(Refusal::Deleted(_))), "{redriven:?}");
    let session = shop.settled(&id).await?;
    ensure!(session.deleted_at.is_some() && session.attempt == 0, "{session:#?}");
    Ok(())
}
