//! The engine's own promise, on the real binary: killed around any commit and started again, an execution ends with the
//! history it would have had.
//!
//! [`own`] brings cases of the project that run by themselves, as a [`case`] says. In the others somebody stands
//! beside the engine and goes on after each of its deaths: [`activity`] has a worker, [`callback`] one that answers
//! by a token, [`redrive`] a user, and [`exported`] an object store. [`recorded`] brings the cases recorded on AWS
//! where they are at hand, each a [`script`]. [`asking`] is what all of them ask; [`history`] says when two histories
//! are the same. The process dies by the crash points around the journal's writes, so that after the k-th death
//! exactly the events of k commits stand, or of k - 1.

mod activity;
mod asking;
mod callback;
mod case;
mod exported;
mod history;
mod own;
mod recorded;
mod redrive;
mod script;
mod work;

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use tests::engine_server::EngineServer;

const PATIENCE: Duration = Duration::from_secs(180);

type History = Vec<Value>;

/// One run of a case: what stands around the engine, and what has been done so far. It outlives the engine, as whoever
/// uses one does.
trait Scene {
    /// The journal's writes around which the engine is killed.
    const WRITES: &'static [&'static str] = &["append"];
    /// How many deaths are gone through at a time: more than one where a run mostly waits.
    const AT_ONCE: usize = 1;

    /// Flags, and variables with their values.
    fn settings(&self) -> Vec<String>;

    /// Asks for all that is still to be done, until everything has ended; the histories, always in the same order. An
    /// error when the engine has died.
    async fn go(&mut self, server: &EngineServer) -> Result<Vec<History>>;
}

/// How many deaths the case was put through. Each is that of another engine, in a scene of its own.
async fn survives<S: Scene>(set: impl AsyncFn() -> Result<S>) -> Result<u32> {
    let expected = undisturbed(set().await?).await?;
    let (set, expected) = (&set, &expected);
    let mut deaths = 0;
    for write in S::WRITES {
        for moment in ["before", "after"] {
            let runs = stream::iter(1_u32..).map(|count| async move {
                let death = format!("journal.{write}.{moment}:{count}");
                let died = dies(set().await?, &death, expected).await;
                died.with_context(|| death)
            });
            let mut runs = pin!(runs.buffered(S::AT_ONCE));
            // One that did not die has no more commits than these.
            while runs.try_next().await? == Some(true) {
                deaths += 1;
            }
        }
    }
    ensure!(deaths >= 2, "it was not killed around its first commit: {deaths}");
    Ok(deaths)
}

/// The same in one folder, whose engine dies with every commit, once after it and once before the next: for executions that
/// follow one another, and of which each would be repeated with every death of those behind it.
async fn survives_in_a_row<S: Scene>(set: impl AsyncFn() -> Result<S>) -> Result<u32> {
    let expected = undisturbed(set().await?).await?;
    let (mut scene, folder) = (set().await?, tempfile::tempdir()?);
    let mut deaths = 0;
    for death in ["journal.append.after:1", "journal.append.before:2"].into_iter().cycle() {
        let doomed = start(&scene, folder.path(), Some(death))?;
        if let Some(histories) =
            life(&mut scene, doomed).await.with_context(|| format!("{death}, {deaths}"))?
        {
            compare(&expected, &histories)?;
            break;
        }
        deaths += 1;
    }
    ensure!(deaths >= 2, "it was not killed around its first commits: {deaths}");
    Ok(deaths)
}

async fn undisturbed<S: Scene>(mut scene: S) -> Result<Vec<History>> {
    let folder = tempfile::tempdir()?;
    let server = start(&scene, folder.path(), None)?;
    patiently(&mut scene, &server).await.context("undisturbed")?.context("undisturbed")
}

/// Whether it died at all, and then it has ended all the same.
async fn dies<S: Scene>(mut scene: S, death: &str, expected: &[History]) -> Result<bool> {
    let folder = tempfile::tempdir()?;
    let doomed = start(&scene, folder.path(), Some(death))?;
    let (histories, died) = match life(&mut scene, doomed).await? {
        Some(histories) => (histories, false),
        None => {
            let next = start(&scene, folder.path(), None)?;
            (patiently(&mut scene, &next).await??, true)
        }
    };
    compare(expected, &histories)?;
    Ok(died)
}

/// The histories, if everything ends before this engine does.
async fn life<S: Scene>(scene: &mut S, mut doomed: EngineServer) -> Result<Option<Vec<History>>> {
    let ended = patiently(scene, &doomed).await?;
    match ended {
        Ok(histories) => Ok(Some(histories)),
        Err(_) if doomed.has_died().await? => Ok(None),
        Err(error) => Err(error.context("it was not killed")),
    }
}

/// How it went; another error when it takes too long.
async fn patiently<S: Scene>(scene: &mut S, server: &EngineServer) -> Result<Result<Vec<History>>> {
    Ok(tokio::time::timeout(PATIENCE, Box::pin(scene.go(server))).await?)
}

fn compare(expected: &[History], histories: &[History]) -> Result<()> {
    ensure!(expected.len() == histories.len(), "{} histories, not {}", histories.len(), expected.len());
    for (expected, history) in expected.iter().zip(histories) {
        if let Some(difference) = history::difference(expected, history) {
            bail!("{difference}\n{}\nexpected\n{}", lines(history), lines(expected));
        }
    }
    Ok(())
}

fn start(scene: &impl Scene, folder: &Path, death: Option<&str>) -> Result<EngineServer> {
    let settings = scene.settings();
    let mut settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    if let Some(death) = death {
        settings.extend(["LOCKGATE_CRASH", death]);
    }
    EngineServer::start(folder, &settings)
}

fn lines(events: &[Value]) -> String {
    events.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
