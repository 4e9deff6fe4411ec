//! Pictures as a body: a function takes small ones, and of a larger one it says where to send it; a container takes all.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use states::limits;
use tests::flow::{Flow, expect};
use tests::pictures::{Jpeg, Pixels};
use tests::rig::cognito::Pool;
use tests::rig::stage::Stage;
use tests::rig::worker::Api;

async fn send(flow: &Flow, key: &str, picture: &[u8]) -> Result<reqwest::Response> {
    let token = flow.token.clone().context("somebody sends it")?;
    let request = flow.http.post(format!("{}/images?fileName=sea.jpg", flow.url)).bearer_auth(token);
    Ok(request.header("idempotency-key", key).body(picture.to_vec()).send().await?)
}

#[tokio::test]
async fn a_large_picture_is_uploaded_instead_and_its_proxies_made() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let small = Jpeg::default().bytes(&Pixels::scene(1200, 900))?;
    let session = expect(send(&flow, "small", &small).await?, 202).await?;
    let session = flow.until(session["sessionId"].as_str().context("an id")?, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done", "{session:#}");

    let mut large = Jpeg::default().bytes(&Pixels::scene(2400, 1800))?;
    large.resize(usize::try_from(limits::BODY_BYTES)? + (256 << 10), 0); // what follows a picture's end is none of it
    let refused = expect(send(&flow, "large", &large).await?, 413).await?;
    ensure!(
        refused["type"] == "/problems/upload-instead" && refused["limit"] == limits::BODY_BYTES,
        "{refused:#}"
    );
    let id = refused["sessionId"].as_str().context("it has a session")?;
    ensure!(flow.upload(&refused, &large).await?.status() == 200);
    let session = flow.until(id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["recipe"] == "proxies", "{session:#}");
    ensure!(session["outputs"][1]["name"] == "sea-1024.jpg", "{session:#}");

    // The same request finds the same session, which waits for nothing any more.
    let again = expect(send(&flow, "large", &large).await?, 413).await?;
    ensure!(again["sessionId"] == *id && again.get("upload").is_none(), "{again:#}");
    ensure!(again["status"] == json!(413));
    Ok(())
}

#[tokio::test]
async fn of_what_no_function_is_handed_the_gateway_says_that_it_is_too_much_and_an_upload_takes_it()
-> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let mut picture = Jpeg::default().bytes(&Pixels::scene(1200, 900))?;
    for (key, bytes) in [("event", 5 << 20), ("body", 11 << 20)] {
        picture.resize(bytes, 0);
        let refused = expect(send(&flow, key, &picture).await?, 413).await?;
        ensure!(refused.get("type").is_none() && refused["message"].is_string(), "{refused:#}");
    }
    let more = json!({ "contentType": "image/jpeg", "recipe": "proxies", "start": "auto" });
    let announced = flow.announce("sea.jpg", &picture, "upload", more).await?;
    ensure!(flow.upload(&announced, &picture).await?.status() == 200);
    let id = announced["sessionId"].as_str().context("an id")?;
    let session = flow.until(id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done", "{session:#}");
    Ok(())
}

/// The most bytes of a picture.
const MOST: usize = 100_000_000;

#[tokio::test]
async fn a_container_takes_a_picture_of_a_hundred_megabytes_from_who_has_shown_who_they_are() -> Result<()> {
    let stage = Stage::open().await?;
    let pool = Pool::open(&stage.rig).await?;
    let tokens = pool.sign_in("ann").await?;
    let api = Api::start(&stage.rig, &pool).await?;
    let flow = |token: &str| Flow { token: Some(token.to_owned()), ..Flow::new(&api.url) };

    let ann = flow(&tokens.access);
    let mut large = Jpeg::default().bytes(&Pixels::scene(1200, 900))?;
    large.resize(MOST, 0); // what follows a picture's end is none of it
    let session = expect(send(&ann, "large", &large).await?, 202).await?;
    let session = ann.until(session["sessionId"].as_str().context("an id")?, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["source"]["size"] == MOST, "{session:#}");
    ensure!(session["outputs"][1]["name"] == "sea-1024.jpg", "{session:#}");

    // The same stage has a function too, which shows what was sent here.
    let id = session["sessionId"].as_str().context("an id")?;
    ensure!(stage.flow_by(tokens.id.clone()).session(id).await?["state"] == "Done");
    // What only says who somebody is lets nobody in, nor does another pool's word.
    let stranger = Pool::open(&stage.rig).await?.sign_in("ann").await?;
    for token in [tokens.id.as_str(), &stranger.access, "nonsense"] {
        expect(send(&flow(token), "k", b"\xff\xd8\xff").await?, 401).await?;
    }

    let meters = reqwest::get(format!("http://{}/metrics", api.watch)).await?.text().await?;
    ensure!(meters.contains("route=\"/images\",status=\"202\""), "{meters}");
    let (status, log) = api.end().await?;
    ensure!(status.success() && log.contains("told to end"), "{status}: {log}");
    Ok(())
}
