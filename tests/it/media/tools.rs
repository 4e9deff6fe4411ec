//! The programs that judge our files. `make test` installs them; where one is missing a test says so loudly.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use tests::pictures::Pixels;

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

/// Has `flac` make a FLAC of a WAV.
pub(super) fn flac_makes(wav: &[u8], options: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder for a test");
    let (from, to) = (folder.path().join("in.wav"), folder.path().join("made.flac"));
    std::fs::write(&from, wav).expect("a file in it");
    let output = Command::new("flac").arg("-s").args(options).arg(&from).arg("-o").arg(&to).output();
    let output = output.expect("the test asked for it");
    assert!(output.status.success(), "flac {options:?}: {}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(&to).expect("flac wrote it")
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

/// Has ffmpeg make one file of several.
pub(super) fn ffmpeg_joins(inputs: &[Vec<u8>], name: &str, options: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder for a test");
    let mut paths = Vec::new();
    for (input, number) in inputs.iter().zip(0..) {
        paths.push(folder.path().join(number.to_string()));
        std::fs::write(paths.last().expect("just pushed"), input).expect("a file in it");
    }
    let to = folder.path().join(name);
    let mut arguments: Vec<&str> = paths.iter().flat_map(|path| ["-i", text(path)]).collect();
    arguments.extend(options);
    arguments.push(text(&to));
    ffmpeg(&arguments);
    std::fs::read(&to).expect("ffmpeg wrote it")
}

/// Has ffmpeg copy the tracks of a file as they are.
pub(super) fn ffmpeg_copies(from: &Path, to: &Path, options: &[&str]) {
    ffmpeg(&[&["-i", text(from), "-c", "copy"][..], options, &[text(to)]].concat());
}

/// That picture of [`ffmpeg_draws`], a front cover of 64 × 48, as a FLAC's block without its head.
pub(super) fn flac_block_of(picture: &[u8]) -> Vec<u8> {
    let mut block = [&3_u32.to_be_bytes()[..], &9_u32.to_be_bytes(), b"image/png", &[0; 4]].concat();
    for number in [64, 48, 24, 0, picture.len() as u32] {
        block.extend_from_slice(&number.to_be_bytes());
    }
    block.extend_from_slice(picture);
    block
}

/// Ogg has no place for pictures but among the comments: each is a FLAC's block there, in letters.
pub(super) fn comment_of(block: &[u8]) -> String {
    format!("METADATA_BLOCK_PICTURE={}", STANDARD.encode(block))
}

/// A small picture.
pub(super) fn ffmpeg_draws(name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder for a test");
    let to = folder.path().join(name);
    ffmpeg(&["-f", "lavfi", "-i", "testsrc=duration=1:size=64x48:rate=1", "-frames:v", "1", text(&to)]);
    std::fs::read(&to).expect("ffmpeg wrote it")
}

/// What `metaflac` prints of a FLAC.
pub(super) fn metaflac(flac: &[u8], arguments: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder for a test");
    let path = folder.path().join("made.flac");
    std::fs::write(&path, flac).expect("a file in it");
    let output = Command::new("metaflac").args(arguments).arg(&path).output().expect("it was just there");
    assert!(output.status.success(), "metaflac: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A second of moving picture without sound.
pub(super) fn ffmpeg_paints(name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder for a test");
    let to = folder.path().join(name);
    ffmpeg(&["-f", "lavfi", "-i", "testsrc=duration=1:size=64x64:rate=5", text(&to)]);
    std::fs::read(&to).expect("ffmpeg wrote it")
}

/// What ffmpeg sees in a picture that is as large as `like`.
pub(super) fn ffmpeg_rgb(file: &[u8], like: &Pixels) -> Pixels {
    let folder = tempfile::tempdir().expect("a folder for a test");
    let path = folder.path().join("picture");
    std::fs::write(&path, file).expect("a file in it");
    let bytes = ffmpeg(&["-i", text(&path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]);
    Pixels { bytes, channels: 3, ..*like }
}

/// Has ffmpeg make a PNG.
pub(super) fn ffmpeg_png(pixels: &Pixels, options: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder for a test");
    let (from, to) = (folder.path().join("in.ppm"), folder.path().join("out.png"));
    let head = format!("P6 {} {} 255\n", pixels.width, pixels.height);
    std::fs::write(&from, [head.as_bytes(), &pixels.bytes].concat()).expect("a file in it");
    ffmpeg(&[&["-i", text(&from)][..], options, &[text(&to)]].concat());
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
