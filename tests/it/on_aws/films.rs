//! Films, by workers that come and go: one is told to end, one is lost, and the third makes the film.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tests::films::{Film, frames};
use tests::flow::{Flow, PATIENCE, expect, id};
use tests::rig::stage::{Stage, entered, history, until};
use tests::rig::worker::{Agent, Worker};
use tests::sound::decoded;

/// A worker that was lost is missed after a minute, and the stand-in for Step Functions may lose one more task: for a minute
/// it takes who has asked for one and is gone for somebody who waits.
const MISSED: Duration = Duration::from_secs(2 * 60);

/// How many workers may begin a film until one is heard to give it back. The stand-in may lose one task; a second is lost on
/// purpose, and a third would be one too many for the step, which is told of each that its time has run out.
const BEGINNERS: usize = 2;

/// The error that a film is given back with.
const GIVEN_BACK: &str = "Worker.Draining";

/// A film of so many seconds that takes long to encode: of noise.
fn noisy(seconds: u32) -> Result<Vec<u8>> {
    let options = &["-g", "6", "-vf", "noise=alls=60:allf=t", "-preset", "ultrafast"];
    Film { seconds, size: "1280x720", options, ..Film::default() }.bytes()
}

/// Announces and sends a film that starts by itself.
async fn sent(flow: &Flow, recipe: &str, film: &[u8]) -> Result<String> {
    let more = json!({ "contentType": "video/mp4", "recipe": recipe, "start": "auto" });
    let announced = flow.announce("Sea.mp4", film, recipe, more).await?;
    ensure!(flow.upload(&announced, film).await?.status() == 200);
    id(&announced)
}

/// Waits until somebody encodes it.
async fn at_work(flow: &Flow, id: &str) -> Result<Value> {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        let session = flow.session(id).await?;
        if session["stage"] == "working" {
            return Ok(session);
        }
        ensure!(session["state"] != "Done" && session["state"] != "Failed", "{session:#}");
        ensure!(began.elapsed() < PATIENCE, "nobody takes it: {session:#}");
        ticks.tick().await;
    }
}

/// The errors that the step of an execution failed with, in turn.
fn failures(history: &Value) -> Vec<String> {
    let events = history["executions"][0]["events"].as_array().cloned().unwrap_or_default();
    let errors = events.iter().filter_map(|event| {
        let details = ["activityFailedEventDetails", "activityTimedOutEventDetails"];
        let details = details.iter().find_map(|name| event[*name].as_object())?;
        Some(details.get("error").and_then(Value::as_str).unwrap_or_default().to_owned())
    });
    errors.collect()
}

/// Waits until this worker has a task: it has a file of it then.
async fn has_task(worker: &Worker) -> Result<()> {
    until(MISSED + PATIENCE, async || Ok(worker.left_in_scratch()? > 0)).await
}

/// A worker that was told to end while it encoded the film, and has given that back; ECS has heard when it was at work. If its
/// word was not heard, the film is missed, and another worker begins it.
async fn given_back(stage: &Stage, flow: &Flow, id: &str) -> Result<Worker> {
    for _ in 0..BEGINNERS {
        let mut agent = Agent::start().await?;
        let worker = Worker::start(&stage.rig, Some(&agent.url)).await?;
        has_task(&worker).await.context("the worker has no task")?;
        at_work(flow, id).await?;
        let busy = agent.hears().await?;
        ensure!(busy == json!({ "ProtectionEnabled": true, "ExpiresInMinutes": 60 }), "{busy}");
        let before = failures(&flow.history(id).await?).len();
        worker.tell_to_end();
        until(MISSED + PATIENCE, async || Ok(failures(&flow.history(id).await?).len() > before))
            .await
            .context("it does not give its task back, nor is it missed")?;
        let free = agent.hears().await?;
        ensure!(free == json!({ "ProtectionEnabled": false }), "{free}");
        if failures(&flow.history(id).await?).last().is_some_and(|last| last == GIVEN_BACK) {
            return Ok(worker);
        }
    }
    bail!("no worker gives its task back: {:?}", failures(&flow.history(id).await?))
}

#[tokio::test]
async fn a_film_outlives_the_workers_that_begin_it() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = Flow { patience: MISSED + PATIENCE, ..stage.flow_of("ann").await? };
    let film = noisy(40)?;
    let id = sent(&flow, "video", &film).await?;

    let told = given_back(&stage, &flow, &id).await?;

    let worker = Worker::start(&stage.rig, None).await?;
    has_task(&worker).await.context("the second worker has no task")?;
    worker.kill()?;

    let worker = Worker::start(&stage.rig, None).await?;
    let session = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["attempt"] == 1, "{session:#}");
    let output = &session["outputs"][0];
    ensure!(output["name"] == "Sea-web.mp4" && output["bytes"].as_u64() > Some(10_000), "{output:#}");
    ensure!(flow.fetch(&session).await?.len() as u64 == output["bytes"].as_u64().unwrap_or_default());
    let history = history(&flow, &id).await?;
    // Step Functions calls a task that is missed States.HeartbeatTimeout, and its stand-in States.Timeout.
    let failures = failures(&history);
    let missed: Vec<_> = failures.iter().filter(|error| *error != GIVEN_BACK).collect();
    ensure!(
        (1..=2).contains(&missed.len()) && missed.iter().all(|error| error.ends_with("Timeout")),
        "{failures:?}"
    );
    ensure!(failures.last().is_some_and(|last| last != GIVEN_BACK), "nobody is missed last: {failures:?}");
    ensure!(worker.left_in_scratch()? == 0, "something is left in the scratch folder");
    let meters = worker.meters().await?;
    ensure!(meters.contains("lockgate_activity_seconds_count{activity=\"video\"} 1"), "{meters}");
    let (status, log) = told.ended().await?;
    ensure!(status.success() && log.contains("gives its task back"), "{status}: {log}");
    Ok(())
}

#[tokio::test]
async fn a_worker_that_stood_still_too_long_changes_nothing_any_more() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = Flow { patience: MISSED + PATIENCE, ..stage.flow_of("ann").await? };
    let film = noisy(20)?;
    let id = sent(&flow, "video", &film).await?;
    let first = Worker::start(&stage.rig, None).await?;
    has_task(&first).await.context("the first worker has no task")?;
    first.freeze();

    let _second = Worker::start(&stage.rig, None).await?;
    let done = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(done["state"] == "Done" && done["attempt"] == 1, "{done:#}");
    let made = flow.fetch(&done).await?;

    first.thaw();
    until(MISSED + PATIENCE, async || Ok(first.left_in_scratch()? == 0))
        .await
        .context("it does not give up")?;
    let after = flow.session(&id).await?;
    for kept in ["state", "trail", "attempt"] {
        ensure!(after[kept] == done[kept], "{kept} changed: {after:#}");
    }
    ensure!(flow.fetch(&after).await? == made, "the result changed");
    Ok(())
}

#[tokio::test]
async fn a_cancel_frees_the_worker_that_is_at_the_film_and_nothing_is_left() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = Flow { patience: MISSED + PATIENCE, ..stage.flow_of("ann").await? };
    let film = noisy(40)?;
    let mut agent = Agent::start().await?;
    let worker = Worker::start(&stage.rig, Some(&agent.url)).await?;
    let id = sent(&flow, "video", &film).await?;
    has_task(&worker).await.context("the worker has no task")?;
    at_work(&flow, &id).await?;
    let busy = agent.hears().await?;
    ensure!(busy["ProtectionEnabled"] == true, "{busy}");

    let path = format!("/xcode/{id}/cancel");
    let cancelled = expect(flow.verb(Method::POST, &path, None).await?, 202).await?;
    ensure!(cancelled["state"] == "Failed" && cancelled["problem"]["type"] == "cancelled", "{cancelled:#}");
    // Nobody tells the worker: it hears of it when it says how far it is.
    let free = agent.hears().await?;
    ensure!(free == json!({ "ProtectionEnabled": false }), "{free}");
    ensure!(worker.left_in_scratch()? == 0, "something is left in the scratch folder");
    until(flow.patience, async || {
        Ok(stage.swept(&id).await?.owes.is_empty() && stage.results(&id).await?.is_empty())
    })
    .await?;
    let after = flow.session(&id).await?;
    ensure!(after["trail"] == cancelled["trail"] && after["outputs"] == json!([]), "{after:#}");

    let next = sent(&flow, "thumbnails", &Film { seconds: 4, ..Film::default() }.bytes()?).await?;
    let session = flow.until(&next, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done", "{session:#}");
    let meters = worker.meters().await?;
    ensure!(meters.contains("activity=\"thumbnails\""), "who was cancelled takes the next: {meters}");
    Ok(())
}

#[tokio::test]
async fn frames_are_a_workers_too() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = Flow { patience: MISSED + PATIENCE, ..stage.flow_of("ann").await? };
    let film = Film { seconds: 4, ..Film::default() }.bytes()?;
    let mut agent = Agent::start().await?;
    let worker = Worker::start(&stage.rig, Some(&agent.url)).await?;
    let id = sent(&flow, "thumbnails", &film).await?;
    let session = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done", "{session:#}");
    let (frames, index) = frames(&flow.fetch(&session).await?)?;
    ensure!(!frames.is_empty() && index["frames"].as_array().map(Vec::len) == Some(frames.len()));
    // Another test's worker may have been quicker; whoever was at work has said that it is no more.
    if worker.meters().await?.contains("activity=\"thumbnails\"") {
        let told = [agent.hears().await?, agent.hears().await?];
        let protected: Vec<_> = told.iter().map(|told| &told["ProtectionEnabled"]).collect();
        ensure!(protected == [true, false], "{told:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_sound_that_takes_ffmpeg_is_a_workers() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a.opus");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-f", "lavfi", "-i", "sine=duration=3", "-c:a", "libopus"]).arg(&path);
    ensure!(ffmpeg.status()?.success());
    let opus = std::fs::read(path)?;
    let stage = Stage::open().await?;
    let flow = Flow { patience: MISSED + PATIENCE, ..stage.flow_of("ann").await? };
    let _worker = Worker::start(&stage.rig, None).await?;
    let more = json!({ "contentType": "audio/ogg", "recipe": "flac", "start": "auto" });
    let announced = flow.announce("a.opus", &opus, "one", more).await?;
    ensure!(flow.upload(&announced, &opus).await?.status() == 200);
    let id = id(&announced)?;
    let session = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["outputs"][0]["name"] == "a.flac", "{session:#}");
    // 48,000 samples a second of one channel, of 16 bits.
    let samples = decoded(&flow.fetch(&session).await?)?.len() / 2;
    ensure!(samples.abs_diff(3 * 48_000) < 4_800, "{samples} samples");
    let history = history(&flow, &id).await?;
    let entered = entered(&history["executions"][0]);
    ensure!(entered.contains(&"FlacByWorker") && !entered.contains(&"Flac"), "{entered:?}");
    Ok(())
}

#[tokio::test]
async fn without_workers_there_are_no_films() -> Result<()> {
    let stage = Stage::told(&json!({ "LOCKGATE_WORKERS": "false" })).await?;
    let flow = stage.flow_of("ann").await?;
    let listed = expect(flow.verb(Method::GET, "/api/recipes", None).await?, 200).await?;
    let recipes = listed["recipes"].as_array().context("recipes")?;
    for row in recipes {
        let takes_workers = row["name"] == "video" || row["name"] == "thumbnails";
        ensure!(row["available"] == !takes_workers, "{row:#}");
        let why = row["unavailableBecause"].as_str().unwrap_or_default();
        ensure!(why.contains("workers") == takes_workers, "{row:#}");
    }
    Ok(())
}
