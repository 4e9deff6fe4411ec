//! Who runs on an input, and by which command.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use tests::server::binary;

use super::inputs::Input;

pub(crate) struct Contender {
    pub(crate) name: String,
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    pub(crate) result: PathBuf,
}

/// The first is what the others are compared with.
pub(crate) fn contenders(input: &Input, result: &Path) -> Result<Vec<Contender>> {
    let (from, to) = (input.path.to_string_lossy().into_owned(), result.to_string_lossy().into_owned());
    let one = |name: &str, command: &[&str]| Contender {
        name: name.to_owned(),
        command: command.iter().map(|&word| word.to_owned()).collect(),
        result: result.to_owned(),
    };
    let ffmpeg = |name: &str, options: &[&str]| {
        let start = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", &from];
        one(name, &[&start, options, &[&to]].concat())
    };
    let flac = |name: &str, level: &str| {
        one(name, &["flac", "--silent", "--force", "--ignore-chunk-sizes", level, &from, "-o", &to])
    };
    let program = binary()?.to_string_lossy().into_owned();
    let lockgate = |name: &str, options: &[&str]| {
        one(name, &[&[program.as_str(), "convert", "--force", "--json", &from, "-o", &to], options].concat())
    };
    let sixteen: &[&str] = if input.lossy { &["-sample_fmt", "s16"] } else { &[] };
    let mut all = vec![ffmpeg(if input.lossy { "ffmpeg, 16 bits" } else { "ffmpeg" }, sixteen)];
    if input.lossy {
        all.push(ffmpeg("ffmpeg, as it comes (24 bits)", &[]));
    }
    all.push(ffmpeg("ffmpeg -compression_level 8", &[&["-compression_level", "8"], sixteen].concat()));
    if !input.lossy {
        all.push(flac("flac -5", "-5"));
        all.push(flac("flac -8", "-8"));
    }
    all.push(lockgate("lockgate --no-verify", &["--no-verify"]));
    all.push(lockgate("lockgate", &[]));
    for level in ["fast", "best"] {
        all.push(lockgate(
            &format!("lockgate --level {level} --no-verify"),
            &["--level", level, "--no-verify"],
        ));
    }
    Ok(all)
}

/// Runs ffmpeg, to make an input.
pub(crate) fn ffmpeg(arguments: &[&str]) -> Result<()> {
    let status = Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-y"]).args(arguments).status()?;
    anyhow::ensure!(status.success(), "ffmpeg {arguments:?}");
    Ok(())
}
