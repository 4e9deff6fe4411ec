//! The programs that judge our files. `make test` installs them; where one is missing a test says so loudly.

use std::path::Path;
use std::process::Command;

use md5::{Digest, Md5};

/// Whether `program` can be run; if not, the test that asked is told to be skipped.
pub(super) fn present(program: &str) -> bool {
    let found = Command::new(program).arg("-version").output().is_ok();
    if !found {
        eprintln!("SKIPPED: {program} is not installed; `make test` says how to get it");
    }
    found
}

/// `flac -t`: decodes and compares with the MD5 in the header.
pub(super) fn flac_accepts(flac: &[u8]) {
    if !present("flac") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder for a test");
    let path = folder.path().join("made.flac");
    std::fs::write(&path, flac).expect("a file in it");
    let output = Command::new("flac").args(["-t", "-s"]).arg(&path).output().expect("it was just there");
    assert!(output.status.success(), "flac -t: {}", String::from_utf8_lossy(&output.stderr));
}

/// The MD5 of what ffmpeg decodes from a file, as raw samples of ffmpeg's format of that name.
pub(super) fn ffmpeg_md5(file: &[u8], raw_format: &str) -> [u8; 16] {
    Md5::digest(ffmpeg_decodes(file, raw_format)).into()
}

pub(super) fn ffmpeg_decodes(file: &[u8], raw_format: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder for a test");
    let path = folder.path().join("sound");
    std::fs::write(&path, file).expect("a file in it");
    ffmpeg(&["-i", text(&path), "-f", raw_format, "-"])
}

/// Has ffmpeg make a file named `name` of a WAV.
pub(super) fn ffmpeg_makes(wav: &[u8], name: &str, options: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder for a test");
    let (from, to) = (folder.path().join("in.wav"), folder.path().join(name));
    std::fs::write(&from, wav).expect("a file in it");
    let mut arguments = vec!["-i", text(&from)];
    arguments.extend(options);
    arguments.push(text(&to));
    ffmpeg(&arguments);
    std::fs::read(&to).expect("ffmpeg wrote it")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

fn ffmpeg(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y"])
        .args(arguments)
        .output()
        .expect("the test asked for it");
    assert!(output.status.success(), "ffmpeg {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
