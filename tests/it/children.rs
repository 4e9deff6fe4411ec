//! Media children of the real server that die, in the midst of their work or because they took more than they may: each
//! session ends as it would have or says a typed problem, nothing half-made is seen, and the next session is well.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tests::flow::{Flow, PATIENCE, id};
use tests::lab::Lab;
use tests::memory::family;
use tests::server::Setup;
use tests::sound::{decoded, long_wav, silent_flac, wav};

/// Ten minutes of sound, whose FLAC is sent to the store in several parts.
const LONG: u32 = 600;

/// Of each step's work that a child can die of: the first one and two more.
const TRIES: usize = 3;

/// Between two looks: a small part of what any work on a long sound takes.
const GLANCE: Duration = Duration::from_millis(2);

/// Kills whatever works for the server, and not the server. Answers how many that were.
fn kill_children(server: u32) -> usize {
    let children = family(server).into_iter().filter(|&process| process != server);
    let killed = children.filter(|&child| {
        // It may have ended just now.
        Pid::from_raw(child.cast_signed()).is_some_and(|child| kill_process(child, Signal::KILL).is_ok())
    });
    killed.count()
}

/// Kills whatever works on the session once it is so far; nothing, if it has ended before.
async fn kill_at(lab: &Lab, id: &str, percent: f64) -> Result<()> {
    let (flow, server, began) = (lab.flow()?, lab.process_id()?, Instant::now());
    let mut glances = tokio::time::interval(GLANCE);
    loop {
        let session = flow.session(id).await?;
        let is_so_far = session["progress"].as_f64().is_some_and(|progress| progress >= percent);
        if session["state"] != "Transcoding" || (is_so_far && kill_children(server) > 0) {
            return Ok(());
        }
        ensure!(began.elapsed() < PATIENCE, "it never comes to {percent}%: {session:#}");
        glances.tick().await;
    }
}

/// Follows a session to its end. Until it is Done, it must show no result.
async fn ended(flow: &Flow, id: &str) -> Result<Value> {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    loop {
        let session = flow.session(id).await?;
        if session["state"] == "Done" {
            return Ok(session);
        }
        let shown = session["outputs"].as_array().context("outputs are a list")?;
        ensure!(shown.is_empty(), "something half-made is shown: {session:#}");
        if session["state"] == "Failed" {
            return Ok(session);
        }
        ensure!(began.elapsed() < PATIENCE, "it never ends: {session:#}");
        ticks.tick().await;
    }
}

/// How often a worker of the session's first attempt has crashed, as the history tells.
async fn crashes(flow: &Flow, id: &str) -> Result<usize> {
    let history = flow.history(id).await?;
    let events = history["executions"][0]["events"].as_array().context("an execution has events")?;
    let is_crash = |event: &&Value| event["lambdaFunctionFailedEventDetails"]["error"] == "WorkerCrashed";
    Ok(events.iter().filter(is_crash).count())
}

/// Waits until the buckets hold so much and no upload lies about that was begun and never ended: whoever drops one aborts
/// it a moment later.
async fn nothing_else_is_left(lab: &Lab, uploads: usize, results: usize) -> Result<()> {
    lab.until_objects(&[("uploads", uploads), ("results", results)]).await?;
    let (objects, began) = (lab.objects().await?, Instant::now());
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    loop {
        let unfinished = objects.client().list_multipart_uploads().bucket("results").send().await?;
        if unfinished.uploads().is_empty() {
            return Ok(());
        }
        ensure!(began.elapsed() < Duration::from_secs(30), "these were never ended: {unfinished:?}");
        ticks.tick().await;
    }
}

#[tokio::test]
async fn a_child_that_is_killed_at_any_of_ten_moments_costs_a_try_and_nothing_else() -> Result<()> {
    const MOMENTS: usize = 10;
    let lab = Lab::new(&Setup::default())?;
    let flow = lab.flow()?;
    let file = long_wav(LONG);
    let calm = flow.begin("calm.wav", &file).await?;
    let calm = ended(&flow, &id(&calm)?).await?;
    ensure!(calm["state"] == "Done", "{calm:#}");
    let right = flow.fetch(&calm).await?;
    ensure!(decoded(&right)? == file[44..], "the samples differ");

    let mut felt = 0;
    for moment in 0..MOMENTS {
        let id = id(&flow.begin(&format!("{moment}.wav"), &file).await?)?;
        // From its very begin to the reading back, which is the last tenth.
        kill_at(&lab, &id, 100.0 * moment as f64 / MOMENTS as f64).await?;
        let session = ended(&flow, &id).await?;
        ensure!(session["state"] == "Done" && session["attempt"] == 1, "at {moment}/{MOMENTS}: {session:#}");
        ensure!(flow.fetch(&session).await? == right, "at {moment}/{MOMENTS}: another FLAC came out");
        let crashes = crashes(&flow, &id).await?;
        ensure!(crashes <= 1, "at {moment}/{MOMENTS}: {crashes} crashes of one kill");
        felt += crashes;
    }
    println!("{felt} of {MOMENTS} kills were felt");
    // One may come when a child has just said its last word.
    ensure!(felt >= 8, "of {MOMENTS} kills only {felt} were felt");
    let sessions = MOMENTS + 1;
    nothing_else_is_left(&lab, sessions, 2 * sessions).await
}

#[tokio::test]
async fn a_child_that_is_killed_at_every_try_fails_its_session_until_it_is_redriven() -> Result<()> {
    let lab = Lab::new(&Setup::default())?;
    let (flow, server) = (lab.flow()?, lab.process_id()?);
    let file = long_wav(LONG);
    let id = id(&flow.begin("a.wav", &file).await?)?;
    let began = Instant::now();
    let mut glances = tokio::time::interval(GLANCE);
    let failed = loop {
        let session = flow.session(&id).await?;
        if session["state"] != "Transcoding" {
            break session;
        }
        // Not before some of the FLAC is made.
        if session["progress"].as_f64().is_some_and(|percent| percent > 0.0) {
            kill_children(server);
        }
        ensure!(began.elapsed() < PATIENCE, "it never gives up: {session:#}");
        glances.tick().await;
    };
    let problem = &failed["problem"];
    ensure!(failed["state"] == "Failed" && problem["type"] == "worker-crashed", "{failed:#}");
    ensure!(problem["redrivable"] == true && failed["outputs"] == json!([]), "{failed:#}");
    let crashes = crashes(&flow, &id).await?;
    ensure!(crashes == TRIES, "{crashes} crashes");
    nothing_else_is_left(&lab, 1, 0).await?;

    flow.redrive(&id).await?;
    let done = ended(&flow, &id).await?;
    ensure!(done["state"] == "Done" && done["attempt"] == 2, "{done:#}");
    ensure!(decoded(&flow.fetch(&done).await?)? == file[44..], "the samples differ");
    nothing_else_is_left(&lab, 1, 2).await
}

/// A short sound with 20 MiB of tags behind it, which are read as a whole.
fn sound_of_many_tags() -> Vec<u8> {
    const TAGS: u32 = 20 << 20;
    let mut file = wav(4410, 1);
    file.extend_from_slice(b"id3 ");
    file.extend_from_slice(&TAGS.to_le_bytes());
    file.resize(file.len() + TAGS as usize, 0);
    file
}

#[tokio::test]
async fn a_child_that_takes_more_than_it_may_fails_its_own_session_and_no_other() -> Result<()> {
    // To take the MD5 of five hours takes more than a second of anybody's time.
    let five_hours = silent_flac(5 * 3600 * 44_100);
    for (limit, name, file, kind) in [
        ("memory = 16", "hungry.wav", sound_of_many_tags(), "out-of-memory"),
        ("processor = 1", "endless.flac", five_hours, "timed-out"),
    ] {
        let lab = Lab::with_patience(&Setup::default(), &format!("\n[limits.flac]\n{limit}\n"))?;
        let flow = lab.flow()?;
        let session = flow.run(name, &file, "greedy").await?;
        ensure!(session["state"] == "Failed" && session["problem"]["type"] == kind, "{name}: {session:#}");
        ensure!(session["problem"]["redrivable"] == true, "{name}: {session:#}");
        nothing_else_is_left(&lab, 1, 0).await?;
        let good = wav(4410, 2);
        let session = flow.run("good.wav", &good, "good").await?;
        ensure!(session["state"] == "Done" && session["attempt"] == 1, "after {name}: {session:#}");
        ensure!(decoded(&flow.fetch(&session).await?)? == good[44..], "after {name}: the samples differ");
    }
    Ok(())
}
