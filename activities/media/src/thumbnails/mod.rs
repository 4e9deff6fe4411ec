//! Frames of a film as a zip: what ffmpeg makes of them comes in as a stream of JPEGs (`matroska`), those that are wanted go
//! out as a store-only zip with an index (`zip`, `index`), and [`verify`] opens the result again.

mod index;
mod matroska;
mod verify;
mod zip;

pub(crate) use verify::verify;

use serde::{Deserialize, Serialize};

use crate::film::Nearest;
use crate::film::Shared;
use crate::picture::Sides;
use crate::{Problem, Progress, ReadAt, Report, Sink};
use index::{Entry, Index};
use matroska::{Frame, Frames};
use zip::Zip;

/// Which of the frames that come are wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wanted {
    /// Those nearest to the times; key frames come, and more than there are times.
    Nearest,
    /// As before, but each has its number for its time, in seconds. These are the times of all that come.
    Numbered(Vec<u64>),
    /// All: they were sought out before, one for each time.
    All,
}

/// What is to be made of the frames that come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub wanted: Wanted,
    /// For which frames are wanted, in milliseconds.
    pub times: Vec<u64>,
    /// Whether those that come are the frames of just these times.
    pub exact: bool,
    /// How long the film is.
    pub milliseconds: u64,
}

/// A zip that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeThumbnails {
    pub frames: u32,
    /// So many were wanted.
    pub wanted: u32,
    pub width: u32,
    pub height: u32,
    /// Whether they are the frames of just those times, and not key frames near them.
    pub exact: bool,
    pub bytes: u64,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Made(MadeThumbnails),
    /// There are too few key frames, they are too unevenly spread, or not those that were announced. What was written is
    /// worth nothing.
    TooFewKeyFrames,
}

/// Writes a zip of what is wanted of the frames that come.
pub(crate) fn collect(
    source: &dyn ReadAt,
    order: &Order,
    sink: &mut dyn Sink,
    progress: &mut Progress<'_>,
) -> Result<Outcome, Problem> {
    let Order { ref wanted, ref times, exact, milliseconds } = *order;
    let mut album = Album { zip: Zip::new(sink), index: Index::new(milliseconds, exact), largest: (0, 0) };
    let mut frames = Frames::new(source);
    let gathered = match wanted {
        Wanted::Nearest => nearest(&mut frames, times, None, &mut album, progress),
        Wanted::Numbered(all) => nearest(&mut frames, times, Some(all), &mut album, progress),
        Wanted::All => all(&mut frames, times, &mut album, progress),
    };
    if let Gathered::TooFew = gathered? {
        return Ok(Outcome::TooFewKeyFrames);
    }
    let wanted = u32::try_from(times.len()).unwrap_or(u32::MAX);
    album.close(wanted).map(Outcome::Made)
}

enum Gathered {
    Enough,
    TooFew,
}

fn all(
    frames: &mut Frames<'_>,
    times: &[u64],
    album: &mut Album<'_>,
    progress: &mut Progress<'_>,
) -> Result<Gathered, Problem> {
    let mut times = times.iter();
    let total = Some(times.len() as u64);
    while let Some(Frame { milliseconds, jpeg }) = frames.next()? {
        // More than one for each time did nobody ask for.
        let Some(&wanted) = times.next() else { break };
        album.add(wanted, milliseconds, &jpeg)?;
        tell(progress, album.index.len() as u64, total)?;
    }
    Ok(Gathered::Enough)
}

fn nearest(
    frames: &mut Frames<'_>,
    times: &[u64],
    numbered: Option<&[u64]>,
    album: &mut Album<'_>,
    progress: &mut Progress<'_>,
) -> Result<Gathered, Problem> {
    let mut nearest = Nearest::new(times.to_vec());
    let mut came = 0;
    let total = Some(times.len() as u64);
    while let Some(Frame { milliseconds, jpeg }) = frames.next()? {
        let number = usize::try_from(milliseconds / 1000).ok();
        let at = numbered.map_or(Some(milliseconds), |all| all.get(number?).copied());
        came += 1;
        let dealt = at.map(|at| nearest.take(at, jpeg));
        let Some(Ok(dealt)) = dealt else { return Ok(Gathered::TooFew) };
        for dealt in dealt {
            album.add(dealt.wanted, dealt.at, &dealt.frame)?;
        }
        tell(progress, album.index.len() as u64, total)?;
    }
    // One that did not come has moved the numbers of all behind it.
    if numbered.is_some_and(|all| all.len() != came) {
        return Ok(Gathered::TooFew);
    }
    match nearest.end() {
        Ok(Some(dealt)) => album.add(dealt.wanted, dealt.at, &dealt.frame)?,
        Ok(None) => {}
        Err(Shared) => return Ok(Gathered::TooFew),
    }
    Ok(Gathered::Enough)
}

fn tell(progress: &mut Progress<'_>, done: u64, total: Option<u64>) -> Result<(), Problem> {
    if progress(Report { done, total }).is_break() { Err(Problem::Cancelled) } else { Ok(()) }
}

/// The zip on its way, and what its index is going to say.
struct Album<'s> {
    zip: Zip<'s>,
    index: Index,
    largest: (u32, u32),
}

impl Album<'_> {
    fn add(&mut self, wanted: u64, milliseconds: u64, jpeg: &[u8]) -> Result<(), Problem> {
        let shown = Sides::of_jpeg(jpeg)?;
        let entry = Entry::new(self.index.len() + 1, wanted, milliseconds, (shown.width, shown.height));
        self.zip.add(&entry.name, jpeg)?;
        self.largest = (self.largest.0.max(shown.width), self.largest.1.max(shown.height));
        self.index.frames.push(entry);
        Ok(())
    }

    fn close(mut self, wanted: u32) -> Result<MadeThumbnails, Problem> {
        if self.index.frames.is_empty() {
            return Err(Problem::corrupt("no frame of its film can be decoded"));
        }
        self.zip.add(index::NAME, &self.index.text())?;
        let bytes = self.zip.finish()?;
        let (width, height) = self.largest;
        let (frames, exact) = (self.index.len(), self.index.exact);
        Ok(MadeThumbnails { frames, wanted, width, height, exact, bytes })
    }
}
