//! A kill loses nothing: the server dies by SIGKILL at every crash point in turn, and the session ends as it would have.
//!
//! The list of points is not kept here: an undisturbed run with `LOCKGATE_CRASH_LOG` says what is passed, and the source
//! says what there is. A point that is never passed, or a durable write without one, fails.

use std::cell::Cell;
use std::collections::BTreeMap;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures::{StreamExt, TryStreamExt};
use tests::lab::{Ending, Lab};
use tests::server::Setup;
use tests::sound::{Noise, decoded, wav};

const SECOND: u32 = 44_100;

/// The ending of an undisturbed run, and how often it passed each point.
async fn undisturbed(file: &[u8]) -> Result<(Ending, BTreeMap<String, u64>)> {
    let log = tempfile::NamedTempFile::new()?;
    let lab = Lab::new(&Setup::default().with("LOCKGATE_CRASH_LOG", log.path()))?;
    let ending = lab.convert("a.wav", file).await?;
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
                decoded(&ending.flac)? == file[44..],
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
