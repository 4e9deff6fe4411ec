//! ffmpeg as a decoder of what the media child does not decode: it is told which container a file is and which track to
//! take, and its samples go into a child like any other source.
//!
//! It runs confined (`confine`): with the limits of a media child, no network, nothing to write to and one file to read.
//! `ask` has ffprobe say what a file holds, `decode` runs ffmpeg and judges how it ended, `file` sees to it that the
//! source lies in a file, as many containers are read from both ends.

mod ask;
mod confine;
mod decode;
mod demuxer;
mod file;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::{env, io};

use media::audio::Container;
use tokio::process::Command;

pub(crate) use ask::{Found, ask};

pub use confine::confined_main;
pub(crate) use decode::Decoded;
pub(crate) use file::{AsFile, as_file};

/// The two programs, and how they are started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ffmpeg {
    pub ffmpeg: PathBuf,
    pub ffprobe: PathBuf,
    /// Where a source that is no file is put while it is decoded.
    pub scratch: PathBuf,
}

/// What makes this program the one that confines itself and then becomes ffmpeg.
pub const ARGUMENT: &str = "confined";

impl Ffmpeg {
    /// The programs in `folder`, if both are there.
    pub fn in_folder(folder: &Path, scratch: &Path) -> Option<Self> {
        let program = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
        Some(Self { ffmpeg: program("ffmpeg")?, ffprobe: program("ffprobe")?, scratch: scratch.to_owned() })
    }

    /// The programs in the first of these folders (as PATH lists them) that has both.
    pub fn on_path(path: &OsString, scratch: &Path) -> Option<Self> {
        env::split_paths(path)
            .filter(|folder| folder.is_absolute())
            .find_map(|folder| Self::in_folder(&folder, scratch))
    }
}

/// What a confined program may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Address space, the program itself and its libraries included.
    pub(crate) memory_bytes: u64,
    pub(crate) cpu_seconds: u64,
}

/// A command that becomes `program`, confined, with nothing but `file` to read.
fn confined(
    us: &Path,
    program: &Path,
    bounds: Bounds,
    container: Container,
    file: &Path,
    input_options: &[&str],
) -> Command {
    let Bounds { memory_bytes, cpu_seconds } = bounds;
    let demuxer = demuxer::name(container);
    let mut url = OsString::from("file:");
    url.push(file);
    let mut command = Command::new(us);
    command
        .arg(ARGUMENT)
        .args([memory_bytes.to_string(), cpu_seconds.to_string()])
        .args([file, program])
        .args(["-hide_banner", "-v", "error"])
        .args(["-protocol_whitelist", "file,pipe", "-format_whitelist", demuxer, "-f", demuxer])
        .args(input_options)
        .args([OsString::from("-i"), url])
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    command
}

/// As much as `program` says on its standard error before it is told to be quiet.
const LAST_WORDS: u64 = 16 * 1024;

/// The first of what it said that is about this file, without the names of its parts and their addresses.
fn first_words(stderr: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().find(|line| !line.trim().is_empty())?;
    let words = line.rsplit_once("] ").map_or(line, |(_part, words)| words);
    Some(words.chars().filter(|letter| !letter.is_control()).take(200).collect())
}

fn other(why: impl Into<String>) -> io::Error {
    io::Error::other(why.into())
}
