//! ffmpeg as a decoder of what the media child does not decode: it is told which container a file is and which track to
//! take, and its samples or frames go into a child like any other source.
//!
//! It runs confined (`confine`): with the limits of a media child, no network, nothing to write to and one file to read.
//! `ffprobe` says what a file holds, of which `ask` finds the sound and `film` the film; `piped` runs ffmpeg and judges how
//! it ended: for samples (`decode`) and for frames of a film (`frames`);
//! `encode` makes a film of a film, `speech` a WAV for captioners; `file` sees to it that the source lies in a file,
//! as many containers are read from both ends.

mod ask;
mod confine;
mod decode;
mod demuxer;
mod encode;
mod ffprobe;
mod file;
mod film;
mod frames;
mod piped;
mod speech;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::{env, io};

use media::audio::Container;
use tempfile::TempDir;
use tokio::process::Command;

use crate::child::{Failure, Limits};

pub(crate) use ask::{Found, ask};

pub use confine::confined_main;
pub(crate) use decode::Decoded;
pub use encode::Pace;
pub(crate) use encode::{Encoded, Recipe as EncodeRecipe, encode};
pub(crate) use file::{AsFile, as_file, parts_as_file};
pub(crate) use film::{Film, ask_film};
pub(crate) use frames::{Frames, Take, incomplete};
pub use speech::Speech;
pub(crate) use speech::speech;

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

    /// A folder for what comes out of one run; deleted when this is dropped.
    fn folder(&self) -> Result<TempDir, Failure> {
        tempfile::Builder::new().prefix("lockgate-").tempdir_in(&self.scratch).map_err(Failure::Sink)
    }
}

/// What a confined program may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Address space, the program itself and its libraries included.
    pub(crate) memory_bytes: u64,
    pub(crate) cpu_seconds: u64,
}

impl From<Limits> for Bounds {
    fn from(limits: Limits) -> Self {
        Self { memory_bytes: limits.program_bytes, cpu_seconds: limits.cpu_seconds }
    }
}

/// More than this at once is not needed for a frame of the largest film.
const LARGEST_ALLOCATION: &str = "536870912";

/// A command that becomes `program`, confined, with nothing but `file` to read.
fn confined(
    us: &Path,
    program: &Path,
    bounds: Bounds,
    container: Container,
    file: &Path,
    input_options: &[&str],
) -> Command {
    confined_into(us, program, bounds, (container, file), input_options, None)
}

/// As [`confined`]. It may write files of this length into that folder.
fn confined_into(
    us: &Path,
    program: &Path,
    bounds: Bounds,
    (container, file): (Container, &Path),
    input_options: &[&str],
    results: Option<(&Path, u64)>,
) -> Command {
    let demuxer = demuxer::name(container);
    let mut command = bare(us, program, bounds, file, results);
    command
        .args(["-hide_banner", "-v", "error", "-max_alloc", LARGEST_ALLOCATION])
        .args(["-protocol_whitelist", "file,pipe", "-format_whitelist", demuxer, "-f", demuxer])
        .args(input_options)
        .args([OsStr::new("-i"), &url(file)]);
    command
}

/// A file as these programs are given it: whatever its name is, it is no option and no address.
fn url(file: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(file);
    url
}

/// Without any argument yet.
fn bare(us: &Path, program: &Path, bounds: Bounds, file: &Path, results: Option<(&Path, u64)>) -> Command {
    let Bounds { memory_bytes, cpu_seconds } = bounds;
    let (folder, largest) = results.unwrap_or_else(|| (Path::new(""), 0));
    let mut command = Command::new(us);
    command
        .arg(ARGUMENT)
        .args([memory_bytes, cpu_seconds, largest].map(|number| number.to_string()))
        .args([file, folder, program])
        .env_clear()
        // An encoder that else introduces itself on the standard error.
        .env("SVT_LOG", "1")
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

/// What a library that it is linked with says where memory cannot be locked.
const OF_THE_SYSTEM: &str = "Warning: using insecure memory!";

/// The first of what it said that is about this file, without the names of its parts and their addresses.
fn first_words(stderr: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with(OF_THE_SYSTEM))?;
    let words = line.rsplit_once("] ").map_or(line, |(_part, words)| words);
    Some(words.chars().filter(|letter| !letter.is_control()).take(200).collect())
}

fn other(why: impl Into<String>) -> io::Error {
    io::Error::other(why.into())
}
