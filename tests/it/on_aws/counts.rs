//! What a session takes of what is paid for by the piece, counted for a recipe of each kind: the transitions of its execution,
//! and the writes of DynamoDB. `docs/cost.md` is reckoned with these numbers.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::cost::{FLAC, JOB_WRITES};
use tests::flow::{Flow, id};
use tests::pictures::{Jpeg, Pixels};
use tests::rig::stage::{Stage, entered, history};
use tests::rig::transcribe::Job;
use tests::sound::wav;

const SECOND: u32 = 44_100;

/// So many of Step Functions' transitions a session may take at most: a state that is entered is one, and so is a retry.
const MOST_TRANSITIONS: usize = 12;

/// So many writes of its record it may take at most, those of progress apart.
const MOST_WRITES: usize = 8;

/// The sweep looks once more when nothing can be left lying any more, which these tests do not wait for.
const LAST_LOOK: usize = 1;

/// What was counted of a session that is Done.
#[derive(Debug)]
struct Counted {
    states: usize,
    retries: usize,
    progress: Vec<String>,
    /// All other writes of the record.
    moves: Vec<String>,
}

impl Counted {
    async fn of(stage: &Stage, flow: &Flow, id: &str) -> Result<Self> {
        let history = history(flow, id).await?;
        let executions = history["executions"].as_array().context("a history has executions")?;
        ensure!(executions.len() == 1, "{history:#}");
        let events = executions[0]["events"].as_array().context("an execution has events")?;
        let is_failure = |kind: &str| kind.ends_with("Failed") || kind.ends_with("TimedOut");
        // It has ended well, so that what failed was tried again.
        let failures = events.iter().filter(|event| event["type"].as_str().is_some_and(is_failure));
        let writes = stage.writes(id).await?.into_iter();
        let (progress, moves): (Vec<_>, Vec<_>) =
            writes.partition(|write| write.starts_with("SET #progress"));
        Ok(Self { states: entered(&executions[0]).len(), retries: failures.count(), progress, moves })
    }

    /// Whether a session whose work took so many seconds has kept within what it may take.
    fn check(&self, seconds: u64) -> Result<()> {
        let Self { states, retries, progress, moves } = self;
        ensure!(states + retries <= MOST_TRANSITIONS, "{self:#?}");
        ensure!(moves.len() + LAST_LOOK <= MOST_WRITES, "{self:#?}");
        // What is reckoned with.
        ensure!(*states == FLAC.transitions as usize, "{self:#?}");
        ensure!(moves.len() + LAST_LOOK <= FLAC.writes as usize, "{self:#?}");
        // One when the attempt begins, one when the work does, and one each five seconds.
        ensure!(progress.len() as u64 <= 2 + seconds / 5, "in {seconds} s: {self:#?}");
        Ok(())
    }
}

/// Runs a session of which this is said, and counts what it takes; its id.
async fn counted(stage: &Stage, (name, file): (&str, &[u8]), more: Value) -> Result<String> {
    let flow = stage.flow_of("ann").await?;
    let speaks = more["recipe"] == "captions";
    let began = Instant::now();
    let id = match &more["start"] {
        by_itself if by_itself == "auto" => id(&flow.send(name, file, "k", more).await?)?,
        _ => flow.start_as(name, file, "k", more).await?,
    };
    if speaks {
        Job::of(stage, &id)?.done().await?;
    }
    let session = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["attempt"] == 1, "{session:#}");
    let seconds = began.elapsed().as_secs();
    let counted = Counted::of(stage, &flow, &id).await?;
    let Counted { states, retries, progress, moves } = &counted;
    let (writes, told) = (moves.len(), progress.len());
    println!("{name}: {states} states, {retries} retries, {writes} writes and {told} of progress");
    counted.check(seconds)?;
    Ok(id)
}

#[tokio::test]
async fn a_sound_takes_no_more_transitions_and_writes_than_it_may() -> Result<()> {
    let stage = Stage::open().await?;
    let file = wav(3 * SECOND, 1);
    counted(&stage, ("a song.wav", &file), json!({ "recipe": "flac" })).await?;
    Ok(())
}

#[tokio::test]
async fn a_picture_takes_no_more_transitions_and_writes_than_it_may() -> Result<()> {
    let stage = Stage::open().await?;
    let file = Jpeg::default().bytes(&Pixels::scene(1200, 900))?;
    counted(&stage, ("sea.jpg", &file), json!({ "recipe": "proxies", "contentType": "image/jpeg" })).await?;
    Ok(())
}

#[tokio::test]
async fn what_starts_by_itself_takes_no_more_either() -> Result<()> {
    let stage = Stage::open().await?;
    let file = wav(3 * SECOND, 1);
    counted(&stage, ("a song.wav", &file), json!({ "recipe": "flac", "start": "auto" })).await?;
    Ok(())
}

#[tokio::test]
async fn speech_takes_no_more_transitions_and_writes_than_it_may_and_its_job_two_writes() -> Result<()> {
    let stage = Stage::open().await?;
    let file = wav(3 * SECOND, 1);
    let id = counted(&stage, ("talk.wav", &file), json!({ "recipe": "captions" })).await?;
    // The job's own item, beside the record: who waits for it is written down when it begins, and struck when it has ended.
    let beside = stage.writes(&format!("transcription:{}", Job::of(&stage, &id)?.name)).await?;
    ensure!(beside.len() == JOB_WRITES as usize, "{beside:#?}");
    Ok(())
}
