//! The programs that judge our files. `make test` installs them; where one is missing a test says so loudly.

use std::path::Path;
use std::process::Command;

use md5::{Digest, Md5};

/// Whether `program` can be run; if not, the test that asked is told to be skipped.
pub fn present(program: &str) -> bool {
    let found = Command::new(program).arg("-version").output().is_ok();
    if !found {
        eprintln!("SKIPPED: {program} is not installed; `make test` says how to get it");
    }
    found
}

/// `flac -t`: decodes and compares with the MD5 in the header.
pub fn flac_accepts(flac: &[u8]) {
    if !present("flac") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.flac");
    std::fs::write(&path, flac).unwrap();
    let output = Command::new("flac").args(["-t", "-s"]).arg(&path).output().unwrap();
    assert!(output.status.success(), "flac -t: {}", String::from_utf8_lossy(&output.stderr));
}

/// The MD5 of what ffmpeg decodes from a file, as raw samples of ffmpeg's format of that name.
pub fn ffmpeg_md5(file: &[u8], raw_format: &str) -> [u8; 16] {
    Md5::digest(ffmpeg_decodes(file, raw_format)).into()
}

pub fn ffmpeg_decodes(file: &[u8], raw_format: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sound");
    std::fs::write(&path, file).unwrap();
    ffmpeg(&["-i", text(&path), "-f", raw_format, "-"])
}

/// Has ffmpeg make a file named `name` of a WAV.
pub fn ffmpeg_makes(wav: &[u8], name: &str, options: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.wav"), folder.path().join(name));
    std::fs::write(&from, wav).unwrap();
    let mut arguments = vec!["-i", text(&from)];
    arguments.extend(options);
    arguments.push(text(&to));
    ffmpeg(&arguments);
    std::fs::read(&to).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn ffmpeg(arguments: &[&str]) -> Vec<u8> {
    let output =
        Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-y"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "ffmpeg {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
