//! The whole flow on the real binary, by HTTP alone.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use tests::flow::{Flow, PATIENCE, expect, id};
use tests::lab::Lab;
use tests::memory::family;
use tests::server::{Server, Setup};
use tests::sound::{self, decoded, long_wav, wav};

const SECOND: u32 = 44_100;

fn lab() -> Result<(Lab, Flow)> {
    let lab = Lab::new(&Setup::default())?;
    let flow = lab.flow()?;
    Ok((lab, flow))
}

#[tokio::test]
async fn a_wav_comes_back_as_the_same_sound() -> Result<()> {
    let (_lab, flow) = lab()?;
    let file = wav(3 * SECOND, 1);
    let session = flow.run("a song.wav", &file, "k").await?;
    ensure!(session["state"] == "Done", "{session:#}");
    let output = &session["outputs"][0];
    ensure!(output["name"] == "a song.flac" && output["media"]["samples"] == 3 * SECOND, "{output:#}");
    let flac = flow.fetch(&session).await?;
    ensure!(output["bytes"] == flac.len() && output["sha256"] == sound::sha256(&flac), "{output:#}");
    ensure!(decoded(&flac)? == file[44..], "the samples differ");
    waveform_is_that_of(&session["outputs"][1], &file[44..]).await
}

/// The JSON beside the FLAC against the samples of its one channel.
async fn waveform_is_that_of(output: &Value, samples: &[u8]) -> Result<()> {
    ensure!(output["name"] == "a song.peaks.json", "{output:#}");
    let url = output["url"].as_str().context("an output has a URL")?;
    let bytes = reqwest::get(url).await?.bytes().await?;
    ensure!(output["sha256"] == sound::sha256(&bytes), "{output:#}");
    let waveform: Value = serde_json::from_slice(&bytes)?;
    let width = waveform["samples_per_pixel"].as_u64().context("a width")? as usize;
    let samples = samples.as_chunks::<2>().0.iter().map(|&bytes| i16::from_le_bytes(bytes));
    let swings = samples.collect::<Vec<_>>();
    let swings =
        swings.chunks(width).flat_map(|part| [part.iter().min().copied(), part.iter().max().copied()]);
    ensure!(waveform["data"] == json!(swings.flatten().collect::<Vec<i16>>()), "{waveform}");
    ensure!(waveform["version"] == 2 && waveform["bits"] == 16, "{waveform}");
    Ok(())
}

#[tokio::test]
async fn an_mp3_and_a_flac_come_back_as_ffmpeg_decodes_them() -> Result<()> {
    let (_lab, flow) = lab()?;
    for (name, arguments) in [("a.mp3", ["-c:a", "libmp3lame"]), ("a.flac", ["-c:a", "flac"])] {
        let file = sound::by_ffmpeg(&wav(2 * SECOND, 3), name, &arguments)?;
        let session = flow.run(name, &file, name).await?;
        ensure!(session["state"] == "Done", "{session:#}");
        let ours = decoded(&flow.fetch(&session).await?)?;
        let theirs = sound::pcm_by_ffmpeg(&file, name)?;
        ensure!(ours.len() == theirs.len(), "{name}: {} bytes, ffmpeg has {}", ours.len(), theirs.len());
        let furthest = sound::furthest_sample(&ours, &theirs);
        let allowed = if name == "a.flac" { 0 } else { 1 };
        ensure!(furthest <= allowed, "{name}: a sample is {furthest} off");
    }
    Ok(())
}

#[tokio::test]
async fn percent_rises_through_many_values_and_never_falls() -> Result<()> {
    let (_lab, flow) = lab()?;
    let file = wav(600 * SECOND, 1);
    let announced = flow.announce("long.wav", &file, "k", json!({ "start": "auto" })).await?;
    let id = id(&announced)?;
    ensure!(flow.upload(&announced, &file).await?.status() == 200);
    let mut seen = Vec::new();
    flow.events(&id, |_, data| seen.extend(data["progress"].as_f64())).await?;
    let mut distinct = seen.clone();
    distinct.dedup();
    ensure!(seen.is_sorted(), "percent fell: {seen:?}");
    ensure!(distinct.len() >= 5, "only {distinct:?} were seen");
    ensure!(seen.last() == Some(&100.0), "{seen:?}");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_converted_fails_in_plain_words() -> Result<()> {
    let (_lab, flow) = lab()?;
    let text = b"Dear diary, this is no sound at all. ".repeat(100);
    let whole = wav(SECOND, 1);
    for (name, file, kind) in [
        ("notes.wav", &text[..], "unsupported-media"),
        ("cut.wav", &whole[..whole.len() / 2], "media-corrupt"),
    ] {
        let session = flow.run(name, file, name).await?;
        ensure!(session["state"] == "Failed", "{session:#}");
        let problem = &session["problem"];
        let found = problem["type"].as_str().context("a problem has a type")?;
        ensure!(found.ends_with(kind), "{name}: {problem:#}");
        ensure!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{problem:#}");
        ensure!(problem["redrivable"] == false, "{problem:#}");
        let redriven = flow.verb(Method::POST, &format!("/xcode/{}/redrive", id(&session)?), None).await?;
        let refused = expect(redriven, 400).await?;
        ensure!(refused["title"] == "Wrong State" && refused["state"] == "Failed", "{refused:#}");
    }
    Ok(())
}

#[tokio::test]
async fn of_64_starts_one_is_accepted() -> Result<()> {
    let (_lab, flow) = lab()?;
    let file = wav(SECOND, 1);
    let announced = flow.announce("a.wav", &file, "k", json!({})).await?;
    let id = id(&announced)?;
    flow.upload(&announced, &file).await?;
    flow.until(&id, &["ReadyToXcode"]).await?;
    let path = format!("/xcode/{id}");
    let starts = (0..64).map(|_| flow.verb(Method::PUT, &path, None));
    let mut accepted = 0;
    for answer in futures::future::join_all(starts).await {
        match answer?.status().as_u16() {
            202 => accepted += 1,
            400 => {}
            other => anyhow::bail!("a start answered {other}"),
        }
    }
    ensure!(accepted == 1, "{accepted} starts were accepted");
    let session = flow.until(&id, &["Done"]).await?;
    ensure!(session["attempt"] == 1, "{session:#}");
    let history = flow.history(&id).await?;
    ensure!(history["executions"].as_array().is_some_and(|all| all.len() == 1), "{history:#}");
    Ok(())
}

/// A session that has been started with its upload.
async fn at_work(flow: &Flow, file: &[u8]) -> Result<String> {
    let announced = flow.announce("a.wav", file, "k", json!({ "start": "auto" })).await?;
    let id = id(&announced)?;
    flow.upload(&announced, file).await?;
    flow.until(&id, &["Transcoding"]).await?;
    Ok(id)
}

#[tokio::test]
async fn a_cancelled_session_leaves_nothing_and_can_be_redriven() -> Result<()> {
    let (lab, flow) = lab()?;
    let file = wav(60 * SECOND, 1);
    let id = at_work(&flow, &file).await?;
    flow.cancel(&id).await?;
    let session = flow.session(&id).await?;
    ensure!(session["state"] == "Failed" && session["problem"]["redrivable"] == true, "{session:#}");
    let again = expect(flow.verb(Method::POST, &format!("/xcode/{id}/cancel"), None).await?, 400).await?;
    ensure!(again["title"] == "Wrong State", "{again:#}");

    flow.redrive(&id).await?;
    let session = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["attempt"] == 2, "{session:#}");
    ensure!(decoded(&flow.fetch(&session).await?)? == file[44..], "the samples differ");
    lab.until_objects(&[("uploads", 1), ("results", 2)]).await?;

    let deleted = flow.verb(Method::DELETE, &format!("/api/sessions/{id}"), None).await?;
    ensure!(deleted.status().is_success(), "deleting answered {}", deleted.status());
    ensure!(flow.verb(Method::GET, &format!("/api/sessions/{id}"), None).await?.status() == 410);
    lab.until_objects(&[("uploads", 0), ("results", 0)]).await
}

/// By the history's own clock: from the move that cancels to the end of the execution. The worker is gone by then too. By
/// itself that takes far less than a second; what is allowed here leaves room for the tests beside this one.
#[tokio::test]
async fn a_cancel_stops_the_work_at_once() -> Result<()> {
    const AT_MOST: f64 = 5.0;
    let (lab, flow) = lab()?;
    let id = at_work(&flow, &long_wav(1200)).await?;
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    while flow.session(&id).await?["progress"].as_f64().is_none_or(|percent| percent == 0.0) {
        ticks.tick().await;
    }
    let server = lab.process_id()?;
    ensure!(family(server).len() > 1, "a worker is at it");
    flow.cancel(&id).await?;
    let cancelled = Instant::now();
    while family(server).len() > 1 {
        ensure!(cancelled.elapsed().as_secs_f64() < AT_MOST, "the worker works on");
        ticks.tick().await;
    }

    let session = flow.session(&id).await?;
    ensure!(session["state"] == "Failed" && session["problem"]["type"] == "cancelled", "{session:#}");
    let trail = session["trail"].as_array().context("a trail")?;
    let told = trail.iter().find(|passage| passage["event"] == "Cancelled").context("it was cancelled")?;
    let stopped = loop {
        let history = flow.history(&id).await?;
        let execution = &history["executions"][0];
        if execution["status"] != "RUNNING" {
            ensure!(execution["status"] == "ABORTED", "{execution:#}");
            break execution["stoppedAt"].clone();
        }
        ensure!(cancelled.elapsed() < PATIENCE, "it still runs: {execution:#}");
        ticks.tick().await;
    };
    let instant = |at: &Value| -> Result<Timestamp> { Ok(at.as_str().context("a time")?.parse()?) };
    let took = instant(&stopped)?.duration_since(instant(&told["at"])?).as_secs_f64();
    println!("a cancel took {took} s");
    ensure!((0.0..AT_MOST).contains(&took), "it took {took} s");
    lab.until_objects(&[("uploads", 1), ("results", 0)]).await
}

#[tokio::test]
async fn what_lands_in_the_inbox_is_converted_by_itself() -> Result<()> {
    let (lab, flow) = lab()?;
    let file = wav(SECOND, 4);
    let objects = lab.objects().await?;
    let mut sink = objects.create("uploads", "inbox/local/dropped/here.wav", "audio/wav");
    sink.write(file.clone().into()).await?;
    sink.finish().await?;
    let id = flow.first_session().await?;
    let session = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(session["outputs"][0]["name"] == "here.flac", "{session:#}");
    ensure!(decoded(&flow.fetch(&session).await?)? == file[44..], "the samples differ");
    Ok(())
}

#[tokio::test]
async fn a_second_server_on_the_folder_refuses_to_start() -> Result<()> {
    let (lab, _flow) = lab()?;
    ensure!(Server::start(lab.data(), &Setup::default())?.is_none(), "a second server came up");
    ensure!(lab.log().contains("another Lockgate"), "{}", lab.log());
    Ok(())
}

#[tokio::test]
async fn sigterm_drains_and_the_work_goes_on_with_the_next_server() -> Result<()> {
    let (lab, flow) = lab()?;
    let file = wav(60 * SECOND, 1);
    let id = at_work(&flow, &file).await?;
    let status = lab.terminate()?;
    ensure!(status.success(), "SIGTERM ended it with {status}");
    let session: Value = lab.flow()?.until(&id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["attempt"] == 1, "{session:#}");
    Ok(())
}
