//! What each answer of a receiver leads to, on a clock of the test's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use activities::notices::replay::{self, Range};
use activities::notices::{Delivery, Standing, Topic, tell};
use activities::webhook::Secret;
use anyhow::{Result, ensure};
use jiff::SignedDuration;
use tests::bell::{Bell, OWNER};
use tests::stand_in::{Reply, StandIn};
use tokio::net::TcpListener;

use super::checked;

/// A receiver that answers what it is told to.
async fn receiver(status: &Arc<AtomicU16>) -> Result<StandIn> {
    let status = status.clone();
    StandIn::start(move |_| Reply::with(status.load(Ordering::SeqCst), "")).await
}

fn says(status: u16) -> Arc<AtomicU16> {
    Arc::new(AtomicU16::new(status))
}

#[tokio::test]
async fn a_debt_that_is_paid_twice_tells_once() -> Result<()> {
    let bell = Bell::new().await?;
    let receiver = receiver(&says(200)).await?;
    let endpoint = bell.endpoint(&receiver.url, &[]).await?;
    let session = bell.done("s").await?;
    for _ in 0..3 {
        tell::of_session(&bell.ctx, &session, 1).await?;
    }
    bell.done("t").await?; // behind it nothing more can come of the first one
    bell.until(&endpoint.id, |log| log.iter().filter(|it| it.standing == Standing::Delivered).count() == 2)
        .await?;
    ensure!(receiver.heard().len() == 2, "{:?}", receiver.heard());
    Ok(())
}

#[tokio::test]
async fn an_endpoint_hears_what_it_has_asked_for_while_it_is_on() -> Result<()> {
    let bell = Bell::new().await?;
    let receiver = receiver(&says(200)).await?;
    let failures = bell.endpoint(&receiver.url, &[Topic::SessionFailed]).await?;
    let off = bell.endpoint(&receiver.url, &[]).await?;
    bell.notices
        .change(OWNER, &off.id, |endpoint| {
            endpoint.enabled = false;
            true
        })
        .await?;
    bell.done("d").await?;
    bell.failed("f", "x").await?;
    let heard = bell.ended_as(&failures.id, Standing::Delivered).await?;
    ensure!(heard.notice.topic == Topic::SessionFailed);
    ensure!(bell.log(&off.id).await?.is_empty() && receiver.heard().len() == 1);
    Ok(())
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_leads_nowhere() -> Result<()> {
    let bell = Bell::new().await?;
    let canary = receiver(&says(200)).await?;
    let to = canary.url.clone();
    let receiver = StandIn::start(move |_| Reply::with(302, "").header("location", &to)).await?;
    let endpoint = bell.endpoint(&receiver.url, &[]).await?;
    bell.done("s").await?;
    let delivery = bell.tried(&endpoint.id, 1).await?;
    ensure!(delivery.tries[0].status == Some(302) && delivery.standing == Standing::Waiting, "{delivery:?}");
    ensure!(canary.heard().is_empty());
    Ok(())
}

#[tokio::test]
async fn one_that_hangs_or_is_not_there_has_failed() -> Result<()> {
    let bell = Bell::new().await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let silent = bell.endpoint(&format!("http://{}", listener.local_addr()?), &[]).await?;
    let nobody = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let absent = bell.endpoint(&format!("http://{nobody}"), &[]).await?;
    bell.done("s").await?;
    let hung = bell.tried(&silent.id, 1).await?;
    let why = hung.tries[0].why.clone().unwrap_or_default();
    ensure!(why.contains("did not answer in time") && hung.tries[0].status.is_none(), "{why}");
    let refused = bell.tried(&absent.id, 1).await?;
    let why = refused.tries[0].why.clone().unwrap_or_default();
    ensure!(why.contains("not reached"), "{why}");
    Ok(())
}

#[tokio::test]
async fn who_says_when_to_come_back_is_left_alone_until_then() -> Result<()> {
    let bell = Bell::new().await?;
    let receiver = StandIn::start(|_| Reply::with(503, "").header("retry-after", "600")).await?;
    let endpoint = bell.endpoint(&receiver.url, &[]).await?;
    bell.done("s").await?;
    let delivery = bell.tried(&endpoint.id, 1).await?;
    ensure!(delivery.next_at == Some(bell.now() + SignedDuration::from_secs(600)), "{delivery:?}");
    ensure!(bell.stands(&endpoint).await?.rests_until.is_none(), "others may try");
    Ok(())
}

#[tokio::test]
async fn who_is_asked_too_much_rests_from_all() -> Result<()> {
    for (status, retry_after, rest) in [(429, Some("90"), 90), (502, None, 60), (504, None, 60)] {
        let bell = Bell::new().await?;
        let said = says(status);
        let answers = said.clone();
        let receiver = StandIn::start(move |_| {
            let reply = Reply::with(answers.load(Ordering::SeqCst), "");
            match retry_after {
                Some(seconds) => reply.header("retry-after", seconds),
                None => reply,
            }
        })
        .await?;
        let endpoint = bell.endpoint(&receiver.url, &[]).await?;
        bell.done("first").await?;
        let first = bell.tried(&endpoint.id, 1).await?;
        let until = bell.now() + SignedDuration::from_secs(rest);
        ensure!(bell.stands(&endpoint).await?.rests_until == Some(until), "{status}");
        ensure!(first.next_at.is_some_and(|next| next >= until), "{status}: {first:?}");
        bell.done("second").await?;
        let is_put_off = |log: &[Delivery]| log.iter().any(|it| it.put_off == 1);
        let log = bell.until(&endpoint.id, is_put_off).await?;
        let second = log.iter().find(|it| it.put_off == 1).unwrap();
        ensure!(second.tries.is_empty() && second.next_at.is_some_and(|next| next >= until), "{second:?}");
        ensure!(receiver.heard().len() == 1, "{status}: it rests");
        said.store(200, Ordering::SeqCst);
        bell.advance(SignedDuration::from_secs(2 * rest));
        let delivered = |log: &[Delivery]| log.iter().all(|it| it.standing == Standing::Delivered);
        bell.until(&endpoint.id, delivered).await?;
        let endpoint = bell.stands(&endpoint).await?;
        ensure!(endpoint.failing_since.is_none() && endpoint.rests_until.is_none(), "{endpoint:?}");
    }
    Ok(())
}

#[tokio::test]
async fn one_that_is_gone_is_switched_off_and_its_owner_told_once() -> Result<()> {
    let bell = Bell::new().await?;
    let (gone, other) = (receiver(&says(410)).await?, receiver(&says(200)).await?);
    let gone_at = bell.endpoint(&format!("{}/?token=hidden", gone.url), &[]).await?;
    let told_at = bell.endpoint(&other.url, &[Topic::EndpointDisabled]).await?;
    bell.done("s").await?;
    let dead = bell.ended_as(&gone_at.id, Standing::Dead).await?;
    ensure!(dead.tries.len() == 1 && dead.tries[0].status == Some(410), "{dead:?}");
    let gone_at = bell.stands(&gone_at).await?;
    ensure!(!gone_at.enabled && gone_at.disabled.is_some(), "{gone_at:?}");
    bell.ended_as(&told_at.id, Standing::Delivered).await?;
    let (_, body) = checked(&other.heard()[0], &[&told_at.keys[0].secret], bell.now())?;
    ensure!(
        body["type"] == "endpoint.disabled" && body["data"]["endpointId"] == gone_at.id.as_str(),
        "{body}"
    );
    ensure!(!body.to_string().contains("hidden"), "{body}");
    // Whoever tells it again, since somebody died over it, tells nothing new.
    tell::of_disabled(&bell.ctx, &bell.notices, &gone_at).await?;
    bell.done("t").await?;
    ensure!(bell.log(&told_at.id).await?.len() == 1 && bell.log(&gone_at.id).await?.len() == 1);
    Ok(())
}

#[tokio::test]
async fn one_that_fails_for_five_days_is_switched_off() -> Result<()> {
    let bell = Bell::new().await?;
    let (down, other) = (receiver(&says(500)).await?, receiver(&says(200)).await?);
    let down_at = bell.endpoint(&down.url, &[]).await?;
    let told_at = bell.endpoint(&other.url, &[Topic::EndpointDisabled]).await?;
    bell.done("s").await?;
    bell.tried(&down_at.id, 1).await?;
    bell.advance(SignedDuration::from_hours(5 * 24) - SignedDuration::from_secs(1));
    bell.tried(&down_at.id, 2).await?;
    ensure!(bell.stands(&down_at).await?.enabled, "not yet");
    bell.advance(SignedDuration::from_secs(400));
    bell.tried(&down_at.id, 3).await?;
    let disabled = bell.stands(&down_at).await?;
    ensure!(!disabled.enabled, "{disabled:?}");
    bell.ended_as(&told_at.id, Standing::Delivered).await?;
    bell.advance(SignedDuration::from_hours(24));
    bell.ended_as(&down_at.id, Standing::Dead).await?;
    ensure!(down.heard().len() == 3, "nothing is sent to one that is off");
    Ok(())
}

#[tokio::test]
async fn one_success_ends_a_failing_and_a_removed_endpoint_ends_its_deliveries() -> Result<()> {
    let bell = Bell::new().await?;
    let said = says(500);
    let receiver = receiver(&said).await?;
    let endpoint = bell.endpoint(&receiver.url, &[]).await?;
    bell.done("s").await?;
    bell.tried(&endpoint.id, 1).await?;
    ensure!(bell.stands(&endpoint).await?.failing_since.is_some());
    said.store(204, Ordering::SeqCst);
    bell.advance(SignedDuration::from_secs(6));
    bell.ended_as(&endpoint.id, Standing::Delivered).await?;
    ensure!(bell.stands(&endpoint).await?.failing_since.is_none());

    said.store(500, Ordering::SeqCst);
    let other = bell.endpoint(&receiver.url, &[]).await?;
    bell.done("t").await?;
    bell.tried(&other.id, 1).await?;
    let heard = receiver.heard().len();
    bell.notices.book.remove_endpoint(OWNER, &other.id).await?;
    bell.advance(SignedDuration::from_secs(6));
    let dead = bell.ended_as(&other.id, Standing::Dead).await?;
    ensure!(dead.tries.len() == 1, "{dead:?}");
    // The endpoint that is left tries again.
    ensure!(receiver.heard().len() <= heard + 1, "nothing is sent to one that was removed");
    Ok(())
}

#[tokio::test]
async fn a_rotation_signs_twice_and_a_replay_keeps_the_id() -> Result<()> {
    let bell = Bell::new().await?;
    let said = says(400);
    let receiver = receiver(&said).await?;
    let endpoint = bell.endpoint(&receiver.url, &[]).await?;
    let old = endpoint.keys[0].secret.clone();
    let new = Secret::random();
    bell.notices
        .change(OWNER, &endpoint.id, |endpoint| {
            endpoint.rotate(new.clone(), bell.now());
            true
        })
        .await?;
    bell.done("s").await?;
    let first = bell.tried(&endpoint.id, 1).await?;
    let (id, _) = checked(&receiver.heard()[0], &[&new, &old], bell.now())?;
    said.store(200, Ordering::SeqCst);
    bell.advance(SignedDuration::from_hours(25));
    bell.ended_as(&endpoint.id, Standing::Delivered).await?;
    checked(&receiver.heard()[1], &[&new], bell.now())?;

    replay::one(&bell.ctx, &first, "again").await?;
    replay::one(&bell.ctx, &first, "again").await?;
    let range = Range { since: first.made_at, until: None, standing: Some(Standing::Delivered) };
    let both_delivered =
        |log: &[Delivery]| log.len() == 2 && log.iter().all(|it| it.standing == Standing::Delivered);
    bell.until(&endpoint.id, both_delivered).await?;
    let begun = replay::range(&bell.ctx, &bell.notices, OWNER, &endpoint.id, &range, "seed").await?;
    ensure!(begun.len() == 1, "each message once: {begun:?}");
    bell.until(&endpoint.id, |log| log.len() == 3 && log.iter().all(|it| it.standing == Standing::Delivered))
        .await?;
    let heard = receiver.heard();
    ensure!(heard.len() == 4 && heard.iter().all(|it| it.header("webhook-id") == id), "{heard:?}");
    Ok(())
}
