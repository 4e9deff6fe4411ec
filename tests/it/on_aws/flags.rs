//! Flags in a parameter: changed by an admin or by hand, read again by the functions; what is no flags changes nothing, nor
//! does a parameter that is out of reach.

use anyhow::{Context, Result, ensure};
use aws::connection::Connection;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tests::flow::{Flow, expect};
use tests::rig::proxy::{Deal, Proxy};
use tests::rig::stage::Stage;
use tests::rig::{self, Rig};

/// Flags that switch the recipe of sounds off.
fn off(reason: &str) -> Value {
    json!({ "recipes": { "flac": { "on": false, "reason": reason } } })
}

async fn put(flow: &Flow, revision: &str, flags: &Value) -> Result<Response> {
    let token = flow.token.clone().context("somebody asks")?;
    let request = flow.http.put(format!("{}/api/flags", flow.url)).bearer_auth(token);
    Ok(request.json(&json!({ "flags": flags, "revision": revision })).send().await?)
}

async fn shown(flow: &Flow) -> Result<Value> {
    expect(flow.verb(Method::GET, "/api/flags", None).await?, 200).await
}

/// Has the flags read again with the next request, as they are for whoever has not seen the last change.
async fn read_again(flow: &Flow) -> Result<()> {
    let refused = expect(put(flow, "no revision", &json!({})).await?, 409).await?;
    ensure!(refused["type"] == "/problems/flags-changed", "{refused:#}");
    Ok(())
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

#[tokio::test]
async fn flags_that_are_known_hold_while_their_parameter_is_out_of_reach() -> Result<()> {
    let proxy = Proxy::before(&Rig::running()?.localstack).await?;
    let told = json!({ "LOCKGATE_STAGE": rig::unique("stage"), "AWS_ENDPOINT_URL_SSM": proxy.url });
    let stage = Stage::told(&told).await?;
    let (admin, ann) = (stage.flow_of_an_admin("ada").await?, stage.flow_of("ann").await?);
    expect(put(&admin, "", &off("Not today.")).await?, 200).await?;

    read_again(&admin).await?;
    proxy.next(&[Deal::LoseAnswer; 64]); // more than anybody asks before giving up
    let standing = shown(&admin).await?;
    ensure!(standing["trouble"].is_string() && standing["revision"] == "1", "{standing:#}");
    ensure!(standing["flags"]["recipes"] == off("Not today.")["recipes"], "{standing:#}");
    let told = refused(&ann, "one").await?.context("what held before holds still")?;
    ensure!(told["type"] == "/problems/recipe-unavailable", "{told:#}");
    ensure!(told["detail"].as_str().is_some_and(|detail| detail.contains("Not today.")), "{told:#}");
    expect(put(&admin, "1", &json!({})).await?, 503).await?;

    proxy.next(&[]);
    read_again(&admin).await?;
    let standing = shown(&admin).await?;
    ensure!(standing.get("trouble").is_none() && standing["revision"] == "1", "{standing:#}");
    expect(put(&admin, "1", &json!({})).await?, 200).await?;
    ensure!(refused(&ann, "two").await?.is_none());
    Ok(())
}

#[tokio::test]
async fn a_function_that_begins_while_its_parameter_is_out_of_reach_has_no_flags_and_says_so() -> Result<()> {
    let name = rig::unique("stage");
    let stage = Stage::told(&json!({ "LOCKGATE_STAGE": name })).await?;
    expect(put(&stage.flow_of_an_admin("ada").await?, "", &off("Not today.")).await?, 200).await?;
    // Nobody listens there.
    let nowhere = json!({ "LOCKGATE_STAGE": name, "AWS_ENDPOINT_URL_SSM": "http://127.0.0.1:1" });
    let cut_off = Stage::told(&nowhere).await?;
    let (admin, ann) = (cut_off.flow_of_an_admin("ada").await?, cut_off.flow_of("ann").await?);
    let standing = shown(&admin).await?;
    ensure!(standing["trouble"].is_string() && standing["revision"] == "", "{standing:#}");
    ensure!(standing["flags"]["recipes"]["flac"].is_null(), "{standing:#}");
    ensure!(refused(&ann, "one").await?.is_none(), "a parameter that is out of reach shuts nobody out");
    expect(put(&admin, "", &json!({})).await?, 503).await?;
    ensure!(refused(&stage.flow_of("bob").await?, "one").await?.is_some(), "within reach they hold");
    Ok(())
}
