//! `lockgate session …` against a real server.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tests::lab::Lab;
use tests::server::Setup;
use tests::sound::{decoded, wav};

use super::{Said, command, is_tame, names, run};

const SECOND: u32 = 44_100;

/// A server, and a folder of files beside it.
struct Desk {
    lab: Lab,
    files: TempDir,
}

impl Desk {
    fn new(files: &[(&str, &[u8])]) -> Result<Self> {
        let desk = Self { lab: Lab::new(&Setup::default())?, files: tempfile::tempdir()? };
        for (name, bytes) in files {
            std::fs::write(desk.path(name), bytes)?;
        }
        Ok(desk)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Result<std::process::Command> {
        let mut command = command(self.files.path(), &[&["session"], arguments].concat())?;
        command.env("LOCKGATE_SERVER", self.lab.flow()?.url);
        Ok(command)
    }

    fn session(&self, arguments: &[&str]) -> Result<Said> {
        Said::of(self.command(arguments)?.output()?)
    }

    /// The session that this command printed as JSON, and its id.
    fn made(&self, arguments: &[&str]) -> Result<(String, Value)> {
        let said = self.session(&[arguments, &["--json"]].concat())?;
        let session = said.json()?.pop().with_context(|| format!("{said:#?}"))?;
        Ok((session["sessionId"].as_str().with_context(|| format!("{said:#?}"))?.to_owned(), session))
    }
}

#[test]
fn the_server_may_be_named_before_the_command() -> Result<()> {
    let desk = Desk::new(&[])?;
    let url = desk.lab.flow()?.url;
    let folder = desk.files.path();
    run(folder, &["--server", &url, "session", "list"])?.expect(0, &["no such sessions"])?;
    run(folder, &["--server", &url, "completions", "bash"])?.expect(2, &["asks no server"])
}

#[test]
fn a_file_is_sent_started_followed_and_fetched() -> Result<()> {
    let file = wav(3 * SECOND, 1);
    let desk = Desk::new(&[("a.wav", &file)])?;
    desk.session(&["list"])?.expect(0, &["no such sessions"])?;
    let (id, session) = desk.made(&["new", "a.wav"])?;
    ensure!(
        session["state"] == "ReadyToXcode" && session["source"]["contentType"] == "audio/wav",
        "{session:#}"
    );
    desk.session(&["fetch", &id])?.expect(1, &["nothing to fetch", "ReadyToXcode"])?;
    desk.session(&["start", &id])?.expect(0, &[&format!("{id} is Transcoding")])?;
    let said = desk.session(&["events", &id])?;
    said.expect(0, &["Done"])?;
    ensure!(
        said.err.is_empty() && said.out.lines().last().is_some_and(|line| line.contains("100.0%")),
        "{said:#?}"
    );

    let card = desk.session(&["show", &id])?;
    let size = format!("a.wav ({:.1} kB, audio/wav)", file.len() as f64 / 1e3);
    card.expect(
        0,
        &[&id, &size, "State     Done", "44100 Hz, 16 bit, 1 channel, 3.0 s", "http://127.0.0.1"],
    )?;
    card.expect(0, &["UploadConfirmed    → ReadyToXcode", "TranscodeSucceeded → Done", "sha256"])?;
    ensure!(!card.out.contains('{'), "it is for people: {card:#?}");
    desk.session(&["list"])?.expect(0, &["SESSION", &id, "Done", "100.0%", "a.wav"])?;

    desk.session(&["fetch", &id])?.expect(0, &["a.flac"])?;
    ensure!(decoded(&std::fs::read(desk.path("a.flac"))?)? == file[44..], "the samples differ");
    desk.session(&["fetch", &id])?.expect(1, &["a.flac is already there"])?;
    let (_, fetched) = desk.made(&["fetch", &id, "-o", "new/"])?;
    ensure!(fetched["fetched"][0] == "new/a.flac", "{fetched:#}");
    ensure!(names(&desk.path("new"))? == ["a.flac", "a.peaks.json"], "{fetched:#}");
    Ok(())
}

#[test]
fn one_command_sends_a_file_and_brings_its_result() -> Result<()> {
    let file = wav(3 * SECOND, 2);
    let desk = Desk::new(&[("a song.wav", &file)])?;
    let said = desk.session(&["new", "a song.wav", "-o", "result.flac"])?;
    said.expect(0, &["a song.wav → result.flac", "session "])?;
    ensure!(decoded(&std::fs::read(desk.path("result.flac"))?)? == file[44..], "the samples differ");
    let said = desk.session(&["new", "a song.wav", "-o", "result.flac"])?;
    said.expect(1, &["result.flac is already there"])?;
    let listed = desk.session(&["list", "--json"])?.json()?;
    ensure!(listed.len() == 1, "it was sent although there was no place for its result: {listed:?}");
    let (_, session) = desk.made(&["new", "a song.wav", "--start"])?;
    ensure!(session["start"] == "auto" && session["state"] != "NotUploaded", "{session:#}");
    ensure!(names(desk.files.path())? == ["a song.peaks.json", "a song.wav", "result.flac"], "{said:#?}");
    Ok(())
}

#[test]
fn a_session_that_fails_fails_the_commands_that_waited_for_it() -> Result<()> {
    let desk = Desk::new(&[("text.wav", b"Dear diary")])?;
    let words = "This kind of file cannot be converted.";
    let said = desk.session(&["new", "text.wav", "-o", "x.flac"])?;
    said.expect(1, &[words])?;
    ensure!(!desk.path("x.flac").exists(), "{said:#?}");
    let (id, session) = desk.made(&["new", "text.wav", "--wait"])?;
    ensure!(session["state"] == "Failed" && session["problem"]["type"] == "unsupported-media", "{session:#}");
    let said = desk.session(&["events", &id])?;
    said.expect(1, &[])?;
    ensure!(said.err.contains(words) && said.out.contains("Failed"), "{said:#?}");
    let said = desk.session(&["events", &id, "--json"])?;
    said.expect(1, &[])?;
    ensure!(said.json()?.last().is_some_and(|last| last["problem"]["title"] == words), "{said:#?}");
    desk.session(&["show", &id])?.expect(0, &[words, "a text file", "would end the same"])?;
    desk.session(&["list", "--problem", "unsupported-media"])?.expect(0, &[&id, words])?;
    desk.session(&["list", "--problem", "media-corrupt"])?.expect(0, &["no such sessions"])
}

#[test]
fn cancel_redrive_and_delete_do_what_they_say_and_refuse_what_is_no_move() -> Result<()> {
    let desk = Desk::new(&[("a.wav", &wav(SECOND, 1))])?;
    let (id, _) = desk.made(&["new", "a.wav"])?;
    desk.session(&["redrive", &id])?
        .expect(4, &["Wrong State", "ReadyToXcode", "It takes TranscodeStarted"])?;
    desk.session(&["cancel", &id])?.expect(0, &["is Failed: The session was cancelled."])?;
    desk.session(&["show", &id])?.expect(0, &["(cancelled)", "lockgate session redrive ID"])?;
    let said = desk.session(&["start", &id, "--json"])?;
    said.expect(4, &["Wrong State"])?;
    ensure!(said.json()?[0]["problem"]["state"] == "Failed", "{said:#?}");
    let (_, session) = desk.made(&["redrive", &id])?;
    ensure!(session["attempt"] == 1, "{session:#}");
    desk.session(&["events", &id])?.expect(0, &["Done"])?;
    desk.session(&["cancel", &id])?.expect(4, &["Wrong State", "It takes nothing."])?;
    let deleted = desk.session(&["delete", &id, "--json"])?.json()?;
    ensure!(deleted[0]["deleted"] == true, "{deleted:?}");
    desk.session(&["show", &id])?.expect(4, &["deleted"])
}

#[test]
fn an_id_that_is_none_leads_nowhere() -> Result<()> {
    let desk = Desk::new(&[])?;
    for verb in ["show", "events", "start", "cancel", "redrive", "delete", "fetch"] {
        desk.session(&[verb, "nope"])?.expect(4, &["There is no such session."])?;
        for id in ["..", "a/../../recipes", "a?b", "", "\u{e9}"] {
            desk.session(&[verb, id])?.expect(2, &["not the id of a session"])?;
        }
    }
    Ok(())
}

#[test]
fn what_is_wrong_before_anything_is_sent_is_said() -> Result<()> {
    let desk = Desk::new(&[("a.wav", b"x"), ("empty.wav", b"")])?;
    desk.session(&["new", "missing.wav"])?.expect(1, &["missing.wav cannot be read"])?;
    desk.session(&["new", "."])?.expect(1, &["is not a file"])?;
    desk.session(&["new", "empty.wav"])?.expect(4, &["at least one byte"])?;
    desk.session(&["new", "a.wav", "--recipe", "mp3"])?.expect(2, &["there is: flac"])?;
    desk.session(&["new", "a.wav", "--content-type", "x"])?.expect(4, &["not a media type"])?;
    desk.session(&["list", "--state", "Nope"])?.expect(2, &["ReadyToXcode"])?;
    desk.session(&["list", "--limit", "0"])?.expect(2, &["limit"])?;
    ensure!(desk.session(&["list", "--json"])?.out.is_empty(), "a session was made");
    Ok(())
}

#[test]
fn a_server_that_is_not_there_is_said_in_one_sentence() -> Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("a.wav"), "x")?;
    let closed = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?; // nobody listens there any more
    let server = format!("http://{closed}");
    let sentence = format!("lockgate: {server} did not answer: Connection refused (os error 111)\n");
    for arguments in [&["list"][..], &["show", "a"], &["events", "a"], &["delete", "a"], &["new", "a.wav"]] {
        let arguments = [&["session", "--server", &server], arguments].concat();
        let said = run(folder.path(), &arguments)?;
        ensure!(said.code == Some(3) && said.err == sentence && said.out.is_empty(), "{said:#?}");
        let said = run(folder.path(), &[&arguments[..], &["--json"]].concat())?;
        ensure!(said.code == Some(3) && said.json()?[0]["problem"]["type"] == "no-answer", "{said:#?}");
    }
    for wrong in ["localhost:8080", "ftp://127.0.0.1/", "nonsense"] {
        run(folder.path(), &["session", "list", "--server", wrong])?.expect(2, &["http://127.0.0.1:8080"])?;
    }
    Ok(())
}

#[test]
fn a_server_that_dies_under_a_watcher_is_said() -> Result<()> {
    let desk = Desk::new(&[("a.wav", &wav(SECOND, 1))])?;
    let (id, _) = desk.made(&["new", "a.wav"])?;
    let mut watcher =
        desk.command(&["events", &id])?.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut first = String::new();
    BufReader::new(watcher.stdout.take().context("it is piped")?).read_line(&mut first)?;
    ensure!(first.starts_with("ReadyToXcode"), "{first:?}");
    desk.lab.kill()?;
    Said::of(watcher.wait_with_output()?)?.expect(3, &["did not answer"])
}

#[test]
fn no_proxy_stands_between_a_machine_and_itself() -> Result<()> {
    let desk = Desk::new(&[("a.wav", &wav(SECOND, 1))])?;
    let mut command = desk.command(&["new", "a.wav", "-o", "b.flac"])?;
    Said::of(
        command.env("http_proxy", "http://127.0.0.1:1").env("HTTP_PROXY", "http://127.0.0.1:1").output()?,
    )?
    .expect(0, &["b.flac"])
}

#[test]
fn a_hostile_name_does_not_steer_the_terminal() -> Result<()> {
    let (name, sneaky) = ("h\u{1b}[31m\n.wav", "h\u{202e}\u{2028}.wav");
    let file = wav(SECOND, 1);
    let desk = Desk::new(&[(name, &file), (sneaky, &file)])?;
    for name in [name, sneaky] {
        let said = desk.session(&["new", name, "-o", "out/", "--force"])?;
        said.expect(0, &["→ out/h"])?;
        ensure!(is_tame(&said.out) && is_tame(&said.err), "{said:#?}");
    }
    for session in desk.session(&["list", "--json"])?.json()? {
        let id = session["sessionId"].as_str().context("it has an id")?;
        for said in [desk.session(&["list"])?, desk.session(&["show", id])?] {
            said.expect(0, &["h\u{fffd}"])?;
            ensure!(is_tame(&said.out), "{said:#?}");
        }
    }
    Ok(())
}
