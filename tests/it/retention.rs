//! What has ended is kept for its time and no longer: on a clock of the test's own, through the real binary, and of records
//! that were written when it was kept for ever.

use std::time::{Duration, Instant};

use activities::moves::sweep;
use activities::notices::{LogQuery, Standing};
use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;
use states::State;
use states::session::{Holding, Retention, StartMode};
use tests::bell::{Bell, OWNER};
use tests::desk;
use tests::flow::{expect, id};
use tests::lab::Lab;
use tests::server::Setup;
use tests::sound::wav;
use tests::stand_in::{Reply, StandIn};
use tests::workshop::Workshop;

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn retention() -> Retention {
    let days = |days: i32| Some(DAY * days);
    Retention { input: days(10), results: days(20), history: days(5), session: days(30), tombstone: days(7) }
}

#[tokio::test]
async fn each_thing_goes_in_its_time_and_the_record_outlives_them() -> Result<()> {
    let shop = Workshop::keeping(retention()).await?;
    let id = shop.uploaded(&wav(4410, 1)).await?;
    shop.start(&id).await?;
    shop.until(&id, State::Done).await?;
    shop.closed(&id, 1).await?;
    shop.sweep(SignedDuration::from_mins(10)).await?;
    let buckets = shop.ctx.settings.buckets.clone();
    let counts = async || -> Result<(usize, usize)> {
        let results = shop.keys(&buckets.results, &format!("{id}/")).await?;
        Ok((shop.keys(&buckets.uploads, &format!("{id}/")).await?.len(), results.len()))
    };
    let (uploads, results) = counts().await?;
    ensure!(uploads == 1 && results > 0, "{uploads} {results}");
    ensure!(shop.sweep(DAY * 9).await? == 0, "it is not due before its time");

    shop.sweep(DAY).await?;
    ensure!(counts().await? == (0, results), "the file has gone");
    let session = shop.session(&id).await?;
    ensure!(session.expired == [Holding::Input].into() && session.owes.is_empty(), "{session:#?}");
    shop.sweep(DAY * 10).await?;
    ensure!(counts().await? == (0, 0), "the results have gone");
    let session = shop.session(&id).await?;
    ensure!(session.expired.len() == 2 && !session.outputs.is_empty(), "{session:#?}");
    ensure!(session.state == State::Done && session.deleted_at.is_none());

    shop.sweep(DAY * 10).await?;
    shop.sweep(SignedDuration::from_mins(10)).await?; // a stop and deletions are owed again, and paid
    let tombstone = shop.session(&id).await?;
    ensure!(tombstone.deleted_at.is_some() && tombstone.owes.is_empty(), "{tombstone:#?}");
    shop.sweep(DAY * 7).await?;
    ensure!(shop.ctx.sessions.get(&id).await?.is_none(), "it is forgotten");
    ensure!(shop.sweep(DAY * 1000).await? == 0, "nothing is due any more");
    Ok(())
}

#[tokio::test]
async fn what_has_not_ended_does_not_expire_and_a_failure_loses_its_redrive_with_its_file() -> Result<()> {
    let shop = Workshop::keeping(Retention { input: Some(DAY), ..Retention::FOR_EVER }).await?;
    let waiting = shop.uploaded(&wav(4410, 1)).await?;
    let cancelled = shop.uploaded(&wav(4410, 2)).await?;
    ensure!(shop.cancel(&cancelled).await?.can_be_redriven());
    shop.sweep(SignedDuration::from_mins(10)).await?;
    shop.sweep(DAY * 2).await?;
    ensure!(shop.session(&waiting).await?.expired.is_empty());
    let cancelled = shop.session(&cancelled).await?;
    ensure!(cancelled.expired == [Holding::Input].into(), "{cancelled:#?}");
    ensure!(shop.redrive(&cancelled.id).await.is_err());
    let keys = shop.keys(&shop.ctx.settings.buckets.uploads, "").await?;
    ensure!(keys.len() == 1, "only the file that is waited with is left: {keys:?}");
    Ok(())
}

#[tokio::test]
async fn an_expiry_that_was_overtaken_by_a_redrive_takes_nothing() -> Result<()> {
    let shop = Workshop::keeping(Retention { input: Some(DAY), ..Retention::FOR_EVER }).await?;
    let session = shop.announce(&wav(4410, 1), StartMode::Manual).await?;
    shop.confirm(&shop.put(&session.source.key, &wav(4410, 1)).await?).await?;
    shop.cancel(&session.id).await?;
    shop.sweep(SignedDuration::from_mins(10)).await?;
    shop.advance(DAY * 2);
    let held = shop.gates.hold(tests::gates::Call::Keep);
    let round = tokio::spawn({
        let ctx = shop.ctx.clone();
        async move { sweep::run(&ctx, SignedDuration::ZERO).await }
    });
    held.reached().await?;
    shop.redrive(&session.id).await?;
    held.release();
    round.await??;
    let done = shop.until(&session.id, State::Done).await?;
    ensure!(done.expired.is_empty(), "{done:#?}");
    Ok(())
}

#[tokio::test]
async fn what_is_gone_answers_410_and_the_session_is_still_read() -> Result<()> {
    const SETTINGS: &str = "\n[retention]\ninputs = 2e-5\nresults = 2e-5\nhistories = 2e-5\n";
    let lab = Lab::with_patience(&Setup::default(), SETTINGS)?;
    let flow = lab.flow()?;
    let session = flow.run("a.wav", &wav(4410, 1), "k").await?;
    flow.run("b.wav", &wav(4410, 2), "l").await?; // the engine keeps its newest execution
    let id = id(&session)?;
    ensure!(session["resultsUntil"].is_string() && session["expired"].is_null(), "{session:#}");
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    let expired = loop {
        let session = flow.session(&id).await?;
        if session["expired"] == json!(["input", "results"]) {
            break session;
        }
        ensure!(began.elapsed() < Duration::from_secs(60), "{session:#}");
        ticks.tick().await;
    };
    ensure!(expired["state"] == "Done" && expired["source"]["url"].is_null(), "{expired:#}");
    let url = expired["outputs"][0]["url"].as_str().context("a result has an address still")?;
    let gone = expect(flow.http.get(url).send().await?, 410).await?;
    ensure!(gone["type"].as_str().is_some_and(|kind| kind.ends_with("/expired")), "{gone}");
    let path = format!("/api/sessions/{id}/history");
    loop {
        let answer = flow.verb(Method::GET, &path, None).await?;
        if answer.status() == 410 {
            break;
        }
        ensure!(began.elapsed() < Duration::from_secs(60), "the history is still there: {answer:?}");
        ticks.tick().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_result_has_an_address_that_lasts_while_it_is_kept() -> Result<()> {
    let lab = Lab::new(&Setup::default())?;
    let flow = lab.flow()?;
    let session = flow.run("a b.wav", &wav(4410, 1), "k").await?;
    let name = session["outputs"][0]["name"].as_str().context("it has a name")?.replace(' ', "%20");
    let address = format!("{}/api/sessions/{}/results/{name}", flow.url, id(&session)?);
    let fetched = flow.http.get(&address).send().await?;
    ensure!(fetched.status() == 200, "{fetched:?}");
    ensure!(fetched.bytes().await? == flow.fetch(&session).await?.as_slice());
    expect(flow.http.get(format!("{address}x")).send().await?, 404).await?;
    Ok(())
}

#[tokio::test]
async fn deliveries_are_forgotten_when_their_time_is_over() -> Result<()> {
    let mut bell = Bell::new().await?;
    let deadlines =
        states::session::Deadlines { retention: retention(), ..states::session::Deadlines::default() };
    let settings = activities::Settings { deadlines, ..(*bell.ctx.settings).clone() };
    bell.ctx.settings = std::sync::Arc::new(settings);
    let receiver = StandIn::start(|_| Reply::with(200, "")).await?;
    let endpoint = bell.endpoint(&receiver.url, &[]).await?;
    bell.done("old").await?;
    bell.ended_as(&endpoint.id, Standing::Delivered).await?;
    bell.advance(DAY * 5);
    local::housekeeping::forget_deliveries(&bell.ctx).await;
    ensure!(bell.log(&endpoint.id).await?.len() == 1, "its time is not over yet");
    bell.done("new").await?;
    bell.until(&endpoint.id, |log| log.len() == 2 && log.iter().all(|it| it.standing == Standing::Delivered))
        .await?;
    bell.advance(SignedDuration::from_secs(1));
    local::housekeeping::forget_deliveries(&bell.ctx).await;
    let query =
        LogQuery { owner: OWNER.into(), endpoint: endpoint.id.clone(), limit: 9, ..LogQuery::default() };
    let left = bell.notices.book.deliveries(&query).await?;
    ensure!(left.len() == 1 && left[0].notice.data["sessionId"] == "new", "{left:?}");
    Ok(())
}

/// Records of before were due never; the sweep comes to each of them once, and then in its time.
#[tokio::test]
async fn records_of_before_there_was_retention_are_looked_at_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let old = rusqlite::Connection::open(folder.path().join("sessions.db"))?;
    old.execute_batch(include_str!("../golden/sessions-2.sql"))?;
    drop(old);
    let mut ctx = desk::ctx_on(&folder);
    let due = ctx.sessions.due(ctx.clock.now(), 9).await?;
    ensure!(due.len() == 2, "{due:?}");
    let done = ctx.sessions.get("done").await?.context("it is read as it was")?;
    ensure!(done.state == State::Done && done.expired.is_empty() && done.outputs.len() == 1, "{done:#?}");
    ensure!(ctx.sessions.get("gone").await?.is_some_and(|gone| gone.deleted_at.is_some()));
    // Kept for ever, they are due never again; so the sweep has an end.
    ensure!(sweep::run(&ctx, SignedDuration::ZERO).await?.due == 2);
    ensure!(sweep::run(&ctx, SignedDuration::ZERO).await?.due == 0);
    // For a time, they are due when that is over.
    let years = Some(DAY * 36_500);
    let retention =
        Retention { session: years, tombstone: Some(SignedDuration::ZERO), ..Retention::FOR_EVER };
    let deadlines = states::session::Deadlines { retention, ..states::session::Deadlines::default() };
    ctx.settings = std::sync::Arc::new(activities::Settings { deadlines, ..(*ctx.settings).clone() });
    let again = rusqlite::Connection::open(folder.path().join("sessions.db"))?;
    again.execute("UPDATE sessions SET due_at = created_at", [])?;
    ensure!(sweep::run(&ctx, SignedDuration::ZERO).await?.due == 2);
    ensure!(ctx.sessions.get("gone").await?.is_none(), "its tombstone's time is over");
    let done = ctx.sessions.get("done").await?.context("its time is not")?;
    ensure!(done.due_at == Some(done.since() + DAY * 36_500), "{:?}", done.due_at);
    Ok(())
}
