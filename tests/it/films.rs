//! Films through the whole product: frames of one, another film of one, and what is said where there is no ffmpeg.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::films::{self, Film};
use tests::flow::{Flow, PATIENCE, expect, id};
use tests::server::{Server, Setup};

/// Announces a film for a recipe, sends it, and follows it to its end.
async fn made(flow: &Flow, name: &str, film: &[u8], recipe: &str, options: Value) -> Result<Value> {
    let more = json!({ "contentType": "video/mp4", "recipe": recipe, "options": options, "start": "auto" });
    let announced = flow.send(name, film, name, more).await?;
    flow.until(&id(&announced)?, &["Done", "Failed"]).await
}

/// The bytes of an output, which must be what the session says of them.
async fn fetched(flow: &Flow, output: &Value) -> Result<Vec<u8>> {
    let url = output["url"].as_str().context("a URL")?;
    let answer = flow.http.get(url).send().await?;
    ensure!(answer.status() == 200, "fetching answered {}", answer.status());
    ensure!(answer.headers()["content-type"] == output["contentType"].as_str().unwrap_or_default());
    let bytes = answer.bytes().await?.to_vec();
    ensure!(output["sha256"] == hex::encode(Sha256::digest(&bytes)), "{output:#}");
    ensure!(output["bytes"] == bytes.len(), "{output:#}");
    Ok(bytes)
}

#[tokio::test]
async fn a_film_becomes_a_zip_of_its_frames() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start_well(folder.path())?;
    let flow = Flow::new(&server.url);
    let film = Film { sound: true, ..Film::default() }.bytes()?;
    let session = made(&flow, "Sea.mp4", &film, "thumbnails", json!({ "count": 5, "width": 100 })).await?;
    ensure!(session["state"] == "Done" && session["progress"] == 100.0, "{session:#}");
    let output = &session["outputs"][0];
    ensure!(output["name"] == "Sea-frames.zip" && output["contentType"] == "application/zip", "{output:#}");
    ensure!(output["media"]["frames"] == 5 && output["media"]["exact"] == false, "{output:#}");
    let (frames, _) = films::frames(&fetched(&flow, output).await?)?;
    ensure!(frames.len() == 5 && frames.iter().all(|frame| frame.width == 100), "{frames:#?}");

    let session = made(&flow, "cut.mp4", &film[..film.len() / 2], "thumbnails", json!({})).await?;
    ensure!(session["problem"]["type"] == "media-corrupt", "{session:#}");
    Ok(())
}

#[tokio::test]
async fn what_needs_ffmpeg_is_not_to_be_had_without_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let setup = Setup::default().with("PATH", folder.path());
    let server = Server::start(folder.path(), &setup)?.context("it starts")?;
    let flow = Flow::new(&server.url);
    let list = expect(flow.verb(reqwest::Method::GET, "/api/recipes", None).await?, 200).await?;
    let recipes = list["recipes"].as_array().context("recipes")?;
    for recipe in recipes {
        let needs_ffmpeg = ["thumbnails", "video"].iter().any(|name| recipe["name"] == *name);
        ensure!(recipe["available"] == !needs_ffmpeg || recipe["name"] == "captions", "{recipe:#}");
        let why = recipe["unavailableBecause"].as_str().unwrap_or_default();
        ensure!(why.contains("ffmpeg") || !needs_ffmpeg, "{recipe:#}");
    }
    let body = json!({ "fileName": "a.mp4", "size": 9, "contentType": "video/mp4", "recipe": "thumbnails" });
    let refused = flow.http.post(format!("{}/xfer", flow.url)).json(&body).send().await?;
    let refused = expect(refused, 400).await?;
    ensure!(refused["type"] == "/problems/recipe-unavailable", "{refused:#}");
    ensure!(refused["detail"].as_str().is_some_and(|detail| detail.contains("ffmpeg")), "{refused:#}");
    Ok(())
}

/// What ffprobe says of a file: codec and shape of its film, codec of its sound, and how long it is.
fn probed(bytes: &[u8], name: &str) -> Result<Value> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(name);
    std::fs::write(&path, bytes)?;
    let entries = "stream=codec_type,codec_name,width,height:format=duration";
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "json", "-show_entries", entries]).arg(&path);
    Ok(serde_json::from_slice(&command.output()?.stdout)?)
}

#[tokio::test]
async fn a_film_becomes_a_film_that_plays_everywhere() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start_well(folder.path())?;
    let flow = Flow::new(&server.url);
    let film = Film { size: "800x400", seconds: 4, sound: true, ..Film::default() }.bytes()?;
    for (options, name, kind, codecs, width) in [
        (json!({}), "Sea-web.mp4", "video/mp4", ["h264", "aac"], 800),
        (json!({ "preset": "small" }), "Sea-small.mp4", "video/mp4", ["h264", "aac"], 640),
        (
            json!({ "format": "webm", "preset": "small" }),
            "Sea-small.webm",
            "video/webm",
            ["vp9", "opus"],
            640,
        ),
        (json!({ "codec": "av1", "preset": "small" }), "Sea-small.webm", "video/webm", ["av1", "opus"], 640),
    ] {
        let key = options.to_string();
        let more =
            json!({ "contentType": "video/mp4", "recipe": "video", "options": options, "start": "auto" });
        let announced = flow.announce("Sea.mov", &film, &key, more).await?;
        flow.upload(&announced, &film).await?;
        let session = flow.until(&id(&announced)?, &["Done", "Failed"]).await?;
        ensure!(session["state"] == "Done" && session.get("pace").is_none(), "{session:#}");
        let output = &session["outputs"][0];
        ensure!(output["name"] == name && output["contentType"] == kind, "{output:#}");
        ensure!(output["media"]["width"] == width && output["media"]["flaw"].is_null(), "{output:#}");
        let bytes = fetched(&flow, output).await?;
        let probed = probed(&bytes, name)?;
        ensure!(probed["streams"][0]["codec_name"] == codecs[0], "{probed:#}");
        ensure!(
            probed["streams"][0]["width"] == width && probed["streams"][0]["height"] == width / 2,
            "{probed:#}"
        );
        ensure!(probed["streams"][1]["codec_name"] == codecs[1], "{probed:#}");
        let seconds: f64 = probed["format"]["duration"].as_str().unwrap_or_default().parse()?;
        ensure!((seconds - 4.0).abs() < 0.3, "{probed:#}");
        if name.ends_with(".mp4") {
            let place = |kind: &[u8]| bytes.windows(4).position(|four| four == kind);
            ensure!(place(b"moov") < place(b"mdat"), "its index is not in front");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_film_that_does_not_say_how_long_it_is_may_be_no_longer_than_others() -> Result<()> {
    const LIMIT: u32 = 6 * 60 * 60;
    let folder = tempfile::tempdir()?;
    let server = Server::start_well(folder.path())?;
    let flow = Flow::new(&server.url);
    let film = films::grey("endless.mkv", "64x64", LIMIT + 100, &["-live", "1"])?;
    ensure!(probed(&film, "endless.mkv")?["format"].get("duration").is_none(), "it says how long it is");
    let session = made(&flow, "endless.mkv", &film, "video", json!({ "preset": "small" })).await?;
    ensure!(session["state"] == "Failed" && session["problem"]["type"] == "too-long", "{session:#}");
    Ok(())
}

/// Noise that takes long to encode, on a server that has just begun with it.
async fn encoding(flow: &Flow) -> Result<String> {
    let options = &["-g", "6", "-vf", "noise=alls=60:allf=t", "-preset", "ultrafast"];
    let film = Film { seconds: 90, size: "1280x720", options, ..Film::default() }.bytes()?;
    let more = json!({ "contentType": "video/mp4", "recipe": "video", "options": { "preset": "hd" }, "start": "auto" });
    let announced = flow.announce("noise.mp4", &film, "noise", more).await?;
    flow.upload(&announced, &film).await?;
    let id = id(&announced)?;
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    loop {
        let session = flow.session(&id).await?;
        if session["pace"]["fps"].as_f64().is_some_and(|fps| fps > 0.0) && session["progress"] != 0.0 {
            ensure!(session["pace"]["etaSeconds"].is_u64(), "{session:#}");
            return Ok(id);
        }
        ensure!(session["state"] != "Done" && session["state"] != "Failed", "{session:#}");
        ensure!(began.elapsed() < PATIENCE, "it does not begin: {session:#}");
        ticks.tick().await;
    }
}

/// Programs that the process of this id has started, and those that they have.
fn descendants(of: u32) -> Vec<u32> {
    let children = |pid: u32| {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
        lists
            .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>())
            .collect::<Vec<_>>()
    };
    children(of).into_iter().flat_map(|pid| [vec![pid], descendants(pid)].concat()).collect()
}

async fn until_alone(server: &Server) -> Result<()> {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    while !descendants(server.id()).is_empty() {
        ensure!(
            began.elapsed() < Duration::from_secs(10),
            "something still works: {:?}",
            descendants(server.id())
        );
        ticks.tick().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_film_that_is_cancelled_is_encoded_no_further() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start_well(folder.path())?;
    let flow = Flow::new(&server.url);
    let id = encoding(&flow).await?;
    ensure!(!descendants(server.id()).is_empty(), "ffmpeg works");
    flow.cancel(&id).await?;
    until_alone(&server).await?;
    let left = std::fs::read_dir(folder.path().join("scratch"))?.count();
    ensure!(left == 0, "{left} things were left in the scratch folder");
    Ok(())
}

#[tokio::test]
async fn a_film_is_given_back_when_the_server_stops_and_begun_again_when_it_starts() -> Result<()> {
    /// A worker that is silent is missed after a quarter of a minute.
    const SOON: Duration = Duration::from_secs(10);
    let folder = tempfile::tempdir()?;
    let server = Server::start_well(folder.path())?;
    let id = encoding(&Flow::new(&server.url)).await?;
    let asked = Instant::now();
    let status = server.terminate()?;
    let took = asked.elapsed();
    ensure!(status.success() && took < SOON, "it ended with {status} after {took:?}");

    let server = Server::start_well(folder.path())?;
    let flow = Flow::new(&server.url);
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    let events = loop {
        let history = flow.history(&id).await?;
        let events = history["executions"][0]["events"].as_array().context("events")?.clone();
        if events.iter().filter(|event| event["type"] == "ActivityStarted").count() > 1 {
            break events;
        }
        ensure!(began.elapsed() < SOON, "nobody begins again: {events:#?}");
        ticks.tick().await;
    };
    let failed = events.iter().filter_map(|event| event["activityFailedEventDetails"]["error"].as_str());
    let failed: Vec<_> = failed.collect();
    ensure!(failed == ["Worker.Draining"], "{failed:?}");
    let session = flow.session(&id).await?;
    ensure!(session["state"] == "Transcoding" && session["attempt"] == 1, "{session:#}");
    flow.cancel(&id).await?;
    until_alone(&server).await
}

#[tokio::test]
async fn a_film_whose_worker_died_is_made_by_the_next() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start_well(folder.path())?;
    let flow = Flow::new(&server.url);
    let film = Film { seconds: 4, sound: true, ..Film::default() }.bytes()?;
    let long = encoding(&flow).await?;
    flow.cancel(&long).await?;
    let id = encoding_again(&flow, &film).await?;
    server.kill()?;
    let server = Server::start_well(folder.path())?;
    let flow = Flow::new(&server.url);
    let session = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["attempt"] == 1, "{session:#}");
    Ok(())
}

/// Starts a short film and comes back while its attempt runs.
async fn encoding_again(flow: &Flow, film: &[u8]) -> Result<String> {
    let more = json!({ "contentType": "video/mp4", "recipe": "video", "start": "auto" });
    let announced = flow.announce("short.mp4", film, "short", more).await?;
    flow.upload(&announced, film).await?;
    let id = id(&announced)?;
    flow.until(&id, &["Transcoding"]).await?;
    Ok(id)
}
