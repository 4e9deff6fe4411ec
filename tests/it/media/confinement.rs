//! What a program can do that runs in ffmpeg's place: read its file, write its result, and nothing else.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output};

use activities::confinement::Given;
use activities::ffmpeg::ARGUMENT;
use rustix::process::Signal;

const US: &str = env!("CARGO_BIN_EXE_media-child");

const ADDRESS_SPACE: u64 = 1 << 30;

/// What of it can be written to.
const DATA: u64 = 256 << 20;

/// How long a result may get.
const LARGEST: u64 = 8 << 20;

fn probe(file: &Path, other: &Path, folder: &Path, port: u16) -> Output {
    let mut command = Command::new(US);
    command.args([ARGUMENT, &ADDRESS_SPACE.to_string(), &DATA.to_string(), "10", &LARGEST.to_string()]);
    command.args([file, folder, Path::new(env!("CARGO_BIN_EXE_prober"))]);
    command.args([file, other, folder]).arg(port.to_string()).env_clear();
    command.output().expect("it can be started")
}

#[test]
fn every_way_out_is_shut() {
    let given = Given::to(Path::new(US), ARGUMENT).expect("it says what it was given");
    println!("this kernel lacks {:?}", given.lacks());
    let (folder, results) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (file, other) = (folder.path().join("film"), folder.path().join("secret"));
    std::fs::write(&file, "film").unwrap();
    std::fs::write(&other, "secret").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let output = probe(&file, &other, results.path(), listener.local_addr().unwrap().port());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let could: BTreeMap<&str, bool> = said
        .lines()
        .filter_map(|line| line.split_once(": ").map(|(what, how)| (what, how == "yes")))
        .collect();
    let (files, network, calls) = (given.files, given.network, given.calls);
    for (what, is_shut) in [
        ("read its file", false),
        ("write a result", false),
        ("start a thread", false),
        ("write its file", files),
        ("read another file", files),
        ("read /etc/passwd", files),
        ("list /", files),
        ("write elsewhere", files),
        ("look into another process", files),
        ("connect", network || calls || files),
        ("listen", calls),
        ("send", network || calls),
        ("start a process", calls),
        ("take 4 GiB", true),
        ("take 512 MiB", true),
        ("take 128 MiB", false),
        ("read the environment", true),
    ] {
        assert_eq!(
            could.get(what),
            Some(&!is_shut),
            "{what}:\n{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    // Ten gigabytes it cannot write: it is killed at the limit.
    assert_eq!(output.status.signal(), Some(Signal::XFSZ.as_raw()), "{said}");
    assert_eq!(std::fs::metadata(results.path().join("large")).unwrap().len(), LARGEST);
    assert!(!Path::new("/tmp/lockgate-escaped").exists());
    // Here at least, nothing is lacking that the kernel could give; elsewhere it is said, and the limits hold.
    if given == (Given { files: true, network: true, calls: true }) {
        assert!(given.lacks().is_empty());
    } else {
        eprintln!("NOT ALL WAS TRIED: this kernel lacks {}", given.lacks().join(", "));
    }
}
