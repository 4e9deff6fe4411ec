//! A zip of frames of any film: the child looks at its headers, ffmpeg makes JPEGs of its frames, and another child puts
//! those that are wanted into the zip.
//!
//! Of the ways to find frames, the fastest is taken that is right. One scan of the key frames is cheapest where the
//! file is here, most of all where an index says where they lie; seeking from one to the next, where there are far more
//! of them than are wanted, or where the file is elsewhere: then just those parts of it are fetched. Where there are
//! too few key frames, or where that is wished for, the very frames are decoded.

use std::future::pending;
use std::io;

use media::audio::Container;
use media::film::{Index, Limits, Spread, Survey};
use media::thumbnails::{MadeThumbnails, Order, Outcome, Wanted};
use media::{Answer, Job, Problem, Report};
use states::options;

use super::sound::Trouble;
use crate::child::{AsyncSink, AsyncSource, Failure, Nowhere, Workbench};
use crate::ffmpeg::{self, AsFile, Bounds, Ffmpeg, Frames, Take};

/// What frames are wanted of a film.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    pub spread: Spread,
    pub width: u32,
    pub exact: bool,
}

impl From<options::Thumbnails> for Wish {
    fn from(options: options::Thumbnails) -> Self {
        let options::Thumbnails { spread, width, exact } = options;
        let spread = match spread {
            options::Spread::Count(count) => Spread::Count(count),
            options::Spread::Interval(seconds) => Spread::Every { milliseconds: (seconds * 1000.0) as u64 },
        };
        Self { spread, width, exact }
    }
}

/// What was made, and what ffmpeg complained of meanwhile.
#[derive(Clone, Debug)]
pub struct Framed {
    pub made: MadeThumbnails,
    /// `index`, `scan`, `seek`, or `exact` where the very frames were decoded.
    pub found_by: &'static str,
    pub flaw: Option<String>,
}

/// Makes the zip. Each try of it begins a sink of its own; the last one's is the result.
pub async fn thumbnails<S: AsyncSink>(
    bench: &Workbench,
    wish: &Wish,
    source: &impl AsyncSource,
    mut begin: impl FnMut() -> io::Result<S>,
    mut progress: impl FnMut(Report) + Send,
) -> Result<(Framed, S), Trouble> {
    let ffmpeg = bench.ffmpeg()?;
    let film = Opened::open(bench, ffmpeg, wish, source).await?;
    let mut way = film.way(wish);
    loop {
        let mut sink = begin().map_err(Failure::Sink)?;
        let frames = film.frames(bench, ffmpeg, wish, &way);
        let order = film.order(&way);
        let job = Job::Thumbnails(order);
        match bench.run(job, &frames, &mut sink, &mut progress, pending()).await? {
            Answer::Thumbnails(Outcome::Made(made)) => {
                // Where there are holes, ffmpeg complains of what it did not need to read.
                let flaw = frames.flaw().await.filter(|_| !film.is_sparse);
                let complete = made.frames == made.wanted || u64::from(made.frames) == film.all_frames;
                return if complete || (way.is_exact() && flaw.is_none()) {
                    Ok((Framed { made, found_by: way.name(), flaw }, sink))
                } else {
                    Err(ffmpeg::incomplete(flaw).into())
                };
            }
            Answer::Thumbnails(Outcome::TooFewKeyFrames) => {
                way = match way {
                    Way::Indexed(_) => Way::Scan,
                    Way::Scan | Way::Seek => film.exactly(wish),
                    Way::Exact(_) => return Err(ffmpeg::incomplete(frames.flaw().await).into()),
                }
            }
            other => return Err(Trouble::OddAnswer(other)),
        }
    }
}

/// What a survey says of the film in `source`.
pub(crate) async fn survey(
    bench: &Workbench,
    source: &impl AsyncSource,
    spread: Option<Spread>,
) -> Result<Survey, Trouble> {
    let job = Job::SurveyFilm { limits: Limits::default(), spread };
    match bench.run(job, source, &mut Nowhere, |_| {}, pending()).await? {
        Answer::Film(survey) => Ok(survey),
        other => Err(Trouble::OddAnswer(other)),
    }
}

/// Which container a source is, which must not have been cut off.
pub(crate) async fn container(bench: &Workbench, source: &impl AsyncSource) -> Result<Container, Trouble> {
    match bench.run(Job::TellContainer, source, &mut Nowhere, |_| {}, pending()).await? {
        Answer::Container(container) => Ok(container),
        other => Err(Trouble::OddAnswer(other)),
    }
}

/// A film that ffmpeg can be given.
struct Opened {
    container: Container,
    file: AsFile,
    index: Option<Index>,
    /// Whether only what the key frames nearest to the times take is in the file.
    is_sparse: bool,
    /// Width and height, as the file says.
    sides: (u32, u32),
    milliseconds: u64,
    times: Vec<u64>,
    /// How many frames it has; of some that is not known.
    all_frames: u64,
}

/// How its frames are found.
enum Way {
    Scan,
    /// As before, but nothing besides the key frames is read. Their times are the index's, these.
    Indexed(Vec<u64>),
    /// To the key frames that the index named.
    Seek,
    Exact(Take),
}

impl Way {
    fn is_exact(&self) -> bool {
        matches!(self, Self::Exact(_))
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Indexed(_) => "index",
            Self::Seek => "seek",
            Self::Exact(_) => "exact",
        }
    }
}

impl Opened {
    async fn open(
        bench: &Workbench,
        ffmpeg: &Ffmpeg,
        wish: &Wish,
        source: &impl AsyncSource,
    ) -> Result<Self, Trouble> {
        let Survey { container, index } = survey(bench, source, Some(wish.spread)).await?;
        let sparse = index.as_ref().filter(|index| !wish.exact && is_worth_it(index, source));
        let (file, is_sparse) = match sparse {
            Some(index) => (ffmpeg::parts_as_file(source, &index.needed, &ffmpeg.scratch).await, true),
            None => (ffmpeg::as_file(source, &ffmpeg.scratch).await, false),
        };
        let file = file.map_err(Failure::from)?;
        let (sides, milliseconds) = match &index {
            Some(index) => ((index.width, index.height), index.milliseconds),
            None => sides_and_length(bench, ffmpeg, container, &file).await?,
        };
        let times = wish.spread.times(milliseconds).map_err(Failure::Media)?;
        let all_frames = index.as_ref().map_or(0, |index| index.frames);
        Ok(Self { container, file, index, is_sparse, sides, milliseconds, times, all_frames })
    }

    fn way(&self, wish: &Wish) -> Way {
        /// One seek, with a new ffmpeg, takes about as long as it takes to decode so many key frames on the way.
        const WORTH_OF_A_SEEK: u64 = 8;
        let wanted = self.times.len() as u64;
        match &self.index {
            _ if wish.exact => self.exactly(wish),
            Some(Index { nearest: None, .. }) => self.exactly(wish),
            Some(_) if self.is_sparse => Way::Seek,
            Some(index) if index.key_frames > wanted.saturating_mul(WORTH_OF_A_SEEK) => Way::Seek,
            Some(Index { key_times: Some(times), .. }) => Way::Indexed(times.clone()),
            _ => Way::Scan,
        }
    }

    /// Seeking decodes half of what lies between two key frames each time; from some number on, all of it is less.
    fn exactly(&self, wish: &Wish) -> Way {
        let wanted = self.times.len() as u64;
        let few = self.index.as_ref().is_some_and(|index| index.key_frames.saturating_mul(2) > wanted);
        let seconds = |milliseconds: u64| milliseconds as f64 / 1000.0;
        Way::Exact(match wish.spread {
            _ if few => Take::FramesAt(self.times.clone()),
            Spread::Count(count) => {
                let step = seconds(self.milliseconds) / f64::from(2 * count);
                Take::Selected(format!("gte(t+0.0005,(2*selected_n+1)*{step})*lt(selected_n,{count})"))
            }
            Spread::Every { milliseconds } => {
                Take::Selected(format!("gte(t+0.0005,selected_n*{})", seconds(milliseconds)))
            }
        })
    }

    fn frames(&self, bench: &Workbench, ffmpeg: &Ffmpeg, wish: &Wish, way: &Way) -> Frames {
        let take = match way {
            Way::Scan => Take::KeyFrames,
            Way::Indexed(_) => Take::NumberedKeyFrames,
            Way::Seek => {
                let nearest = self.index.iter().filter_map(|index| index.nearest.as_ref()).flatten();
                Take::KeyFramesAt(nearest.map(|frame| frame.milliseconds).collect())
            }
            Way::Exact(take) => take.clone(),
        };
        let film = (self.container, self.file.path());
        let bounds = Bounds::of_film(bench.limits, self.sides);
        Frames::new(&bench.program, ffmpeg, bounds, film, &take, wish.width)
    }

    fn order(&self, way: &Way) -> Order {
        let wanted = match way {
            Way::Scan => Wanted::Nearest,
            Way::Indexed(times) => Wanted::Numbered(times.clone()),
            Way::Seek | Way::Exact(_) => Wanted::All,
        };
        let exact = way.is_exact();
        Order { wanted, times: self.times.clone(), exact, milliseconds: self.milliseconds }
    }
}

/// Whether fetching just the parts of a file that is elsewhere saves at least half of it.
fn is_worth_it(index: &Index, source: &impl AsyncSource) -> bool {
    let needed: u64 = index.needed.iter().map(|part| part.length).sum();
    source.path().is_none() && index.nearest.is_some() && needed <= source.len() / 2
}

async fn sides_and_length(
    bench: &Workbench,
    ffmpeg: &Ffmpeg,
    container: Container,
    file: &AsFile,
) -> Result<((u32, u32), u64), Failure> {
    let film = ffmpeg::ask_film(bench, ffmpeg, container, file.path()).await?;
    let limits = Limits::default();
    limits.check_sides(film.width, film.height).map_err(Failure::Media)?;
    let unknown = || Problem::Corrupt {
        what: "its film does not say how long it is".to_owned(),
        missing_samples: None,
    };
    let milliseconds = film.milliseconds.ok_or_else(unknown).map_err(Failure::Media)?;
    limits.check_length(milliseconds).map_err(Failure::Media)?;
    Ok(((film.width, film.height), milliseconds))
}
