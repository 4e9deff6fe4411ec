//! Owners are told by executions of a machine of their own. Nobody outside is reached from here, so that what is seen is a
//! try that did not arrive, written down, and waiting for the next.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tests::flow::{Flow, PATIENCE, expect};
use tests::rig::stage::Stage;
use tests::sound::wav;

const SECOND: u32 = 44_100;

async fn post(flow: &Flow, path: &str, body: Value) -> Result<Value> {
    let token = flow.token.clone().context("somebody asks")?;
    let request = flow.http.post(format!("{}{path}", flow.url)).bearer_auth(token).json(&body);
    expect(request.send().await?, 201).await
}

#[tokio::test]
async fn the_end_of_a_session_is_told_and_each_try_is_in_the_log() -> Result<()> {
    let stage = Stage::open().await?;
    let (ann, bob) = (stage.flow_of("ann").await?, stage.flow_of("bob").await?);
    let made = post(&ann, "/api/webhooks", json!({ "url": "https://nobody.invalid/hook" })).await?;
    let id = made["webhookId"].as_str().context("an endpoint has an id")?;
    let session = ann.run("a.wav", &wav(SECOND, 1), "k").await?;
    ensure!(session["state"] == "Done", "{session:#}");

    let log = format!("/api/webhooks/{id}/deliveries");
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    let delivery = loop {
        ticks.tick().await;
        let page = expect(ann.verb(Method::GET, &log, None).await?, 200).await?;
        if let Some(delivery) = page["deliveries"].as_array().and_then(|all| all.first()) {
            break delivery.clone();
        }
        ensure!(began.elapsed() < PATIENCE, "nobody tries: {page:#}");
    };
    let text = delivery.to_string();
    ensure!(text.contains("session.done") && text.contains("waiting"), "{delivery:#}");
    ensure!(text.contains("The receiver failed"), "{delivery:#}");

    expect(bob.verb(Method::GET, &log, None).await?, 404).await?;
    let listed = expect(bob.verb(Method::GET, "/api/webhooks", None).await?, 200).await?;
    ensure!(!listed.to_string().contains(id), "{listed:#}");
    let removed = ann.verb(Method::DELETE, &format!("/api/webhooks/{id}"), None).await?;
    ensure!(removed.status().is_success(), "{}", removed.status());
    expect(ann.verb(Method::GET, &log, None).await?, 404).await?;
    Ok(())
}
