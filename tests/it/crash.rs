//! A kill loses nothing: the server dies by SIGKILL at every crash point in turn, and the session ends as it would have.
//!
//! The list of points is not kept here: an undisturbed run with `LOCKGATE_CRASH_LOG` says what is passed, and the source
//! says what there is. A point that is never passed, or a durable write without one, fails.

use std::cell::Cell;
use std::collections::BTreeMap;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures::{StreamExt, TryStreamExt};
use serde_json::json;
use tests::films::Film;
use tests::lab::{Ending, Lab, Wish};
use tests::server::{Setup, program};
use tests::sound::{Noise, decoded, wav};

const SECOND: u32 = 44_100;

/// The ending of an undisturbed run, and how often it passed each point.
async fn undisturbed(file: &[u8]) -> Result<(Ending, BTreeMap<String, u64>)> {
    undisturbed_by(&Wish::flac("a.wav", file), "").await
}

/// The same of any recipe, with more in the server's file.
async fn undisturbed_by(wish: &Wish, settings: &str) -> Result<(Ending, BTreeMap<String, u64>)> {
    let log = tempfile::NamedTempFile::new()?;
    let setup = Setup::default().with("LOCKGATE_CRASH_LOG", log.path());
    let ending = Lab::with_patience(&setup, settings)?.make(wish).await?;
    let mut passed = BTreeMap::new();
    for point in std::fs::read_to_string(log.path())?.lines() {
        *passed.entry(point.to_owned()).or_default() += 1;
    }
    Ok((ending, passed))
}

#[tokio::test]
async fn the_session_ends_the_same_wherever_the_server_was_killed() -> Result<()> {
    let file = wav(SECOND / 2, 1);
    let (calm, passed) = undisturbed(&file).await?;
    ensure!(calm.trail == ["UploadConfirmed", "TranscodeStarted", "TranscodeSucceeded"], "{:?}", calm.trail);
    let mut died = 0;
    for (point, &times) in &passed {
        for count in 1..=times {
            let lab = Lab::new(&Setup::crashing_at(point, count))?;
            let ending = lab.convert("a.wav", &file).await.map_err(|error| {
                error.context(format!("killed at {point}, the {count}. time\n{}", lab.log()))
            })?;
            ensure!(ending == calm, "killed at {point}, the {count}. time: {:?}", ending.trail);
            died += usize::from(lab.deaths() > 0);
        }
    }
    let kills: u64 = passed.values().sum();
    println!("{} crash points, {kills} kills planned, {died} died", passed.len());
    // A last pass may come after the session is Done, when nobody waits for the server any more.
    ensure!(died as u64 * 10 >= kills * 9, "of {kills} planned kills only {died} were seen");
    Ok(())
}

/// As [`the_session_ends_the_same_wherever_the_server_was_killed`], in a recipe whose step is a function of the server.
#[tokio::test]
async fn frames_of_a_film_end_the_same_wherever_the_server_was_killed() -> Result<()> {
    let film = Film { seconds: 2, ..Film::default() }.bytes()?;
    let more = json!({ "contentType": "video/mp4", "recipe": "thumbnails", "options": { "count": 3 } });
    let wish = Wish { name: "a.mp4".to_owned(), file: film, more };
    let (calm, passed) = undisturbed_by(&wish, "").await?;
    ensure!(calm.trail == ["UploadConfirmed", "TranscodeStarted", "TranscodeSucceeded"], "{:?}", calm.trail);
    for (point, &times) in &passed {
        let lab = Lab::new(&Setup::crashing_at(point, times))?;
        let ending = lab.make(&wish).await;
        let ending = ending.map_err(|error| error.context(format!("killed at {point}\n{}", lab.log())))?;
        ensure!(ending == calm, "killed at {point}, the {times}. time: {:?}", ending.trail);
    }
    Ok(())
}

/// Where a worker or a captioner does the work, its death is seen by its heartbeat only, which takes a while; so not at every
/// point, and all at once.
#[tokio::test]
async fn a_film_and_captions_end_the_same_when_whoever_makes_them_died() -> Result<()> {
    let film = Film { seconds: 4, sound: true, ..Film::default() }.bytes()?;
    let captioner = program("captioner")?;
    let settings = format!("[captions]\ncommand = [{captioner:?}, '{{wav}}', '{{base}}.vtt']\n");
    let points = [
        ("objects.put.after", 2),
        ("sessions.keep.before", 1),
        ("sessions.keep.after", 1),
        ("journal.append.after", 6),
    ];
    let wishes = ["video", "captions"].map(|recipe| {
        let more = json!({ "contentType": "video/mp4", "recipe": recipe });
        Wish { name: format!("{recipe}.mp4"), file: film.clone(), more }
    });
    let mut trials = Vec::new();
    for wish in &wishes {
        let (calm, passed) = undisturbed_by(wish, &settings).await?;
        for (point, count) in points {
            ensure!(
                passed.get(point).is_some_and(|&times| times >= count),
                "{point} is not passed: {passed:?}"
            );
            trials.push((wish, calm.clone(), point, count));
        }
    }
    let settings = &settings;
    let killed = futures::stream::iter(trials).map(|(wish, calm, point, count)| async move {
        let lab = Lab::with_patience(&Setup::crashing_at(point, count), settings)?;
        let ending = lab.make(wish).await;
        let ending = ending.map_err(|error| error.context(format!("killed at {point}\n{}", lab.log())))?;
        ensure!(lab.deaths() == 1, "{}: it did not die at {point}", wish.name);
        ensure!(
            ending.trail == calm.trail && ending.attempt == 1,
            "{} killed at {point}: {:?}",
            wish.name,
            ending.trail
        );
        // An encoder that works on several processors need not make the same bytes of the same film.
        ensure!(wish.name.starts_with("video") || ending == calm, "{} killed at {point}", wish.name);
        Ok(())
    });
    killed.buffer_unordered(4).try_collect::<Vec<_>>().await.map(drop)
}

#[tokio::test]
async fn an_acknowledgement_before_the_commit_is_caught() -> Result<()> {
    let file = wav(SECOND / 10, 1);
    let (calm, passed) = undisturbed(&file).await?;
    for point in ["sessions.create.after", "objects.put.after", "journal.append.after"] {
        ensure!(passed.contains_key(point), "{point} is not passed");
        let well = Lab::new(&Setup::crashing_at(point, 1))?.convert("a.wav", &file).await?;
        ensure!(well == calm, "killed at {point}, the store that commits first ends as {:?}", well.trail);
        let broken = Setup::crashing_at(point, 1).with("LOCKGATE_BREAK", "ack-before-commit");
        let outcome = match Lab::new(&broken) {
            Ok(lab) => lab.impatient().convert("a.wav", &file).await,
            Err(error) => Err(error),
        };
        if !outcome.is_ok_and(|ending| ending == calm) {
            println!("the store that acknowledges first was caught at {point}");
            return Ok(());
        }
    }
    anyhow::bail!("no kill revealed that the store acknowledges before it commits")
}

#[tokio::test]
async fn random_kills_during_fifty_sessions_lose_none() -> Result<()> {
    let lab = Lab::new(&Setup::default())?;
    let ended = Cell::new(0);
    let enough = |n: u64| n >= 50 && lab.deaths() >= 5;
    let sessions = futures::stream::iter((0..).take_while(|n| !enough(*n))).map(|n| {
        let (lab, ended) = (&lab, &ended);
        async move {
            let file = wav(SECOND + 4000 * (n % 50) as u32, n);
            let ending = lab.convert(&format!("{n}.wav"), &file).await?;
            ensure!(ending.attempt == 1 && ending.state == "Done", "session {n}: {:?}", ending.trail);
            ensure!(
                decoded(&ending.result)? == file[44..],
                "session {n}: the samples are not those of the file"
            );
            ended.set(ended.get() + 1);
            Ok(())
        }
    });
    let all = sessions.buffer_unordered(8).try_collect::<Vec<_>>();
    tokio::select! {
        outcome = all => drop(outcome?),
        outcome = kill_at_random(&lab, &ended) => outcome?,
    }
    println!("{} servers died", lab.deaths());
    Ok(())
}

#[tokio::test]
async fn a_server_killed_while_it_recovers_loses_nothing() -> Result<()> {
    let file = wav(SECOND / 2, 1);
    let (calm, _) = undisturbed(&file).await?;
    for (point, count) in
        [("sessions.TranscodeStarted.after", 1), ("journal.append.after", 2), ("objects.put.after", 2)]
    {
        let first = Lab::new(&Setup::crashing_at(point, count))?;
        // Each of the next servers is killed too, at the first durable things it does.
        let nested = ["journal.append.before", "journal.append.after", "sessions.settle.before"];
        let plan = nested.map(|point| Setup::crashing_at(point, 1));
        let lab = first.killing_the_next(plan);
        let ending = lab.convert("a.wav", &file).await?;
        ensure!(lab.deaths() >= 3, "only {} servers died after {point}", lab.deaths());
        ensure!(ending == calm, "killed at {point} and while recovering: {:?}", ending.trail);
    }
    Ok(())
}

/// Kills the server every 400 to 1200 ms, for as long as it is let: often enough that much is under way each time. But not
/// before a session has ended since the last time, so that however slow the machine is, a step can end in between.
async fn kill_at_random(lab: &Lab, ended: &Cell<usize>) -> Result<()> {
    let mut noise = Noise::new(7);
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    loop {
        let pause = Duration::from_millis(400 + noise.draw() % 800);
        let (began, before) = (Instant::now(), ended.get());
        while began.elapsed() < pause || ended.get() == before {
            ticks.tick().await;
        }
        lab.kill()?;
    }
}
