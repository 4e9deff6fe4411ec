//! Captions through the whole product, written by a program of ours that tells what it hears; and the library of films that
//! they are made for.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tests::films::Film;
use tests::flow::{Flow, expect, id};
use tests::server::{Server, Setup, program};

/// A server whose captioner is the program of this name and arguments.
fn server(folder: &Path, command: &[&str]) -> Result<Server> {
    let program = program("captioner")?;
    let words: Vec<String> = std::iter::once(program.to_string_lossy().into_owned())
        .chain(command.iter().map(|&word| word.to_owned()))
        .collect();
    std::fs::write(folder.join("lockgate.toml"), format!("[captions]\ncommand = {words:?}\n"))?;
    Server::start(folder, &Setup::default())?.context("it starts")
}

const COMMAND: &[&str] = &["{wav}", "{base}.vtt"];

/// Announces a film to the library, sends it, and follows it to its end.
async fn captioned(flow: &Flow, film: &[u8], key: &str) -> Result<(Value, Value)> {
    let body = json!({
        "userId": "ada", "fileName": "Talk.mp4", "size": film.len(), "contentType": "video/mp4",
        "metadata": { "title": "A talk" },
    });
    let request = flow.http.post(format!("{}/upload", flow.url)).header("idempotency-key", key).json(&body);
    let made = expect(request.send().await?, 201).await?;
    ensure!(made["videoId"] == made["sessionId"], "{made:#}");
    let announced = json!({ "upload": made["upload"] });
    let video =
        async || expect(flow.verb(Method::GET, &format!("/video/{}", id(&made)?), None).await?, 200).await;
    let before = video().await?;
    ensure!(before.get("videoUrl").is_none() && before.get("captionFileKey").is_none(), "{before:#}");
    ensure!(before["userId"] == "ada" && before["metadata"]["title"] == "A talk", "{before:#}");
    flow.upload(&announced, film).await?;
    let session = flow.until(&id(&made)?, &["Done", "Failed"]).await?;
    Ok((session, video().await?))
}

#[tokio::test]
async fn speech_becomes_captions_and_the_library_shows_them() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = server(folder.path(), COMMAND)?;
    let flow = Flow::new(&server.url);
    let film = Film { sound: true, ..Film::default() }.bytes()?;
    let (session, video) = captioned(&flow, &film, "one").await?;
    ensure!(session["state"] == "Done", "{session:#}");
    let names: Vec<_> =
        session["outputs"].as_array().context("outputs")?.iter().map(|output| &output["name"]).collect();
    ensure!(names == ["Talk.vtt", "Talk.srt"], "{session:#}");
    let fetched = async |url: &Value| -> Result<String> {
        Ok(flow.http.get(url.as_str().context("a URL")?).send().await?.text().await?)
    };
    let vtt = fetched(&session["outputs"][0]["url"]).await?;
    // A tone of 440 Hz is heard every other second of ten.
    ensure!(vtt.starts_with("WEBVTT\n\n1\n00:00:01.") || vtt.starts_with("WEBVTT\n\n1\n00:00:00.9"), "{vtt}");
    ensure!(vtt.matches("-->").count() == 5 && vtt.matches("a tone of 440 Hz").count() == 5, "{vtt}");
    let srt = fetched(&session["outputs"][1]["url"]).await?;
    ensure!(srt.matches(" --> ").count() == 5 && !srt.contains("WEBVTT"), "{srt}");

    ensure!(
        video["captionFileKey"]
            .as_str()
            .is_some_and(|key| key.starts_with(&id(&session).unwrap_or_default()))
    );
    let formats: Vec<_> =
        video["captions"].as_array().context("captions")?.iter().map(|one| &one["format"]).collect();
    ensure!(formats == ["vtt", "srt"], "{video:#}");
    ensure!(fetched(&video["captions"][0]["url"]).await? == vtt, "the library shows other captions");
    let original = flow.http.get(video["videoUrl"].as_str().context("a URL")?).send().await?.bytes().await?;
    ensure!(original == film, "the library shows another film");
    Ok(())
}

#[tokio::test]
async fn silence_and_nonsense_fail_by_their_problems() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let film = Film { sound: true, ..Film::default() }.bytes()?;
    let silent = Film { sound: true, seconds: 1, ..Film::default() }.bytes()?;
    let mute = Film::default().bytes()?;
    {
        let server = server(folder.path(), COMMAND)?;
        let flow = Flow::new(&server.url);
        let (session, video) = captioned(&flow, &silent, "silent").await?;
        let problem = &session["problem"];
        ensure!(problem["type"] == "worker-crashed", "{session:#}");
        ensure!(
            problem["detail"].as_str().is_some_and(|detail| detail.contains("nothing is to be heard")),
            "{problem:#}"
        );
        ensure!(video["captions"] == json!([]) && video["videoUrl"].is_string(), "{video:#}");
        let (session, _) = captioned(&flow, &mute, "mute").await?;
        ensure!(session["problem"]["type"] == "unsupported-media", "{session:#}");
        server.kill()?;
    }
    let server = server(folder.path(), &["{wav}", "{base}.vtt", "nonsense"])?;
    let flow = Flow::new(&server.url);
    let (session, _) = captioned(&flow, &film, "nonsense").await?;
    ensure!(session["problem"]["type"] == "output-unverified", "{session:#}");
    Ok(())
}

#[tokio::test]
async fn without_a_captioner_there_are_no_captions() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start_well(folder.path())?;
    let flow = Flow::new(&server.url);
    let list = expect(flow.verb(Method::GET, "/api/recipes", None).await?, 200).await?;
    let captions =
        list["recipes"].as_array().context("recipes")?.iter().find(|row| row["name"] == "captions");
    let captions = captions.context("captions are listed")?;
    ensure!(captions["available"] == false, "{captions:#}");
    ensure!(
        captions["unavailableBecause"].as_str().is_some_and(|why| why.contains("captioner")),
        "{captions:#}"
    );
    let body = json!({ "userId": "ada", "fileName": "a.mp4", "size": 9, "contentType": "video/mp4" });
    for (path, recipe) in [("/upload", None), ("/xfer", Some("captions"))] {
        let mut body = body.clone();
        if let Some(recipe) = recipe {
            body["recipe"] = json!(recipe);
            body.as_object_mut().context("an object")?.remove("userId");
        }
        let refused = flow.http.post(format!("{}{path}", flow.url)).json(&body).send().await?;
        let refused = expect(refused, 400).await?;
        ensure!(refused["type"] == "/problems/recipe-unavailable", "{refused:#}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_no_film_of_the_library_is_not_shown_by_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = server(folder.path(), COMMAND)?;
    let flow = Flow::new(&server.url);
    let announced = flow.announce("a.wav", b"RIFF", "a", json!({})).await?;
    for id in [id(&announced)?, "nobody".to_owned()] {
        let refused = expect(flow.verb(Method::GET, &format!("/video/{id}"), None).await?, 404).await?;
        ensure!(refused["type"] == "/problems/unknown-session", "{refused:#}");
    }
    for (body, pointer) in [
        (json!({ "fileName": "a.mp4", "size": 9, "contentType": "video/mp4" }), "userId"),
        (json!({ "userId": "", "fileName": "a.mp4", "size": 9, "contentType": "video/mp4" }), "/userId"),
        (json!({ "userId": "a", "fileName": "a.mp4", "size": 0, "contentType": "video/mp4" }), "/size"),
        (json!({ "userId": "a", "fileName": "a.txt", "size": 9, "contentType": "text/plain" }), ""),
    ] {
        let refused = flow.http.post(format!("{}/upload", flow.url)).json(&body).send().await?;
        let refused = expect(refused, 400).await?;
        ensure!(refused.to_string().contains(pointer), "{refused:#}");
    }
    Ok(())
}
