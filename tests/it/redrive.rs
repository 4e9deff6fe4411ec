//! A redrive on the real binary: what the attempt before has made and verified is not made again.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tests::flow::{Flow, expect, id};
use tests::lab::{Lab, uploaded};
use tests::server::Setup;
use tests::sound::{decoded, wav};

/// The server dies when the manifest is about to be written: everything is made, verified and kept.
fn dies_at_the_finish() -> Setup {
    Setup::crashing_at("sessions.TranscodeSucceeded.before", 1)
}

/// Where the session's only output lies in its bucket, as its URL says.
fn output_key(session: &Value) -> Result<String> {
    let url = Url::parse(session["outputs"][0]["url"].as_str().context("an output has a URL")?)?;
    Ok(url.path().trim_start_matches("/results/").to_owned())
}

/// How often the server has seen the first byte of an encoder.
async fn encoded(flow: &Flow) -> Result<u64> {
    let meters = flow.http.get(format!("{}/metrics", flow.url)).send().await?.text().await?;
    let count =
        meters.lines().find_map(|line| line.strip_prefix("lockgate_start_to_first_byte_seconds_count "));
    Ok(count.map_or(Ok(0), str::parse)?)
}

#[tokio::test]
async fn a_redrive_takes_what_the_killed_attempt_has_verified() -> Result<()> {
    let file = wav(44_100, 1);
    // The engine gives `finish` up for lost after three deaths; then it waits, and a cancel comes through.
    let lab =
        Lab::new(&dies_at_the_finish())?.killing_the_next(std::iter::repeat_n(dies_at_the_finish(), 30));
    let id = id(&lab.ask(async |flow| uploaded(flow, "a.wav", &file).await).await?)?;
    lab.ask(async |flow| flow.until(&id, &["ReadyToXcode"]).await).await?;
    lab.ask(async |flow| ask(flow, Method::PUT, &format!("/xcode/{id}")).await).await?;
    let cancel = async |flow: &Flow| {
        until_at_the_finish(flow, &id).await?;
        ask(flow, Method::POST, &format!("/xcode/{id}/cancel")).await
    };
    lab.ask(cancel).await?;
    let cancelled = lab.ask(async |flow| flow.session(&id).await).await?;
    ensure!(cancelled["problem"]["type"].as_str().is_some_and(|kind| kind.ends_with("cancelled")));
    ensure!(lab.deaths() >= 1, "nobody died at the finish");
    lab.kill()?;

    let lab = lab.killing_the_next([]);
    let flow = lab.flow()?;
    lab.until_objects(&[("results", 2)]).await?;
    ask(&flow, Method::POST, &format!("/xcode/{id}/redrive")).await?;
    let done = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(done["state"] == "Done" && done["attempt"] == 2, "{done:#}");
    ensure!(encoded(&flow).await? == 0, "the encoder ran again");
    ensure!(output_key(&done)?.starts_with(&format!("{id}/1/")), "{done:#}");
    ensure!(decoded(&flow.fetch(&done).await?)? == file[44..], "the samples differ");

    // Another file is encoded by this very server, so that the meter is one.
    let other = flow.run("b.wav", &wav(44_100, 2), "other").await?;
    ensure!(other["state"] == "Done" && encoded(&flow).await? == 1, "{other:#}");
    for id in [&id, &tests::flow::id(&other)?] {
        ensure!(flow.verb(Method::DELETE, &format!("/api/sessions/{id}"), None).await?.status() == 204);
    }
    lab.until_objects(&[("uploads", 0), ("results", 0)]).await
}

/// One request, under a key that makes it the same one when it is asked again.
async fn ask(flow: &Flow, method: Method, path: &str) -> Result<()> {
    expect(flow.verb(method, path, Some(path)).await?, 202).await.map(drop)
}

async fn until_at_the_finish(flow: &Flow, id: &str) -> Result<()> {
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    loop {
        let history = flow.history(id).await?;
        let steps = history["executions"][0]["steps"].as_array().cloned().unwrap_or_default();
        if steps.iter().any(|step| step["name"] == "Finish") {
            return Ok(());
        }
        ticks.tick().await;
    }
}

#[tokio::test]
async fn a_session_that_was_killed_between_keeping_and_finishing_encodes_once() -> Result<()> {
    let file = wav(44_100, 3);
    let lab = Lab::new(&Setup::crashing_at("sessions.keep.after", 1))?;
    let announced = lab
        .ask(async |flow| {
            let announced = flow.announce("a.wav", &file, "k", json!({ "start": "auto" })).await?;
            if announced["state"] == "NotUploaded" {
                flow.upload(&announced, &file).await?;
            }
            Ok(announced)
        })
        .await?;
    let id = id(&announced)?;
    let done = lab.ask(async |flow| flow.until(&id, &["Done", "Failed"]).await).await?;
    ensure!(done["state"] == "Done" && done["attempt"] == 1, "{done:#}");
    let flow = lab.flow()?;
    ensure!(lab.deaths() == 1 && encoded(&flow).await? == 0, "the encoder ran again");
    ensure!(decoded(&flow.fetch(&done).await?)? == file[44..], "the samples differ");
    Ok(())
}
