//! Pictures through the whole product: announced and uploaded, sent as a body, dropped in the inbox, converted here.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use png::{BitDepth, ColorType};
use reqwest::Response;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::flow::{Flow, PATIENCE, expect, id};
use tests::lab::Lab;
use tests::pictures::{Jpeg, Pixels, decoded, exif, png};
use tests::server::{Server, Setup};

/// Large enough for both proxies to be smaller, and for three parts in the store.
fn photo() -> Result<Vec<u8>> {
    let exif = exif(6, "Ada Lovelace");
    Jpeg { exif: Some(&exif), ..Jpeg::default() }.bytes(&Pixels::scene(2400, 1800))
}

/// Whether both proxies are what the manifest says, and as tall as a picture that was taken upright.
async fn has_both_proxies(flow: &Flow, session: &Value) -> Result<()> {
    ensure!(session["state"] == "Done" && session["recipe"] == "proxies", "{session:#}");
    let outputs = session["outputs"].as_array().context("outputs")?;
    ensure!(outputs.len() == 2, "{session:#}");
    for (output, side) in outputs.iter().zip([2048, 1024]) {
        let url = output["url"].as_str().context("a URL")?;
        let bytes = flow.http.get(url).send().await?.bytes().await?;
        ensure!(output["bytes"] == bytes.len(), "{output:#}");
        ensure!(output["sha256"] == hex::encode(Sha256::digest(&bytes)), "{output:#}");
        ensure!(output["contentType"] == "image/jpeg", "{output:#}");
        let name = output["name"].as_str().context("a name")?;
        ensure!(name.ends_with(&format!("-{side}.jpg")), "{name}");
        let pixels = decoded(&bytes)?;
        ensure!((pixels.width, pixels.height) == (side * 3 / 4, side), "{output:#}");
        ensure!(output["media"]["width"] == pixels.width, "{output:#}");
    }
    Ok(())
}

#[tokio::test]
async fn a_photo_becomes_two_proxies() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start_well(folder.path())?;
    let flow = Flow::new(&server.url);
    let photo = photo()?;
    let more = json!({ "contentType": "image/jpeg", "start": "auto" });
    let announced = flow.announce("IMG 1.jpg", &photo, "one", more).await?;
    flow.upload(&announced, &photo).await?;
    let session = flow.until(&id(&announced)?, &["Done", "Failed"]).await?;
    has_both_proxies(&flow, &session).await?;
    ensure!(session["outputs"][1]["name"] == "IMG 1-1024.jpg", "{session:#}");
    ensure!(session["outputs"][0]["media"]["changes"] == json!(["Turned"]), "{session:#}");
    Ok(())
}

#[tokio::test]
async fn a_picture_dropped_in_the_inbox_becomes_its_proxies_at_once() -> Result<()> {
    let lab = Lab::new(&Setup::default())?;
    let (flow, objects) = (lab.flow()?, lab.objects().await?);
    let mut sink = objects.create("uploads", "inbox/local/dropped/Sea.jpg", "image/jpeg");
    sink.write(photo()?.into()).await?;
    sink.finish().await?;
    let session = flow.until(&flow.first_session().await?, &["Done", "Failed"]).await?;
    has_both_proxies(&flow, &session).await?;
    ensure!(session["outputs"][0]["name"] == "Sea-2048.jpg", "{session:#}");
    Ok(())
}

async fn send(flow: &Flow, query: &str, key: &str, body: impl Into<reqwest::Body>) -> Result<Response> {
    let url = format!("{}/images{query}", flow.url);
    Ok(flow.http.post(url).header("idempotency-key", key).body(body).send().await?)
}

#[tokio::test]
async fn a_picture_sent_as_the_body_is_a_session_at_once_and_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start_well(folder.path())?;
    let flow = Flow::new(&server.url);
    let photo = photo()?;
    let sent = expect(send(&flow, "?fileName=Sea.jpg", "k", photo.clone()).await?, 202).await?;
    let again = expect(send(&flow, "?fileName=Sea.jpg", "k", photo.clone()).await?, 202).await?;
    ensure!(sent["sessionId"] == again["sessionId"], "{again:#}");
    let other = png((2, 2), ColorType::Rgb, BitDepth::Eight, &[0; 12], |_| {})?;
    let refused = expect(send(&flow, "?fileName=Sea.jpg", "k", other.clone()).await?, 422).await?;
    ensure!(refused["title"] == "Idempotency Key Reused", "{refused:#}");
    let session = flow.until(&id(&sent)?, &["Done", "Failed"]).await?;
    has_both_proxies(&flow, &session).await?;
    ensure!(session["outputs"][0]["name"] == "Sea-2048.jpg", "{session:#}");

    // Without a name, and without a length beforehand.
    let chunks = other.chunks(5).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect::<Vec<_>>();
    let body = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
    let sent = expect(send(&flow, "", "l", body).await?, 202).await?;
    let session = flow.until(&id(&sent)?, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["source"]["fileName"] == "image.png", "{session:#}");
    Ok(())
}

#[tokio::test]
async fn what_is_no_picture_or_too_large_is_refused_and_not_kept() -> Result<()> {
    const LIMIT: usize = 100_000_000;
    let folder = tempfile::tempdir()?;
    let server = Server::start_well(folder.path())?;
    let flow = Flow::new(&server.url);
    for body in [b"GIF89a, as its header says".to_vec(), b"\xFF\xD8".to_vec(), Vec::new()] {
        let refused = expect(send(&flow, "", "a", body).await?, 400).await?;
        ensure!(refused["type"] == "/problems/unsupported-media", "{refused:#}");
        ensure!(
            refused["limit"] == LIMIT && refused["takes"] == json!(["image/jpeg", "image/png"]),
            "{refused:#}"
        );
    }
    // By its length, and by what comes when there is no length.
    let mut large = vec![0; LIMIT + 1];
    large[..3].copy_from_slice(b"\xFF\xD8\xFF");
    let chunks: Vec<_> = large.chunks(1 << 20).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect();
    let streamed = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
    let mut answered = 0;
    for body in [reqwest::Body::from(large), streamed] {
        // The answer may come before all is sent, and cut the rest off.
        let Ok(answer) = send(&flow, "", "b", body).await else { continue };
        let refused = expect(answer, 400).await?;
        ensure!(refused["type"] == "/problems/too-large" && refused["limit"] == LIMIT, "{refused:#}");
        answered += 1;
    }
    ensure!(answered > 0, "nobody was told why");
    for query in ["?fileName=a%2Fb.jpg", "?fileName=", "?name=a.jpg"] {
        let refused = expect(send(&flow, query, "c", b"\xFF\xD8\xFF\xE0".to_vec()).await?, 400).await?;
        ensure!(refused["type"] == "/problems/invalid-parameter", "{refused:#}");
    }
    let sessions = expect(flow.verb(reqwest::Method::GET, "/api/sessions", None).await?, 200).await?;
    ensure!(sessions["sessions"] == json!([]), "{sessions:#}");
    // What had come of a stream that was cut off is given up in the background.
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    while std::fs::read_dir(folder.path().join("objects"))?.next().is_some() {
        ensure!(began.elapsed() < PATIENCE, "something was kept");
        ticks.tick().await;
    }
    Ok(())
}

#[tokio::test]
async fn which_proxies_are_made_is_configuration() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let said = "[proxies]\nsizes = [{ name = 'tiny', side = 64 }]\nprogressive = true\n";
    std::fs::write(folder.path().join("lockgate.toml"), said)?;
    let server = Server::start(folder.path(), &Setup::default())?.context("it starts")?;
    let flow = Flow::new(&server.url);
    let sent = expect(send(&flow, "?fileName=a.jpg", "k", photo()?).await?, 202).await?;
    let session = flow.until(&id(&sent)?, &["Done", "Failed"]).await?;
    ensure!(session["outputs"][0]["name"] == "a-tiny.jpg", "{session:#}");
    let url = session["outputs"][0]["url"].as_str().context("a URL")?;
    let jpeg = flow.http.get(url).send().await?.bytes().await?;
    ensure!(session["outputs"].as_array().is_some_and(|outputs| outputs.len() == 1), "{session:#}");
    ensure!(decoded(&jpeg)?.height == 64 && jpeg.windows(2).any(|bytes| bytes == [0xFF, 0xC2]));
    Ok(())
}

/// Workers are allowed no more than a damaged picture is to take; it is its damage that it fails for, and not a limit.
#[tokio::test]
async fn damaged_pictures_fail_by_their_problem_within_limits_and_a_whole_one_is_well() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let said = "[limits.proxies]\nprocessor = 2\nmemory = 256\n";
    std::fs::write(folder.path().join("lockgate.toml"), said)?;
    let server = Server::start(folder.path(), &Setup::default())?.context("it starts")?;
    let flow = Flow::new(&server.url);
    let (photo, scene) = (photo()?, Pixels::scene(440, 330).grainy());
    let drawing = png((440, 330), ColorType::Rgb, BitDepth::Eight, &scene.bytes, |_| {})?;
    let mut damaged = Vec::new();
    for (name, picture) in [("a.jpg", &photo), ("a.png", &drawing)] {
        for part in (8..64).step_by(8) {
            let cut = picture[..picture.len() * part / 64].to_vec();
            let sent = send(&flow, &format!("?fileName={name}"), &format!("{name}-{part}"), cut).await?;
            damaged.push(id(&expect(sent, 202).await?)?);
        }
    }
    let sent = expect(send(&flow, "?fileName=Sea.jpg", "whole", photo).await?, 202).await?;
    for id in &damaged {
        let session = flow.until(id, &["Done", "Failed"]).await?;
        ensure!(session["problem"]["type"] == "media-corrupt" && session["attempt"] == 1, "{session:#}");
    }
    has_both_proxies(&flow, &flow.until(&id(&sent)?, &["Done", "Failed"]).await?).await
}
