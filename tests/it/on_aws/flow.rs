//! The whole flow through the deployed stack, by HTTP alone: a token, the API's function, a presigned upload, the bucket's
//! notice, its queue, the workflow and its functions, the result.

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tests::flow::{Flow, expect, id};
use tests::rig::stage::{Stage, history};
use tests::sound::{self, decoded, wav};

const SECOND: u32 = 44_100;

#[tokio::test]
async fn a_wav_comes_back_as_the_same_sound() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let file = wav(3 * SECOND, 1);
    let session = flow.run("a song.wav", &file, "k").await?;
    ensure!(session["state"] == "Done", "{session:#}");
    let output = &session["outputs"][0];
    ensure!(output["name"] == "a song.flac" && output["media"]["samples"] == 3 * SECOND, "{output:#}");
    let flac = flow.fetch(&session).await?;
    ensure!(output["sha256"] == sound::sha256(&flac), "{output:#}");
    ensure!(decoded(&flac)? == file[44..], "the samples differ");

    let id = id(&session)?;
    let again = flow.verb(Method::PUT, &format!("/xcode/{id}"), None).await?;
    let refused = expect(again, 400).await?;
    ensure!(refused["title"] == "Wrong State" && refused["state"] == "Done", "{refused:#}");
    let history = history(&flow, &id).await?;
    let execution = &history["executions"][0];
    ensure!(execution["status"] == "SUCCEEDED" && execution["name"] == format!("{id}-1"), "{history:#}");
    Ok(())
}

#[tokio::test]
async fn what_is_somebodys_nobody_else_sees() -> Result<()> {
    let stage = Stage::open().await?;
    let (ann, bob) = (stage.flow_of("ann").await?, stage.flow_of("bob").await?);
    let announced = ann.announce("a.wav", b"RIFF", "k", json!({})).await?;
    let path = format!("/api/sessions/{}", id(&announced)?);
    expect(ann.verb(Method::GET, &path, None).await?, 200).await?;
    expect(bob.verb(Method::GET, &path, None).await?, 404).await?;
    let listed = expect(bob.verb(Method::GET, "/api/sessions", None).await?, 200).await?;
    ensure!(listed["sessions"] == json!([]), "{listed:#}");
    let nobody = Flow { token: None, ..ann.clone() };
    expect(nobody.verb(Method::GET, &path, None).await?, 401).await?;
    expect(nobody.verb(Method::GET, "/api/recipes", None).await?, 200).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_no_sound_fails_in_plain_words_and_a_cancelled_session_is_redriven() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let session = flow.run("noise.wav", &[7; 5000], "k").await?;
    ensure!(session["state"] == "Failed", "{session:#}");
    ensure!(
        session["problem"]["type"].as_str().is_some_and(|kind| kind.ends_with("unsupported-media")),
        "{session:#}"
    );

    let file = wav(SECOND, 2);
    let announced = flow.announce("b.wav", &file, "l", json!({})).await?;
    let id = id(&announced)?;
    ensure!(flow.upload(&announced, &file).await?.status() == 200);
    flow.until(&id, &["ReadyToXcode"]).await?;
    flow.cancel(&id).await?;
    let cancelled: Value = flow.until(&id, &["Failed"]).await?;
    ensure!(
        cancelled["problem"]["type"].as_str().is_some_and(|kind| kind.ends_with("cancelled")),
        "{cancelled:#}"
    );
    flow.redrive(&id).await?;
    let done = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(done["state"] == "Done", "{done:#}");
    ensure!(decoded(&flow.fetch(&done).await?)? == file[44..], "the samples differ");
    Ok(())
}
