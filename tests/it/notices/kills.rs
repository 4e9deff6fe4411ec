//! Deliveries through the real binary: the receiver and the server are killed in the middle. Each message comes, under one
//! id, and no session waits for it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use activities::webhook::Secret;
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tests::doomed;
use tests::flow::{Flow, expect};
use tests::lab::Lab;
use tests::server::Setup;
use tests::sound::wav;
use tests::stand_in::{Heard, Reply, StandIn};

pub(super) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Receivers on this machine, tried every tenth of a second.
pub(super) fn settings(tries: usize) -> String {
    format!(
        "\n[webhooks]\nallow-local = true\njitter = 0\ntimeout = 5\nschedule = [0{}]\n",
        ", 0.1".repeat(tries - 1)
    )
}

pub(super) async fn add(lab: &Lab, url: &str) -> Result<String> {
    let wanted = json!({ "url": url, "secret": SECRET });
    let added = lab.ask(async |flow| {
        let request = flow.http.post(format!("{}/api/webhooks", flow.url)).header("idempotency-key", "add");
        expect(request.json(&wanted).send().await?, 201).await
    });
    Ok(added.await?["webhookId"].as_str().context("a webhook has an id")?.to_owned())
}

/// Waits until the webhook's only delivery stands so.
async fn until(lab: &Lab, id: &str, state: &str) -> Result<Value> {
    let (path, began) = (format!("/api/webhooks/{id}/deliveries"), Instant::now());
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        let log = lab
            .ask(async |flow: &Flow| expect(flow.verb(Method::GET, &path, None).await?, 200).await)
            .await?;
        if log["deliveries"][0]["state"] == state {
            ensure!(log["deliveries"].as_array().is_some_and(|all| all.len() == 1), "{log:#}");
            return Ok(log["deliveries"][0].clone());
        }
        ensure!(began.elapsed() < Duration::from_secs(60), "it never was {state}: {log:#}\n{}", lab.log());
        ticks.tick().await;
    }
}

/// That all these are the one message of a session that is Done, each signed.
fn one_message(heard: &[Heard]) -> Result<()> {
    let secret = SECRET.parse::<Secret>()?;
    let now = states::Timestamp::now();
    let mut ids = BTreeSet::new();
    for heard in heard {
        let (id, body) = super::checked(heard, &[&secret], now)?;
        ensure!(body["type"] == "session.done" && body["data"]["state"] == "Done", "{body}");
        ids.insert(id);
    }
    ensure!(ids.len() == 1, "{ids:?}");
    Ok(())
}

#[tokio::test]
async fn a_receiver_that_was_killed_is_told_when_it_is_back_though_the_server_was_killed_too() -> Result<()> {
    let lab = Lab::with_patience(&Setup::default(), &settings(20))?;
    let first = StandIn::start(|_| Reply::with(500, "")).await?;
    let address = first.url.replace("http://", "");
    let id = add(&lab, &first.url).await?;
    let ending = lab.convert("a.wav", &wav(22_050, 1)).await?;
    ensure!(ending.state == "Done", "a session does not wait for who is told of it");
    until(&lab, &id, "waiting").await?;
    one_message(&first.heard())?;
    let told_before = first.heard();
    first.close().await;
    lab.kill()?;
    let second = StandIn::start_at(&address, |_| Reply::with(204, "")).await?;
    let delivery = until(&lab, &id, "delivered").await?;
    ensure!(delivery["attempts"].as_array().is_some_and(|tries| tries.len() > 1), "{delivery:#}");
    one_message(&[told_before, second.heard()].concat())?;
    ensure!(second.heard().len() == 1, "{:?}", second.heard());
    Ok(())
}

/// Adds a webhook whose receiver fails once, and converts a file. Answers what the receiver heard.
async fn told(setup: &Setup) -> Result<(Vec<Heard>, usize)> {
    let lab = Lab::with_patience(setup, &settings(20))?;
    let count = Arc::new(AtomicUsize::new(0));
    let receiver = StandIn::start(move |_| {
        Reply::with(if count.fetch_add(1, Ordering::SeqCst) == 0 { 500 } else { 200 }, "")
    })
    .await?;
    let id = add(&lab, &receiver.url).await?;
    let ending = lab.convert("a.wav", &wav(4410, 1)).await?;
    ensure!(ending.state == "Done" && ending.attempt == 1, "{:?}", ending.trail);
    until(&lab, &id, "delivered").await?;
    lab.flow()?; // notices a death that came after the last word
    Ok((receiver.heard(), lab.deaths()))
}

#[tokio::test]
async fn a_message_comes_under_one_id_wherever_the_server_was_killed() -> Result<()> {
    let log = tempfile::NamedTempFile::new()?;
    let (calm, _) = told(&Setup::default().with("LOCKGATE_CRASH_LOG", log.path())).await?;
    ensure!(calm.len() == 2, "undisturbed it is sent twice, since it failed once: {calm:?}");
    let passes = doomed::passes(log.path())?;
    let at = passes.iter().position(|pass| pass.starts_with("sessions.TranscodeSucceeded.before"));
    let after = &passes[at.context("the session is Done")?..];
    // Sent, answered well, and not yet written down: it is sent again.
    let is_last = |pass: &String, write: &str| {
        pass.starts_with(write) && passes.iter().rfind(|pass| pass.starts_with(write)) == Some(pass)
    };
    let ours = passes.iter().filter(|pass| pass.starts_with("notices.")).chain(
        after.iter().filter(|pass| pass.starts_with("journal.") || pass.starts_with("sessions.settle")),
    );
    let (mut kills, mut deaths) = (0, 0);
    for pass in ours {
        let (heard, died) = told(&Setup::default().with("LOCKGATE_CRASH", pass))
            .await
            .with_context(|| format!("killed at {pass}"))?;
        one_message(&heard).with_context(|| format!("killed at {pass}"))?;
        ensure!((2..=3).contains(&heard.len()), "killed at {pass}: {} messages", heard.len());
        let repeated = is_last(pass, "notices.delivery.before") || is_last(pass, "notices.endpoint.before");
        ensure!(!repeated || heard.len() == 3, "killed at {pass}: {} messages", heard.len());
        kills += 1;
        deaths += died;
        println!("killed at {pass}: {} messages", heard.len());
    }
    ensure!(kills >= 20 && deaths * 10 >= kills * 9, "{kills} kills, {deaths} deaths");
    Ok(())
}
