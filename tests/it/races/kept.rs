//! Work that was done and verified by an attempt that then ended otherwise: the next one does not do it again, unless it
//! would come out differently.

use activities::registry;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use states::{Activity, Event, Kind, Session, State};
use tests::gates::{Call, Held};
use tests::workshop::Workshop;

use super::{events, file};

/// A session whose `finish` is about to be written: everything is made, verified and kept.
async fn made(shop: &Workshop) -> Result<(Session, Held)> {
    let id = shop.uploaded(&file()).await?;
    let finish = shop.gates.hold(Call::Move(Event::TranscodeSucceeded));
    shop.start(&id).await?;
    finish.reached().await?;
    Ok((shop.session(&id).await?, finish))
}

fn kept_key(session: &Session) -> Result<String> {
    let kept = session.kept.as_ref().context("something is kept")?;
    ensure!(kept.results.len() == 2, "{session:#?}");
    Ok(kept.results[0].output.key.clone())
}

/// Redriven to its end: which key its output lies under.
async fn redriven(shop: &Workshop, id: &str) -> Result<String> {
    shop.redrive(id).await?;
    shop.until(id, State::Done).await?;
    let session = shop.settled(id).await?;
    ensure!(session.attempt == 2 && session.outputs.len() == 2 && session.kept.is_none(), "{session:#?}");
    Ok(session.outputs[0].key.clone())
}

#[tokio::test]
async fn what_was_cancelled_before_its_finish_is_not_made_again() -> Result<()> {
    let shop = Workshop::open().await?;
    let (session, finish) = made(&shop).await?;
    let key = kept_key(&session)?;
    ensure!(key.starts_with(&session.output_prefix(1)), "{key}");
    shop.cancel(&session.id).await?;
    finish.release();
    shop.settled(&session.id).await?; // and every debt of attempt 1 is paid
    ensure!(redriven(&shop, &session.id).await? == key, "it was made again");
    Ok(())
}

#[tokio::test]
async fn what_could_not_be_finished_is_not_made_again() -> Result<()> {
    let shop = Workshop::open().await?;
    let id = shop.uploaded(&file()).await?;
    shop.gates.break_record(Call::Move(Event::TranscodeSucceeded));
    shop.start(&id).await?;
    let failed = shop.until(&id, State::Failed).await?;
    ensure!(failed.problem.as_ref().is_some_and(|problem| problem.kind == Kind::WorkflowFailed));
    let key = kept_key(&shop.settled(&id).await?)?;
    ensure!(redriven(&shop, &id).await? == key, "it was made again");
    Ok(())
}

#[tokio::test]
async fn what_is_gone_is_made_again() -> Result<()> {
    let shop = Workshop::open().await?;
    let (session, finish) = made(&shop).await?;
    let key = kept_key(&session)?;
    shop.cancel(&session.id).await?;
    finish.release();
    shop.ctx.objects.delete(&shop.ctx.settings.buckets.results, &key).await?;
    let again = redriven(&shop, &session.id).await?;
    ensure!(again.starts_with(&session.output_prefix(2)), "{again}");
    Ok(())
}

#[tokio::test]
async fn other_options_or_another_source_make_it_anew() -> Result<()> {
    let shop = Workshop::open().await?;
    let (session, finish) = made(&shop).await?;
    let input = |options: &Value, etag: &str| {
        let source = &session.source;
        json!({
            "sessionId": session.id, "attempt": 1, "startedAt": session.since(), "recipe": "flac",
            "options": options,
            "source": {
                "bucket": source.bucket, "key": source.key, "etag": etag, "size": source.size,
                "contentType": source.content_type, "fileName": source.file_name,
            },
        })
    };
    let etag = session.source.etag.clone().context("the upload is pinned")?;
    let work = async |options: Value| -> Result<String> {
        let work = registry::call(&shop.ctx, Activity::Flac, input(&options, &etag)).await?;
        Ok(work["outputs"][0]["key"].as_str().context("an output has a key")?.to_owned())
    };
    let first = kept_key(&session)?;
    ensure!(work(json!({})).await? == first, "the same of the same");
    let other = work(json!({ "level": "best" })).await?;
    ensure!(other != first, "other options, other work");
    ensure!(work(json!({ "level": "best" })).await? == other, "the newest is kept");
    ensure!(work(json!({ "level": "fast" })).await? != other, "other options, other work");
    let source =
        registry::call(&shop.ctx, Activity::Flac, input(&json!({ "level": "fast" }), "another")).await;
    let failure = source.err().context("what was made of another source was taken for it")?;
    ensure!(failure.problem.kind == Kind::SourceChanged, "{failure}");

    finish.release();
    shop.until(&session.id, State::Done).await?;
    let done = shop.settled(&session.id).await?; // of all of these only what the manifest names is left
    ensure!(done.outputs[0].key == first, "{done:#?}");
    Ok(())
}

#[tokio::test]
async fn what_no_attempt_can_use_any_more_is_deleted() -> Result<()> {
    let shop = Workshop::open().await?;
    let (session, finish) = made(&shop).await?;
    let id = &session.id;
    shop.cancel(id).await?;
    finish.release();
    shop.settled(id).await?;
    let begin = shop.gates.hold(Call::Progress);
    shop.redrive(id).await?;
    begin.reached().await?;
    let error = json!({ "Error": "MediaCorrupt", "Cause": "It is found out only now." });
    registry::call(&shop.ctx, Activity::Fail, json!({ "sessionId": id, "attempt": 2, "error": error }))
        .await?;
    begin.release();
    let failed = shop.settled(id).await?;
    ensure!(!failed.can_be_redriven() && failed.kept.is_none(), "{failed:#?}");
    ensure!(shop.keys(&shop.ctx.settings.buckets.results, id).await?.is_empty(), "its result is left");
    Ok(())
}

#[tokio::test]
async fn what_is_kept_goes_with_its_session() -> Result<()> {
    let shop = Workshop::open().await?;
    let (session, finish) = made(&shop).await?;
    shop.delete(&session.id).await?;
    finish.release();
    let buried = shop.settled(&session.id).await?;
    ensure!(buried.deleted_at.is_some() && buried.kept.is_none(), "{buried:#?}");
    ensure!(shop.keys(&shop.ctx.settings.buckets.results, "").await?.is_empty(), "its result is left");
    Ok(())
}

#[tokio::test]
async fn a_late_result_of_the_old_attempt_is_not_kept() -> Result<()> {
    let shop = Workshop::open().await?;
    let id = shop.uploaded(&file()).await?;
    let late = shop.gates.hold(Call::Keep);
    shop.start(&id).await?;
    late.reached().await?;
    shop.gates.refuse(Call::Stop); // or the engine would drop the step that comes late
    shop.gates.refuse(Call::Stop);
    shop.cancel(&id).await?;
    shop.redrive(&id).await?;
    late.release();
    shop.until(&id, State::Done).await?;
    ensure!(shop.closed(&id, 1).await? && shop.gates.all_used());
    let session = shop.settled(&id).await?;
    ensure!(session.outputs[0].key.starts_with(&session.output_prefix(2)), "{session:#?}");
    Ok(())
}

#[tokio::test]
async fn a_result_whose_keeping_was_not_answered_is_kept_once() -> Result<()> {
    let shop = Workshop::open().await?;
    let id = shop.uploaded(&file()).await?;
    shop.gates.lose(Call::Keep);
    shop.gates.refuse(Call::Move(Event::TranscodeSucceeded));
    shop.start(&id).await?;
    shop.until(&id, State::Done).await?;
    let session = shop.settled(&id).await?;
    let path = [Event::UploadConfirmed, Event::TranscodeStarted, Event::TranscodeSucceeded];
    ensure!(events(&session) == path && shop.gates.all_used(), "{session:#?}");
    Ok(())
}
