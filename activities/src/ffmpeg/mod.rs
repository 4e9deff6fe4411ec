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
    memory_bytes: u64,
    /// What of it the program may write to.
    data_bytes: u64,
    pub(crate) cpu_seconds: u64,
}

impl Bounds {
    /// To decode sound.
    fn of_sound(limits: Limits) -> Self {
        Self::with_data(limits.decoder_bytes, limits)
    }

    /// To decode a film whose frames have these sides, as it says itself: most of what a decoder holds is frames.
    pub(crate) fn of_film(limits: Limits, (width, height): (u32, u32)) -> Self {
        /// In whole blocks.
        const FULL_HD: u64 = 1920 * 1088;
        let pixels = u64::from(width) * u64::from(height);
        Self::with_data(limits.decoder_bytes.saturating_mul(pixels.max(FULL_HD)) / FULL_HD, limits)
    }

    /// To encode, too: all that a program may have.
    fn of_encoder(limits: Limits) -> Self {
        Self::with_data(limits.program_bytes, limits)
    }

    fn with_data(data_bytes: u64, limits: Limits) -> Self {
        let Limits { program_bytes, cpu_seconds, .. } = limits;
        Self { memory_bytes: program_bytes, data_bytes, cpu_seconds }
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
    let Bounds { memory_bytes, data_bytes, cpu_seconds } = bounds;
    let (folder, largest) = results.unwrap_or_else(|| (Path::new(""), 0));
    let mut command = Command::new(us);
    command
        .arg(ARGUMENT)
        .args([memory_bytes, data_bytes, cpu_seconds, largest].map(|number| number.to_string()))
        .args([file, folder, program])
        .env_clear()
        // SVT-AV1 prints a banner to stderr unless it is told to print errors only, and what stands there first is taken for
        // what went wrong.
        .env("SVT_LOG", "1")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
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

/// Whether it has said anywhere that it could not have the memory it wanted; of a frame it says no more than that the buffer
/// failed. While a header is read, that is the header's fault, which claims too much; afterwards it is a lack of memory.
fn lacked_memory(stderr: &[u8]) -> bool {
    const SAID: [&str; 3] = ["allocate memory", "get_buffer() failed", "bad_alloc"];
    let text = String::from_utf8_lossy(stderr);
    SAID.iter().any(|said| text.contains(*said))
}

fn other(why: impl Into<String>) -> io::Error {
    io::Error::other(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_may_have_more_only_of_more_pixels_than_full_hd() {
        let limits = Limits { decoder_bytes: 224 << 20, ..Limits::default() };
        let data = |sides| Bounds::of_film(limits, sides).data_bytes;
        for sides in [(0, 0), (320, 180), (1080, 1920), (1920, 1088)] {
            assert_eq!(data(sides), 224 << 20, "{sides:?}");
        }
        assert_eq!(data((3840, 2176)), 896 << 20);
        assert_eq!(Bounds::of_sound(limits).data_bytes, 224 << 20);
        assert_eq!(Bounds::of_encoder(limits).data_bytes, limits.program_bytes);
    }

    #[test]
    fn a_lack_of_memory_is_heard_among_other_words() {
        let said = b"[hevc @ 0x1] Error splitting the input.\nError while decoding: Cannot allocate memory\n";
        assert!(lacked_memory(said) && lacked_memory(b"[h264 @ 0x1] thread_get_buffer() failed"));
        assert!(!lacked_memory(b"[h264 @ 0x1] decode_slice_header error\n"));
    }
}
