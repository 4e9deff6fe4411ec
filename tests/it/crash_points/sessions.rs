//! Sessions that do not simply end well, through the real binary by HTTP: cancelled, redriven, deleted, rejected, expired,
//! failed, and damaged. The server is killed at every point that the main flow does not pass, and each session ends as it
//! would have, with no object left but those it should leave.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::{Method, Url};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tests::doomed;
use tests::flow::{Flow, id};
use tests::lab::{Lab, uploaded};
use tests::server::Setup;
use tests::sound::wav;

const SECOND: u32 = 44_100;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// The URL of an upload lives a quarter of an hour; with this nobody waits for it.
const EXPIRES_AT_ONCE: &str = "upload-grace = -899.8\n";

/// In days: a file and its result for two seconds, the record for five, its tombstone for one.
const KEPT_FOR_SECONDS: &str =
    "\n[retention]\ninputs = 2e-5\nresults = 2e-5\nsessions = 6e-5\ntombstones = 1e-5\n";

#[derive(Clone, Copy, Debug)]
pub(super) enum Scenario {
    CancelledBeforeItsStart,
    CancelledAtWork,
    Rejected,
    Unconvertible,
    Expired,
    Damaged,
    Unreadable,
    Outlived,
}

pub(super) const ALL: [Scenario; 8] = [
    Scenario::CancelledBeforeItsStart,
    Scenario::CancelledAtWork,
    Scenario::Rejected,
    Scenario::Unconvertible,
    Scenario::Expired,
    Scenario::Damaged,
    Scenario::Unreadable,
    Scenario::Outlived,
];

/// How a session stood, as far as it must not depend on who died when.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    state: String,
    attempt: u64,
    trail: Vec<String>,
    problem: String,
}

/// How a session stood at each stop on its way, the last being its end.
pub(super) type Ending = Vec<Told>;

impl Scenario {
    /// The ending of an undisturbed run, and what it passed.
    pub(super) async fn undisturbed(self) -> Result<(Ending, Vec<String>)> {
        let log = tempfile::NamedTempFile::new()?;
        let (ending, _) = self.play(&Setup::default().with("LOCKGATE_CRASH_LOG", log.path())).await?;
        Ok((ending, doomed::passes(log.path())?))
    }

    /// How many servers it kills itself.
    fn own_kills(self) -> usize {
        match self {
            Self::Damaged | Self::Unreadable => 1,
            _ => 0,
        }
    }

    /// Plays it with a server that was started like this; answers the ending and how many servers died.
    async fn play(self, setup: &Setup) -> Result<(Ending, usize)> {
        let lab = match self {
            Self::Damaged | Self::Unreadable => Lab::new(&Setup::default())?,
            Self::Expired => Lab::with_patience(setup, EXPIRES_AT_ONCE)?,
            Self::Outlived => Lab::with_patience(setup, KEPT_FOR_SECONDS)?,
            _ => Lab::new(setup)?,
        };
        let ending = match self {
            Self::CancelledBeforeItsStart => cancelled_before_its_start(&lab).await,
            Self::CancelledAtWork => cancelled_at_work(&lab).await,
            Self::Rejected => rejected(&lab).await,
            Self::Unconvertible => unconvertible(&lab).await,
            Self::Expired => expired(&lab).await,
            Self::Damaged => damaged(&lab, setup).await,
            Self::Unreadable => unreadable(&lab, setup).await,
            Self::Outlived => outlived(&lab).await,
        };
        let ending = ending.with_context(|| format!("{self:?}\n{}", lab.log()))?;
        lab.flow()?; // notices a death that came after the last word
        Ok((ending, lab.deaths()))
    }
}

/// Cancelled while it waits, redriven, converted, deleted.
async fn cancelled_before_its_start(lab: &Lab) -> Result<Ending> {
    let id = upload(lab, &wav(SECOND / 4, 1)).await?;
    ask(lab, Method::POST, &format!("/xcode/{id}/cancel"), &[202]).await?;
    let cancelled = told(lab, &id).await?;
    ensure!(cancelled.is("Failed", "cancelled", &["UploadConfirmed", "Cancelled"]), "{cancelled:?}");
    ask(lab, Method::POST, &format!("/xcode/{id}/redrive"), &[202]).await?;
    until(lab, &id, &["Done", "Failed"]).await?;
    let done = told(lab, &id).await?;
    let trail = ["UploadConfirmed", "Cancelled", "Redriven", "TranscodeSucceeded"];
    ensure!(done.is("Done", "", &trail), "{done:?}");
    until_stored(lab, Stored { uploads: 1, results: 2 }).await?;
    until_closed(lab, &id, 1).await?;
    delete(lab, &id).await?;
    Ok(vec![cancelled, done])
}

/// Cancelled while a child works on it, deleted.
async fn cancelled_at_work(lab: &Lab) -> Result<Ending> {
    let id = upload(lab, &wav(60 * SECOND, 1)).await?;
    ask(lab, Method::PUT, &format!("/xcode/{id}"), &[202]).await?;
    ask(lab, Method::POST, &format!("/xcode/{id}/cancel"), &[202]).await?;
    let cancelled = told(lab, &id).await?;
    let trail = ["UploadConfirmed", "TranscodeStarted", "Cancelled"];
    ensure!(cancelled.is("Failed", "cancelled", &trail), "{cancelled:?}");
    until_closed(lab, &id, 1).await?;
    until_stored(lab, Stored { uploads: 1, results: 0 }).await?;
    delete(lab, &id).await?;
    Ok(vec![cancelled])
}

/// Other bytes than announced, which no presigned URL would take: put there by somebody who has the store's keys.
async fn rejected(lab: &Lab) -> Result<Ending> {
    let announced = lab.ask(async |flow| announce(flow).await).await?;
    let id = id(&announced)?;
    let smuggle = async |flow: &Flow| {
        let announced = announce(flow).await?;
        if announced["state"] != "NotUploaded" {
            return Ok(());
        }
        let url = Url::parse(announced["upload"]["url"].as_str().context("an upload has a URL")?)?;
        let key = url.path().strip_prefix("/uploads/").context("it leads into the bucket")?;
        let objects = lab.objects_behind(&announced)?;
        if objects.head("uploads", key).await?.is_none() {
            let mut sink = objects.create("uploads", key, "audio/wav");
            sink.write(wav(77, 7).into()).await?;
            sink.finish().await?;
        }
        Ok(())
    };
    lab.ask(smuggle).await?;
    until(lab, &id, &["Failed"]).await?;
    let failed = told(lab, &id).await?;
    ensure!(failed.is("Failed", "upload-mismatch", &["UploadRejected"]), "{failed:?}");
    until_stored(lab, Stored { uploads: 0, results: 0 }).await?;
    Ok(vec![failed])
}

/// No sound at all.
async fn unconvertible(lab: &Lab) -> Result<Ending> {
    let id = upload(lab, &b"Dear diary, this is no sound at all. ".repeat(100)).await?;
    ask(lab, Method::PUT, &format!("/xcode/{id}"), &[202]).await?;
    until(lab, &id, &["Failed", "Done"]).await?;
    let failed = told(lab, &id).await?;
    let trail = ["UploadConfirmed", "TranscodeStarted", "TranscodeFailed"];
    ensure!(failed.is("Failed", "unsupported-media", &trail), "{failed:?}");
    until_closed(lab, &id, 1).await?;
    until_stored(lab, Stored { uploads: 1, results: 0 }).await?;
    Ok(vec![failed])
}

/// Announced and never uploaded.
async fn expired(lab: &Lab) -> Result<Ending> {
    let id = id(&lab.ask(async |flow| announce(flow).await).await?)?;
    until(lab, &id, &["Failed"]).await?;
    let failed = told(lab, &id).await?;
    ensure!(failed.is("Failed", "upload-expired", &["Expired"]), "{failed:?}");
    until_stored(lab, Stored { uploads: 0, results: 0 }).await?;
    Ok(vec![failed])
}

/// Done, and kept for no longer than it is to be: first its objects go, then the record, then what says that there was one.
async fn outlived(lab: &Lab) -> Result<Ending> {
    let id = upload(lab, &wav(SECOND / 4, 1)).await?;
    ask(lab, Method::PUT, &format!("/xcode/{id}"), &[202]).await?;
    until(lab, &id, &["Done", "Failed"]).await?;
    let done = told(lab, &id).await?;
    ensure!(done.is("Done", "", &["UploadConfirmed", "TranscodeStarted", "TranscodeSucceeded"]), "{done:?}");
    until_stored(lab, Stored { uploads: 0, results: 0 }).await?;
    let path = format!("/api/sessions/{id}");
    let is_forgotten = async |flow: &Flow| Ok(flow.verb(Method::GET, &path, None).await?.status() == 404);
    eventually(lab, "it is forgotten", is_forgotten).await?;
    Ok(vec![done])
}

/// The engine finds the history of its execution damaged, and parks it; the sweep finds out.
async fn damaged(lab: &Lab, setup: &Setup) -> Result<Ending> {
    let id = upload(lab, &wav(60 * SECOND, 1)).await?;
    ask(lab, Method::PUT, &format!("/xcode/{id}"), &[202]).await?;
    until(lab, &id, &["Transcoding"]).await?;
    until_executed(lab, &id).await?;
    lab.kill()?;
    let journal = Connection::open(lab.data().join("journal.db"))?;
    ensure!(
        journal.execute("UPDATE events SET checksum = checksum + 1", [])? > 0,
        "there is no history to damage"
    );
    drop(journal);
    lab.start(setup)?;
    until(lab, &id, &["Failed", "Done"]).await?;
    let failed = told(lab, &id).await?;
    let trail = ["UploadConfirmed", "TranscodeStarted", "TranscodeFailed"];
    ensure!(failed.is("Failed", "workflow-failed", &trail), "{failed:?}");
    until_stored(lab, Stored { uploads: 1, results: 0 }).await?;
    Ok(vec![failed])
}

const DUE: &str = "SELECT coalesce(put_off, due_at) FROM sessions";

/// Its record cannot be read, and the sweep puts it off; mended, it goes on.
async fn unreadable(lab: &Lab, setup: &Setup) -> Result<Ending> {
    let id = id(&lab.ask(async |flow| announce(flow).await).await?)?;
    lab.kill()?;
    let records = Connection::open(lab.data().join("sessions.db"))?;
    let due = || -> Result<i64> { Ok(records.query_row(DUE, [], |row| row.get(0))?) };
    let was_due = due()?;
    ensure!(records.execute("UPDATE sessions SET checksum = checksum + 1", [])? == 1, "there is one record");
    lab.start(setup)?;
    let path = format!("/api/sessions/{id}");
    ask(lab, Method::GET, &path, &[500]).await?;
    eventually(lab, "it is put off", async |_| Ok(due()? > was_due)).await?;
    records.execute("UPDATE sessions SET checksum = checksum - 1", [])?;
    ask(lab, Method::POST, &format!("/xcode/{id}/cancel"), &[202]).await?;
    let cancelled = told(lab, &id).await?;
    ensure!(cancelled.is("Failed", "cancelled", &["Cancelled"]), "{cancelled:?}");
    Ok(vec![cancelled])
}

impl Told {
    fn is(&self, state: &str, problem: &str, trail: &[&str]) -> bool {
        self.state == state && self.problem == problem && self.trail == trail
    }
}

async fn announce(flow: &Flow) -> Result<Value> {
    flow.announce("a.wav", &wav(SECOND / 4, 1), "k", json!({})).await
}

async fn upload(lab: &Lab, file: &[u8]) -> Result<String> {
    let id = id(&lab.ask(async |flow| uploaded(flow, "a.wav", file).await).await?)?;
    until(lab, &id, &["ReadyToXcode"]).await?;
    Ok(id)
}

/// One request, under a key that makes it the same one when it is asked again.
async fn ask(lab: &Lab, method: Method, path: &str, expected: &[u16]) -> Result<()> {
    let ask = async |flow: &Flow| {
        let answer = flow.verb(method.clone(), path, Some(path)).await?;
        let status = answer.status().as_u16();
        ensure!(expected.contains(&status), "{path} answered {status}: {}", answer.text().await?);
        Ok(())
    };
    lab.ask(ask).await
}

async fn until(lab: &Lab, id: &str, states: &[&str]) -> Result<()> {
    lab.ask(async |flow| flow.until(id, states).await).await.map(drop)
}

async fn told(lab: &Lab, id: &str) -> Result<Told> {
    let session = lab.ask(async |flow| flow.session(id).await).await?;
    let trail = session["trail"].as_array().context("a session has a trail")?;
    let problem = session["problem"]["type"].as_str().unwrap_or_default();
    Ok(Told {
        state: session["state"].as_str().unwrap_or_default().to_owned(),
        attempt: session["attempt"].as_u64().context("a session has an attempt")?,
        trail: trail.iter().filter_map(|passage| Some(passage["event"].as_str()?.to_owned())).collect(),
        problem: problem.rsplit('/').next().unwrap_or_default().to_owned(),
    })
}

/// Deletes it, twice if the answer was lost; nothing of it stays.
async fn delete(lab: &Lab, id: &str) -> Result<()> {
    let path = format!("/api/sessions/{id}");
    ask(lab, Method::DELETE, &path, &[204, 410]).await?;
    ask(lab, Method::GET, &path, &[410]).await?;
    until_stored(lab, Stored { uploads: 0, results: 0 }).await
}

/// Waits for something to become true, starting a new server when the last one died over it.
async fn eventually(lab: &Lab, what: &str, is: impl AsyncFn(&Flow) -> Result<bool>) -> Result<()> {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    while !lab.ask(async |flow| is(flow).await).await? {
        ensure!(began.elapsed() < PATIENCE, "never: {what}");
        ticks.tick().await;
    }
    Ok(())
}

/// Every execution of the session has ended, and there are so many.
async fn until_closed(lab: &Lab, id: &str, count: usize) -> Result<()> {
    let is_closed = async |flow: &Flow| {
        let history = flow.history(id).await?;
        let executions = history["executions"].as_array().context("a history has executions")?;
        ensure!(executions.len() <= count, "{} executions", executions.len());
        Ok(executions.len() == count && executions.iter().all(|execution| execution["status"] != "RUNNING"))
    };
    eventually(lab, "all executions are closed", is_closed).await
}

async fn until_executed(lab: &Lab, id: &str) -> Result<()> {
    let has_begun = async |flow: &Flow| Ok(flow.history(id).await?["executions"][0]["steps"][1].is_object());
    eventually(lab, "the execution is at work", has_begun).await
}

/// How many objects each bucket holds. Beside them there are no unfinished uploads, and no files but theirs.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stored {
    uploads: i64,
    results: i64,
}

impl Stored {
    /// `None` while there is more than objects.
    fn read(data: &Path) -> Result<Option<Self>> {
        let database =
            Connection::open_with_flags(data.join("objects.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let count = |rows: &str| -> Result<i64> {
            Ok(database.query_row(&format!("SELECT count(*) FROM {rows}"), [], |row| row.get(0))?)
        };
        let files = std::fs::read_dir(data.join("objects"))?.count() as i64;
        let more = count("uploads")? + count("parts")? + count("events")?;
        let stored = Self {
            uploads: count("objects WHERE bucket = 'uploads'")?,
            results: count("objects WHERE bucket = 'results'")?,
        };
        Ok((more == 0 && files == count("segments")?).then_some(stored))
    }
}

async fn until_stored(lab: &Lab, expected: Stored) -> Result<()> {
    let data = lab.data();
    eventually(lab, &format!("{expected:?}"), async |_| Ok(Stored::read(data)? == Some(expected))).await
}

#[tokio::test]
async fn each_session_ends_the_same_wherever_the_server_was_killed() -> Result<()> {
    let elsewhere = super::main_flow().await?;
    let mut kills = 0;
    for scenario in ALL {
        let (calm, passes) = scenario.undisturbed().await?;
        let ours = passes.iter().filter(|pass| {
            (pass.starts_with("sessions.") || pass.starts_with("journal."))
                && !elsewhere.contains(doomed::name(pass))
        });
        for pass in ours {
            let setup = Setup::default().with("LOCKGATE_CRASH", pass);
            let (ending, deaths) =
                scenario.play(&setup).await.with_context(|| format!("killed at {pass}"))?;
            ensure!(deaths == 1 + scenario.own_kills(), "{scenario:?}: {pass} did not fire");
            ensure!(ending == calm, "{scenario:?} killed at {pass}: {ending:?}");
            kills += 1;
            println!("{scenario:?} killed at {pass}");
        }
    }
    ensure!(kills >= 20, "only {kills} kills");
    Ok(())
}
