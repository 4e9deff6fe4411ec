//! The command line as its user has it: the real binary, its two outputs and its exit code.

mod asl;
mod convert;
mod session;

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use activities::confinement::Given;
use activities::ffmpeg::ARGUMENT;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::lab::Lab;
use tests::server::{Setup, binary};
use tests::sound::wav;

/// What a command said, and how it ended.
#[derive(Debug)]
pub(super) struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    pub(super) fn of(output: Output) -> Result<Self> {
        let Output { status, stdout, stderr } = output;
        Ok(Self { code: status.code(), out: String::from_utf8(stdout)?, err: String::from_utf8(stderr)? })
    }

    /// Each line of its output as JSON.
    pub(super) fn json(&self) -> Result<Vec<Value>> {
        self.out.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }

    /// Ended with this code, and says these words somewhere.
    pub(super) fn expect(&self, code: i32, words: &[&str]) -> Result<()> {
        ensure!(self.code == Some(code), "exit code {code} is expected: {self:#?}");
        for word in words {
            ensure!(self.out.contains(word) || self.err.contains(word), "{word:?} is not said: {self:#?}");
        }
        Ok(())
    }
}

/// `lockgate` with nothing in its environment that would tell it where a server is.
pub(super) fn command(folder: &Path, arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(binary()?);
    command.current_dir(folder).args(arguments).env_remove("LOCKGATE_SERVER").stdin(Stdio::null());
    Ok(command)
}

fn run(folder: &Path, arguments: &[&str]) -> Result<Said> {
    Said::of(command(folder, arguments)?.output()?)
}

/// The names in a folder, sorted.
pub(super) fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// No letter of this steers a terminal or turns its line around.
fn is_tame(text: &str) -> bool {
    text.chars().all(|letter| letter == '\n' || (!letter.is_control() && letter != '\u{202e}'))
}

#[test]
fn every_command_and_flag_has_its_help() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut asked = Vec::new();
    let mut to_ask = vec![Vec::<String>::new()];
    while let Some(path) = to_ask.pop() {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let said = run(folder.path(), &arguments)?;
        said.expect(0, &["Usage: lockgate"])?;
        ensure!(!said.out.contains("media-child"), "a hidden command is shown");
        let commands = said.out.split_once("Commands:\n").map_or("", |(_, rest)| rest);
        for line in commands.lines().take_while(|line| !line.is_empty()) {
            let (name, about) = line.trim().split_once(' ').context("a command says what it does")?;
            ensure!(!about.trim().is_empty(), "{line}");
            if name != "help" {
                to_ask.push(path.iter().cloned().chain([name.to_owned()]).collect());
            }
        }
        asked.push(path.join(" "));
    }
    for command in [
        "serve",
        "engine",
        "asl check",
        "asl run",
        "convert",
        "doctor",
        "completions",
        "session new",
        "session fetch",
        "session redrive",
    ] {
        ensure!(asked.iter().any(|asked| asked == command), "{command} is not among {asked:?}");
    }
    run(folder.path(), &["--help"])?.expect(0, &["Exit codes: 0 done", "130 interrupted"])
}

#[test]
fn completions_know_every_command() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for shell in ["bash", "zsh", "fish"] {
        run(folder.path(), &["completions", shell])?
            .expect(0, &["redrive", "content-type", "ReadyToXcode"])?;
    }
    let script = run(folder.path(), &["completions", "bash"])?.out;
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn()?;
    bash.stdin.take().context("it is piped")?.write_all(script.as_bytes())?;
    ensure!(bash.wait()?.success(), "bash does not take the script");
    run(folder.path(), &["completions", "cobol"])?.expect(2, &["bash"])
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for arguments in [["completions", "bash"], ["doctor", "--data=none"]] {
        let (reader, writer) = std::io::pipe()?;
        drop(reader);
        let said = Said::of(command(folder.path(), &arguments)?.stdout(writer).output()?)?;
        ensure!(said.code == Some(0) && said.err.is_empty(), "{said:#?}");
    }
    Ok(())
}

#[test]
fn the_doctor_looks_and_touches_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    run(folder.path(), &["doctor", "--data", "none"])?
        .expect(0, &["none is not there yet", "media child"])?;
    ensure!(names(folder.path())?.is_empty(), "the doctor made something");
    std::fs::create_dir(folder.path().join("damaged"))?;
    std::fs::write(folder.path().join("damaged/keys.json"), "{")?;
    run(folder.path(), &["doctor", "--data", "damaged"])?
        .expect(1, &["bad   data folder", "keys.json is damaged"])?;
    run(folder.path(), &["doctor", "--listen", "0.0.0.0:8080"])?.expect(2, &["open to others"])?;

    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    run(folder.path(), &["doctor", "--data", "none", "--listen", &address])?.expect(0, &["poor", &address])
}

#[test]
fn the_doctor_says_which_ffmpeg_there_is_and_whether_it_is_old() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let said = String::from_utf8(Command::new("ffmpeg").arg("-version").output()?.stdout)?;
    let version = said.lines().next().context("ffmpeg says its version")?;
    run(folder.path(), &["doctor", "--data", "none"])?.expect(0, &[version])?;
    for (version, verdict) in [
        ("ffmpeg version 4.4.1-custom", "poor  ffmpeg"),
        ("ffmpeg version 5.0", "good  ffmpeg"),
        ("ffmpeg version n7.1", "good  ffmpeg"),
        ("ffmpeg version N-118000-g1a2b3c", "good  ffmpeg"),
    ] {
        for program in ["ffmpeg", "ffprobe"] {
            let path = folder.path().join(program);
            std::fs::write(&path, format!("#!/bin/sh\necho '{version}'\n"))?;
            std::fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        }
        run(folder.path(), &["doctor", "--data", "none", "--ffmpeg", "."])?.expect(0, &[verdict, version])?;
    }
    let without = command(folder.path(), &["doctor", "--data", "none"])?.env("PATH", "nowhere").output()?;
    Said::of(without)?.expect(0, &["poor  ffmpeg", "not found: Opus"])
}

#[test]
fn the_doctor_says_what_the_confinement_lacks() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let lacks = Given::to(&binary()?, ARGUMENT)?.lacks();
    let words = if lacks.is_empty() {
        "are taken from media workers".to_owned()
    } else {
        format!("this kernel lacks {}", lacks.join(" and "))
    };
    run(folder.path(), &["doctor", "--data", "none"])?.expect(0, &[&words])?;
    // A place where nobody can have a network of their own.
    let place = ["-rm", "sh", "-c", "echo 0 >/proc/sys/user/max_net_namespaces && exec \"$@\"", "sh"];
    let there = |program: &Path, arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(place).arg(program).args(arguments).current_dir(folder.path()).output()
    };
    let probe = there(Path::new("true"), &[]);
    if !probe.as_ref().is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: this machine lets nobody make such a place: {probe:?}");
        return Ok(());
    }
    let said = Said::of(there(&binary()?, &["doctor", "--data", "none"])?)?;
    said.expect(0, &["poor  confinement", "this kernel lacks", "network namespaces of one's own"])
}

#[test]
fn the_doctor_of_a_folder_that_is_served_says_so() -> Result<()> {
    let lab = Lab::new(&Setup::default())?;
    let data = lab.data().to_string_lossy().into_owned();
    let address = lab.flow()?.url.replace("http://", "");
    let said = run(lab.data(), &["doctor", "--json", "--data", &data, "--listen", &address])?;
    said.expect(0, &["is being served", "as it is while serving", "fsync"])?;
    for finding in said.json()? {
        ensure!(finding["verdict"] == "good" || finding["what"] != "API", "{finding}");
    }
    lab.terminate()?;
    run(lab.data(), &["doctor", "--data", &data])?.expect(0, &["can be written and is free"])
}

#[tokio::test]
async fn the_doctor_sees_what_was_lost_and_a_clock_that_went_back() -> Result<()> {
    let lab = Lab::new(&Setup::default())?;
    lab.convert("a.wav", &wav(4410, 1)).await?;
    lab.terminate()?;
    let data = lab.data().to_string_lossy().into_owned();
    let said = |code, words: &[&str]| run(lab.data(), &["doctor", "--data", &data])?.expect(code, words);
    said(0, &["every object has its files", "later than all that was written"])?;
    std::fs::write(lab.data().join("objects/stray"), "x")?;
    said(0, &["1 files are nobody's"])?;
    let files = std::fs::read_dir(lab.data().join("objects"))?.collect::<std::io::Result<Vec<_>>>()?;
    let of_an_object = files.iter().find(|file| file.file_name() != "stray").context("there are objects")?;
    std::fs::remove_file(of_an_object.path())?;
    said(1, &["1 files of objects are gone"])?;
    let journal = std::fs::File::options().append(true).open(lab.data().join("journal.db"))?;
    journal.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(3600))?;
    said(1, &["ahead of it; timers would be late"])?;
    std::fs::write(
        lab.data().join("lockgate.toml"),
        "[captions]\ncommand = ['nobody-writes', '{wav}', '{base}']\n",
    )?;
    said(1, &["nobody-writes is not to be found"])
}
