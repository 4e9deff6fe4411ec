//! Flags in a parameter: changed by an admin or by hand, read again by the functions; what is no flags changes nothing.

use anyhow::{Context, Result, ensure};
use aws::connection::Connection;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tests::flow::{Flow, expect};
use tests::rig;
use tests::rig::stage::Stage;

async fn put(flow: &Flow, revision: &str, flags: &Value) -> Result<Response> {
    let token = flow.token.clone().context("somebody asks")?;
    let request = flow.http.put(format!("{}/api/flags", flow.url)).bearer_auth(token);
    Ok(request.json(&json!({ "flags": flags, "revision": revision })).send().await?)
}

async fn shown(flow: &Flow) -> Result<Value> {
    expect(flow.verb(Method::GET, "/api/flags", None).await?, 200).await
}

/// What a new session of a sound is refused with, if it is.
async fn refused(flow: &Flow, key: &str) -> Result<Option<Value>> {
    let token = flow.token.clone().context("somebody asks")?;
    let body = json!({ "fileName": "a.wav", "size": 1000, "contentType": "audio/wav" });
    let request = flow.http.post(format!("{}/xfer", flow.url)).bearer_auth(token);
    let answer = request.header("idempotency-key", key).json(&body).send().await?;
    if answer.status() == 201 { Ok(None) } else { Ok(Some(answer.json().await?)) }
}

#[tokio::test]
async fn flags_hold_without_a_deployment_whoever_changes_them() -> Result<()> {
    // A stage of its own, so that nobody else's functions heed them.
    let name = rig::unique("stage");
    let stage = Stage::told(&json!({ "LOCKGATE_STAGE": name })).await?;
    let (admin, ann) = (stage.flow_of_an_admin("ada").await?, stage.flow_of("ann").await?);
    expect(ann.verb(Method::GET, "/api/flags", None).await?, 403).await?;
    let before = shown(&admin).await?;
    ensure!(before["revision"] == "" && before.get("trouble").is_none(), "{before:#}");
    ensure!(refused(&ann, "one").await?.is_none());

    let off = |reason: &str| json!({ "recipes": { "flac": { "on": false, "reason": reason } } });
    let changed = expect(put(&admin, "", &off("Not today.")).await?, 200).await?;
    ensure!(changed["revision"] == "1", "{changed:#}");
    let told = refused(&ann, "two").await?.context("it is switched off")?;
    ensure!(told["type"] == "/problems/recipe-unavailable", "{told:#}");
    ensure!(told["detail"].as_str().is_some_and(|detail| detail.contains("Not today.")), "{told:#}");
    let stale = put(&admin, "", &json!({})).await?;
    ensure!(stale.status().is_client_error(), "{}", stale.text().await?);

    // By hand; whoever is refused has it read again.
    let parameters = Connection::new(&stage.rig.account())?.parameters();
    let by_hand = async |text: String| -> Result<()> {
        let put = parameters.put_parameter().name(format!("/lockgate/{name}/flags")).value(text);
        put.overwrite(true).send().await?;
        Ok(())
    };
    by_hand(off("By hand.").to_string()).await?;
    ensure!(put(&admin, "1", &json!({})).await?.status().is_client_error());
    let told = refused(&ann, "three").await?.context("it is switched off")?;
    ensure!(told["detail"].as_str().is_some_and(|detail| detail.contains("By hand.")), "{told:#}");

    by_hand("nonsense".to_owned()).await?;
    ensure!(put(&admin, "2", &json!({})).await?.status().is_client_error());
    let standing = shown(&admin).await?;
    ensure!(standing["trouble"].is_string() && standing["revision"] == "2", "{standing:#}");
    ensure!(refused(&ann, "four").await?.is_some(), "what held before holds still");
    Ok(())
}
