//! A redrive against whatever the attempt before it still says.

use activities::ports::Written;
use activities::registry;
use anyhow::{Result, ensure};
use serde_json::json;
use states::session::{Progress, Stage};
use states::{Activity, Event, Session, State};
use tests::gates::{Call, Held};
use tests::workshop::Workshop;

use super::{events, file};

/// Cancels attempt 1 while `late` holds it, redrives, and lets the late word through. The engine does not learn of the
/// cancel in time, so that the step that speaks late is not dropped before. What is named in the end was made by attempt
/// `maker`.
async fn redriven_over(shop: &Workshop, id: &str, late: &Held, maker: u32) -> Result<Session> {
    late.reached().await?;
    shop.gates.refuse(Call::Stop); // by the cancel
    shop.gates.refuse(Call::Stop); // by the redrive, which looks after the older debts too
    shop.cancel(id).await?;
    shop.redrive(id).await?;
    late.release();
    ensure!(shop.closed(id, 1).await?, "attempt 1 has an execution");
    shop.until(id, State::Done).await?;
    ensure!(shop.gates.all_used(), "some call never came");
    let session = shop.settled(id).await?;
    ensure!(session.attempt == 2 && session.outputs.len() == 2, "{session:#?}");
    ensure!(session.outputs[0].key.starts_with(&session.output_prefix(maker)), "{session:#?}");
    let path = [
        Event::UploadConfirmed,
        Event::TranscodeStarted,
        Event::Cancelled,
        Event::Redriven,
        Event::TranscodeSucceeded,
    ];
    ensure!(events(&session) == path, "{session:#?}");
    Ok(session)
}

#[tokio::test]
async fn a_late_finish_of_the_old_attempt_moves_nothing() -> Result<()> {
    let shop = Workshop::open().await?;
    let id = shop.uploaded(&file()).await?;
    let late = shop.gates.hold(Call::Move(Event::TranscodeSucceeded));
    shop.start(&id).await?;
    redriven_over(&shop, &id, &late, 1).await?; // it had made and verified everything
    Ok(())
}

#[tokio::test]
async fn a_late_failure_of_the_old_attempt_moves_nothing() -> Result<()> {
    let shop = Workshop::open().await?;
    let id = shop.uploaded(&file()).await?;
    shop.gates.break_record(Call::Progress); // so that `begin` fails, and `fail` is called
    let late = shop.gates.hold(Call::Move(Event::TranscodeFailed));
    shop.start(&id).await?;
    redriven_over(&shop, &id, &late, 2).await?;
    Ok(())
}

#[tokio::test]
async fn a_late_progress_of_the_old_attempt_moves_nothing() -> Result<()> {
    let shop = Workshop::open().await?;
    let id = shop.uploaded(&file()).await?;
    let of_begin = shop.gates.hold(Call::Progress);
    shop.start(&id).await?;
    of_begin.reached().await?;
    let of_the_work = shop.gates.hold(Call::Progress);
    of_begin.release();
    redriven_over(&shop, &id, &of_the_work, 2).await?;
    Ok(())
}

#[tokio::test]
async fn a_worker_that_does_not_know_that_it_was_stopped_moves_nothing() -> Result<()> {
    let shop = Workshop::open().await?;
    let id = shop.uploaded(&file()).await?;
    let late = shop.gates.hold(Call::Move(Event::TranscodeSucceeded));
    shop.start(&id).await?;
    late.reached().await?;
    shop.cancel(&id).await?;
    shop.redrive(&id).await?;
    let done = shop.until(&id, State::Done).await?;

    // As a Lambda would go on that nobody can stop: with outputs, a failure and progress of attempt 1.
    let work = json!({ "outputs": done.outputs, "writtenAt": "2026-01-01T00:00:00Z" });
    let error = json!({ "Error": "WorkerCrashed", "Cause": "It died." });
    for (activity, input) in [
        (Activity::Finish, json!({ "sessionId": id, "attempt": 1, "work": work })),
        (Activity::Fail, json!({ "sessionId": id, "attempt": 1, "error": error })),
        (Activity::Begin, json!({ "sessionId": id, "attempt": 1 })),
    ] {
        let answer = registry::call(&shop.ctx, activity, input).await?;
        ensure!(answer["superseded"] == true, "{activity} of attempt 1 answered {answer}");
    }
    let progress = Progress { permille: 999, stage: Stage::Verifying, pace: None };
    ensure!(shop.ctx.sessions.progress(&id, 1, progress).await? == Written::Refused);
    let session = shop.settled(&id).await?;
    ensure!(session.trail == done.trail && session.outputs == done.outputs, "{session:#?}");
    Ok(())
}
