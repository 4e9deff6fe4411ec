//! What a film is, as far as it can be told without decoding it: its container by the first bytes and, of an MP4, what its
//! index says – how it is shown, how long it is, and where its key frames lie ([`survey`]).
//!
//! ffmpeg decodes films; this only looks at what stands before the pixels, within bounds, so that a file that lies about
//! itself is refused before anything is allocated for it, and so that of a remote file no more is fetched than is needed.
//! `mp4` reads the boxes, `spread` says at which times frames are wanted and which key frames are nearest.

mod mp4;
mod spread;

pub use spread::Spread;
pub(crate) use spread::{Nearest, Shared};

use serde::{Deserialize, Serialize};

use crate::audio::Container;
use crate::source::{Watched, read_up_to};
use crate::{Problem, ReadAt};

/// What is refused by the headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub seconds: u64,
    pub side: u32,
    pub pixels: u64,
    pub tracks: usize,
    /// All boxes of an MP4 but those that hold the media.
    pub index_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { seconds: 6 * 60 * 60, side: 16_384, pixels: 64_000_000, tracks: 64, index_bytes: 64 << 20 }
    }
}

impl Limits {
    pub fn check_sides(&self, width: u32, height: u32) -> Result<(), Problem> {
        if width == 0 || height == 0 {
            return Err(Problem::corrupt("the header states a picture without pixels"));
        }
        if width.max(height) > self.side || u64::from(width) * u64::from(height) > self.pixels {
            let Self { side, pixels, .. } = self;
            let what =
                format!("{width} × {height} pixels; the limits are {side} on a side and {pixels} in all");
            return Err(Problem::TooLarge { what });
        }
        Ok(())
    }

    pub fn check_length(&self, milliseconds: u64) -> Result<(), Problem> {
        let seconds = milliseconds / 1000;
        if milliseconds > self.seconds.saturating_mul(1000) {
            return Err(Problem::TooLong { seconds, limit_seconds: self.seconds });
        }
        Ok(())
    }
}

/// What a file says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    pub container: Container,
    /// None where the container has none that is read here, or one that does not name every frame.
    pub index: Option<Index>,
}

/// What the index of an MP4 says of its film.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Index {
    pub width: u32,
    pub height: u32,
    pub milliseconds: u64,
    pub frames: u64,
    pub key_frames: u64,
    /// When each key frame is shown, in milliseconds; none where they are too many to be told one by one.
    pub key_times: Option<Vec<u64>>,
    /// The key frame nearest to each time that was asked for; none where two times have the same one.
    pub nearest: Option<Vec<KeyFrame>>,
    /// What of the file is needed to decode just those.
    pub needed: Vec<Range>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFrame {
    pub milliseconds: u64,
    pub bytes: Range,
}

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Range {
    pub offset: u64,
    pub length: u64,
}

impl Range {
    pub fn end(self) -> u64 {
        self.offset.saturating_add(self.length)
    }
}

/// Enough bytes to know a container by.
const HEAD: usize = 1024;

/// Says what film `source` is, and which of its key frames are nearest to the times of `spread`. Reads headers only.
pub(crate) fn survey(
    source: &dyn ReadAt,
    limits: &Limits,
    spread: Option<&Spread>,
) -> Result<Survey, Problem> {
    let source = Watched::new(source);
    let surveyed = look(&source, limits, spread);
    match source.failure() {
        Some(why) => Err(Problem::SourceFailed { why }),
        None => surveyed,
    }
}

fn look(source: &dyn ReadAt, limits: &Limits, spread: Option<&Spread>) -> Result<Survey, Problem> {
    let mut head = [0; HEAD];
    let filled = read_up_to(source, 0, &mut head).map_err(|error| Problem::source(&error))?;
    let container = Container::of_film(&head[..filled])?;
    let index = match container {
        Container::Mp4 => mp4::index(source, limits, spread)?,
        _ => None,
    };
    Ok(Survey { container, index })
}
