//! The command line before a deployed stack: the same commands, with a token for a key.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tests::flow::Flow;
use tests::rig::stage::Stage;
use tests::sound::{decoded, wav};

use crate::cli::{Said, command, names};

const SECOND: u32 = 44_100;

/// Somebody with files at a command line.
struct Desk {
    flow: Flow,
    files: TempDir,
}

impl Desk {
    async fn of(stage: &Stage, name: &str) -> Result<Self> {
        Ok(Self { flow: stage.flow_of(name).await?, files: tempfile::tempdir()? })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// `lockgate --server URL session …`. The gateway is served by this very thread, so that another one waits.
    async fn session(&self, arguments: &[&str]) -> Result<Said> {
        let named = ["--server", self.flow.url.as_str(), "session"];
        let mut command = command(self.files.path(), &[&named[..], arguments].concat())?;
        command.env_remove("LOCKGATE_KEY").envs(self.flow.token.iter().map(|token| ("LOCKGATE_KEY", token)));
        Said::of(tokio::task::spawn_blocking(move || command.output()).await??)
    }

    /// The session that a command printed as JSON, and its id.
    async fn made(&self, arguments: &[&str]) -> Result<(String, Value)> {
        let said = self.session(&[arguments, &["--json"]].concat()).await?;
        let session = said.json()?.pop().with_context(|| format!("{said:#?}"))?;
        Ok((session["sessionId"].as_str().with_context(|| format!("{said:#?}"))?.to_owned(), session))
    }
}

#[tokio::test]
async fn a_file_is_sent_started_followed_and_fetched() -> Result<()> {
    let stage = Stage::open().await?;
    let desk = Desk::of(&stage, "ann").await?;
    let file = wav(3 * SECOND, 1);
    std::fs::write(desk.path("a.wav"), &file)?;
    desk.session(&["list"]).await?.expect(0, &["no such sessions"])?;
    let (id, session) = desk.made(&["new", "a.wav"]).await?;
    ensure!(session["state"] == "ReadyToXcode", "{session:#}");
    desk.session(&["fetch", &id]).await?.expect(1, &["nothing to fetch"])?;
    desk.session(&["start", &id]).await?.expect(0, &[&format!("{id} is Transcoding")])?;
    // Answers do not stream here: it asks again and again until the end.
    desk.session(&["events", &id]).await?.expect(0, &["Done", "100.0%"])?;
    desk.session(&["show", &id]).await?.expect(0, &[&id, "State     Done", "TranscodeSucceeded → Done"])?;
    desk.session(&["list"]).await?.expect(0, &["SESSION", &id, "Done", "a.wav"])?;
    desk.session(&["fetch", &id]).await?.expect(0, &["a.flac"])?;
    ensure!(decoded(&std::fs::read(desk.path("a.flac"))?)? == file[44..], "the samples differ");

    desk.session(&["new", "a.wav", "-o", "out/"]).await?.expect(0, &["a.wav → out/a.flac"])?;
    ensure!(names(&desk.path("out"))?.contains(&"a.flac".to_owned()));
    ensure!(std::fs::read(desk.path("out/a.flac"))? == std::fs::read(desk.path("a.flac"))?);
    Ok(())
}

#[tokio::test]
async fn what_is_no_move_and_what_is_somebody_elses_is_refused_in_words() -> Result<()> {
    let stage = Stage::open().await?;
    let (ann, bob) = (Desk::of(&stage, "ann").await?, Desk::of(&stage, "bob").await?);
    std::fs::write(ann.path("text.wav"), "Dear diary")?;
    let (id, _) = ann.made(&["new", "text.wav"]).await?;
    ann.session(&["redrive", &id]).await?.expect(4, &["Wrong State", "ReadyToXcode"])?;
    bob.session(&["show", &id]).await?.expect(4, &["There is no such session."])?;
    bob.session(&["cancel", &id]).await?.expect(4, &["There is no such session."])?;
    let nobody = Desk { flow: Flow { token: None, ..ann.flow.clone() }, files: tempfile::tempdir()? };
    nobody.session(&["list"]).await?.expect(4, &[])?;

    ann.session(&["cancel", &id]).await?.expect(0, &["is Failed: The session was cancelled."])?;
    ann.session(&["redrive", &id]).await?.expect(0, &[])?;
    ann.session(&["events", &id]).await?.expect(1, &["Failed", "This kind of file cannot be converted."])?;
    let deleted = ann.session(&["delete", &id, "--json"]).await?.json()?;
    ensure!(deleted[0]["deleted"] == true, "{deleted:?}");
    ann.session(&["show", &id]).await?.expect(4, &["deleted"])
}
