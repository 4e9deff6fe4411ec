//! Sessions that expire, through the real binary: that nobody uploaded, or nobody started, is told like any other end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use activities::webhook::Secret;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::flow::id;
use tests::lab::Lab;
use tests::server::Setup;
use tests::sound::wav;
use tests::stand_in::{Heard, Reply, StandIn};

use super::kills::{SECRET, add, settings};

/// An upload is waited for as long as its URL lives, and a start for a second.
const SOON: &str = "upload-url = 3\nupload-grace = 0\nstart-within = 1\n";

/// Waits until the receiver has heard so many requests.
async fn until_heard(receiver: &StandIn, count: usize) -> Result<Vec<Heard>> {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        let heard = receiver.heard();
        if heard.len() >= count {
            return Ok(heard);
        }
        ensure!(began.elapsed() < Duration::from_secs(60), "only this was heard: {heard:?}");
        ticks.tick().await;
    }
}

#[tokio::test]
async fn who_waits_for_a_session_that_expires_is_told_why() -> Result<()> {
    let lab = Lab::with_patience(&Setup::default(), &format!("{SOON}{}", settings(5)))?;
    let receiver = StandIn::start(|_| Reply::with(204, "")).await?;
    add(&lab, &receiver.url).await?;
    let flow = lab.flow()?;
    let file = wav(4410, 1);
    let idle = flow.announce("idle.wav", &file, "idle", json!({})).await?;
    ensure!(flow.upload(&idle, &file).await?.status() == 200);
    let never = flow.announce("never.wav", &file, "never", json!({})).await?;
    let expected = BTreeMap::from([(id(&idle)?, "not-started"), (id(&never)?, "upload-expired")]);
    for (id, kind) in &expected {
        let session = flow.until(id, &["Failed"]).await?;
        let last = session["trail"].as_array().and_then(|trail| trail.last()).context("it has moved")?;
        ensure!(last["event"] == "Expired" && session["problem"]["type"] == *kind, "{session:#}");
    }

    let secret = SECRET.parse::<Secret>()?;
    let mut told = BTreeMap::new();
    for heard in until_heard(&receiver, expected.len()).await? {
        let (message, body) = super::checked(&heard, &[&secret], states::Timestamp::now())?;
        let data = &body["data"];
        ensure!(body["type"] == "session.failed" && data["state"] == "Failed", "{body}");
        let session = id(data)?;
        let kind = expected.get(&session).with_context(|| format!("of another session: {body}"))?;
        ensure!(data["problem"]["type"] == *kind, "{body}");
        ensure!(told.insert(session, message).is_none(), "told twice: {body}");
    }
    ensure!(told.len() == expected.len(), "{told:?}");
    Ok(())
}
