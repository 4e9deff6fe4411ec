//! A FLAC of any source: the child decodes what it can; what it leaves to others, ffmpeg decodes into another child, and
//! its tags are read by one more.

use std::future::pending;
use std::io;

use bytes::Bytes;
use media::audio::{Change, Container, Input, Limits, Sound, Wishes};
use media::flac::Level;
use media::{Answer, Job, MadeFlac, Order, Problem, Report};
use states::options;

use crate::child::files::FileSource;
use crate::child::{AsyncSink, AsyncSource, Failure, Nowhere, Workbench};
use crate::ffmpeg::{self, AsFile, Decoded, Ffmpeg, Found};

/// What can go wrong, and an answer to a question that was not asked.
#[derive(Debug)]
pub enum Trouble {
    Failure(Failure),
    OddAnswer(Answer),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<Trouble> for crate::failure::Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Failure(failure) => failure.into(),
            Trouble::OddAnswer(answer) => Self::odd_answer(&answer),
        }
    }
}

/// What options ask for.
pub fn order(options: &options::Flac) -> Order {
    let options::Flac { level, bits, rate, channels, track, keep_going } = *options;
    let level = match level {
        options::Level::Fast => Level::Fast,
        options::Level::Default => Level::Default,
        options::Level::Best => Level::Best,
    };
    let wishes = Wishes { bits, rate, channels, track, keep_going };
    Order { level, wishes, ..Order::default() }
}

/// Makes a FLAC as ordered. When this fails, what the sink got is worth nothing.
pub async fn flac(
    bench: &Workbench,
    order: Order,
    source: &impl AsyncSource,
    sink: &mut impl AsyncSink,
    mut progress: impl FnMut(Report) + Send,
) -> Result<MadeFlac, Trouble> {
    let job = Job::Flac(order.clone());
    let (found, container) = match bench.run(job, source, sink, &mut progress, pending()).await {
        Ok(Answer::Flac(made)) => return Ok(made),
        Ok(other) => return Err(Trouble::OddAnswer(other)),
        Err(Failure::Media(Problem::Foreign { found, container })) => (found, container),
        Err(failure) => return Err(failure.into()),
    };
    let foreign = Foreign::open(bench, found, container, source, &order.wishes).await?;
    let Wishes { keep_going, track, .. } = order.wishes;
    let tags = foreign.tags(bench, track).await?;
    let known = media::audio::Decoded { tag_bytes: tags.len() as u32, ..foreign.found.decoded.clone() };
    let what = (foreign.file.path(), &foreign.found, tags);
    let decoded = Decoded::start(&bench.program, foreign.ffmpeg, bench.limits, container, what, keep_going)?;
    let job = Job::Flac(Order { input: Input::Decoded(known), ..order });
    match bench.run(job, &decoded, sink, progress, pending()).await? {
        Answer::Flac(made) => Ok(with_flaw(made, decoded.flaw().await)),
        other => Err(Trouble::OddAnswer(other)),
    }
}

/// Says what sound a source holds.
pub async fn probe(
    bench: &Workbench,
    limits: Limits,
    wishes: Wishes,
    source: &impl AsyncSource,
) -> Result<Sound, Trouble> {
    let job = Job::ProbeAudio { limits, wishes };
    match bench.run(job, source, &mut Nowhere, |_| {}, pending()).await {
        Ok(Answer::Audio(sound)) => Ok(sound),
        Ok(other) => Err(Trouble::OddAnswer(other)),
        Err(Failure::Media(Problem::Foreign { found, container })) => {
            let sound = Foreign::open(bench, found, container, source, &wishes).await?.found.decoded.sound;
            sound.check_length(limits).map_err(Failure::Media)?;
            Ok(sound)
        }
        Err(failure) => Err(failure.into()),
    }
}

/// A file that ffmpeg is to decode.
struct Foreign<'b> {
    ffmpeg: &'b Ffmpeg,
    file: AsFile,
    found: Found,
}

impl<'b> Foreign<'b> {
    async fn open(
        bench: &'b Workbench,
        found: String,
        container: Container,
        source: &impl AsyncSource,
        wishes: &Wishes,
    ) -> Result<Self, Failure> {
        let Some(ffmpeg) = &bench.ffmpeg else {
            return Err(Failure::Media(Problem::Foreign { found, container }));
        };
        let file = ffmpeg::as_file(source, &ffmpeg.scratch).await.map_err(Failure::from)?;
        let found = ffmpeg::ask(bench, ffmpeg, container, file.path(), wishes).await?;
        Ok(Self { ffmpeg, file, found })
    }

    /// Its tags and pictures, as our own child reads them.
    async fn tags(&self, bench: &Workbench, track: Option<u32>) -> Result<Bytes, Trouble> {
        let file = FileSource::open(self.file.path()).await.map_err(Failure::Sink)?;
        let mut blocks = Blocks::default();
        match bench.run(Job::Tags { track }, &file, &mut blocks, |_| {}, pending()).await? {
            Answer::Tags => Ok(Bytes::from(blocks.0)),
            other => Err(Trouble::OddAnswer(other)),
        }
    }
}

/// What a child says of tags, in memory.
#[derive(Default)]
struct Blocks(Vec<u8>);

impl AsyncSink for Blocks {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        /// More than it lets through.
        const LONGEST: usize = 20 << 20;
        if self.0.len() + bytes.len() > LONGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(&bytes);
        Ok(())
    }

    async fn patch(&mut self, _offset: u64, _bytes: Bytes) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// What ffmpeg complained of stands with the result, unless worse is said there already.
fn with_flaw(mut made: MadeFlac, flaw: Option<String>) -> MadeFlac {
    let told = made.changes.iter().any(|change| matches!(change, Change::Incomplete { .. }));
    if let Some(what) = flaw.filter(|_| !told) {
        made.changes.push(Change::Incomplete { what, missing_samples: None });
    }
    made
}
