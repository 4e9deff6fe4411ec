//! Executions that die without a word.

use anyhow::{Result, ensure};
use jiff::SignedDuration;
use states::{Event, Kind, State};
use tests::gates::Call;
use tests::workshop::Workshop;

use super::{events, file};

#[tokio::test]
async fn an_execution_that_died_without_its_fail_makes_the_session_failed() -> Result<()> {
    // At its first step, in the middle of the work, and with everything made and verified: never Done.
    for gate in [Call::Progress, Call::Move(Event::TranscodeSucceeded)] {
        let shop = Workshop::open().await?;
        let id = shop.uploaded(&file()).await?;
        let held = shop.gates.hold(gate);
        shop.start(&id).await?;
        held.reached().await?;
        let name = format!("{id}-1");
        let arn = shop.engine.place().execution(local::driver::EngineDriver::SESSION, &name);
        shop.engine.stop_execution(&arn, Some("Killed"), Some("By somebody else.")).await?;

        shop.sweep(SignedDuration::from_secs(61)).await?;
        let session = shop.session(&id).await?;
        ensure!(session.state == State::Transcoding, "{gate:?}: its own last steps come first");
        shop.sweep(SignedDuration::from_secs(61)).await?;
        let session = shop.settled(&id).await?;
        let path = [Event::UploadConfirmed, Event::TranscodeStarted, Event::TranscodeFailed];
        ensure!(events(&session) == path, "{gate:?}: {session:#?}");
        let problem = session.problem.clone();
        ensure!(
            problem.is_some_and(|it| it.kind == Kind::WorkflowFailed && it.detail == "By somebody else.")
        );

        shop.redrive(&id).await?;
        shop.until(&id, State::Done).await?;
        ensure!(shop.settled(&id).await?.attempt == 2, "{gate:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_session_whose_execution_was_never_there_fails() -> Result<()> {
    let shop = Workshop::open().await?;
    let id = shop.uploaded(&file()).await?;
    shop.gates.refuse(Call::Start);
    shop.start(&id).await?;
    // The debt is struck as if it had been paid: the journal was lost, say.
    let session = shop.session(&id).await?;
    let owed: Vec<_> = session.owes.iter().copied().collect();
    shop.ctx.sessions.settle(&id, session.version, &owed, session.due_at).await?;
    shop.sweep(SignedDuration::from_secs(61)).await?;
    let session = shop.settled(&id).await?;
    ensure!(events(&session).last() == Some(&Event::TranscodeFailed), "{session:#?}");
    Ok(())
}
