//! A store that commits and then does not answer, at each move in turn: the move is made once, and whoever made it is
//! told so.

use anyhow::{Result, ensure};
use states::{Event, State};
use tests::gates::Call;
use tests::workshop::Workshop;

use super::{events, file};

#[tokio::test]
async fn a_move_whose_answer_was_lost_is_made_once_and_known() -> Result<()> {
    let shop = Workshop::open().await?;
    for event in [Event::UploadConfirmed, Event::TranscodeStarted, Event::TranscodeSucceeded] {
        shop.gates.lose(Call::Move(event));
    }
    let id = shop.uploaded(&file()).await?;
    ensure!(shop.start(&id).await?.state == State::Transcoding);
    shop.until(&id, State::Done).await?;
    ensure!(shop.gates.all_used(), "an answer was not lost");
    let session = shop.settled(&id).await?;
    let path = [Event::UploadConfirmed, Event::TranscodeStarted, Event::TranscodeSucceeded];
    ensure!(events(&session) == path && session.version == 5, "{session:#?}");
    Ok(())
}

#[tokio::test]
async fn so_are_a_failure_a_redrive_and_a_cancel() -> Result<()> {
    let shop = Workshop::open().await?;
    let path = [
        Event::UploadConfirmed,
        Event::TranscodeStarted,
        Event::TranscodeFailed,
        Event::Redriven,
        Event::Cancelled,
    ];
    path.iter().skip(2).for_each(|&event| shop.gates.lose(Call::Move(event)));
    let id = shop.uploaded(&file()).await?;
    shop.gates.break_record(Call::Progress); // so that `begin` fails, and `fail` is called
    shop.start(&id).await?;
    shop.until(&id, State::Failed).await?;
    let second_try = shop.gates.hold(Call::Progress);
    ensure!(shop.redrive(&id).await?.attempt == 2);
    second_try.reached().await?;
    ensure!(shop.cancel(&id).await?.state == State::Failed);
    ensure!(shop.gates.all_used(), "an answer was not lost");
    let session = shop.settled(&id).await?;
    ensure!(events(&session) == path && session.version == 6, "{session:#?}");
    Ok(())
}

#[tokio::test]
async fn so_is_a_deletion() -> Result<()> {
    let shop = Workshop::open().await?;
    let id = shop.uploaded(&file()).await?;
    shop.gates.lose(Call::Move(Event::Cancelled));
    shop.gates.lose(Call::Bury);
    shop.delete(&id).await?;
    ensure!(shop.gates.all_used(), "an answer was not lost");
    let session = shop.settled(&id).await?;
    ensure!(session.deleted_at.is_some() && session.version == 4, "{session:#?}");
    Ok(())
}

#[tokio::test]
async fn a_debt_whose_striking_was_lost_or_never_made_is_paid_twice_without_harm() -> Result<()> {
    let shop = Workshop::open().await?;
    let id = shop.uploaded(&file()).await?;
    for _ in 0..2 {
        shop.gates.refuse(Call::Settle);
        shop.gates.lose(Call::Settle);
    }
    shop.start(&id).await?;
    shop.until(&id, State::Done).await?;
    let session = shop.settled(&id).await?;
    ensure!(session.attempt == 1 && shop.gates.all_used(), "{session:#?}");
    Ok(())
}
