//! Work in a child process: the same result as in this one, and a typed problem whatever the child does.

use std::future::{Future, pending};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use activities::child::files::{FileSink, FileSource};
use activities::child::{AsyncSink, AsyncSource, Failure, Limits, Work, Workbench};
use bytes::Bytes;
use media::{Answer, Job, Order, Problem, Report};
use states::problem::Kind;

use super::sounds::Pcm;
use super::{convert, tools};

fn bench(limits: Limits) -> Workbench {
    Workbench {
        program: PathBuf::from(env!("CARGO_BIN_EXE_media-child")),
        arguments: Vec::new(),
        limits,
        ffmpeg: None,
    }
}

fn flac() -> Job {
    Job::Flac(Order::default())
}

/// Bytes in memory, or made up as they are read.
pub(super) struct Made<F> {
    length: u64,
    byte: F,
}

impl<F: Fn(u64) -> u8 + Send + Sync> AsyncSource for Made<F> {
    fn len(&self) -> u64 {
        self.length
    }

    async fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let end = self.length.min(offset + length as u64);
        Ok((offset..end).map(&self.byte).collect())
    }
}

pub(super) fn whole(file: &[u8]) -> Made<impl Fn(u64) -> u8 + Send + Sync> {
    Made { length: file.len() as u64, byte: |offset: u64| file[offset as usize] }
}

#[derive(Default)]
pub(super) struct Kept(pub(super) Vec<u8>);

impl AsyncSink for Kept {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        self.0.extend_from_slice(&bytes);
        Ok(())
    }

    async fn patch(&mut self, offset: u64, bytes: Bytes) -> io::Result<()> {
        self.0[offset as usize..][..bytes.len()].copy_from_slice(&bytes);
        Ok(())
    }
}

/// Counts what it gets and keeps none of it.
#[derive(Default)]
struct Counted(u64);

impl AsyncSink for Counted {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        self.0 += bytes.len() as u64;
        Ok(())
    }

    async fn patch(&mut self, _: u64, _: Bytes) -> io::Result<()> {
        Ok(())
    }
}

async fn run(
    limits: Limits,
    work: impl Into<Work>,
    source: &impl AsyncSource,
    sink: &mut impl AsyncSink,
) -> Result<Answer, Failure> {
    bench(limits).run(work, source, sink, |_| {}, pending()).await
}

#[tokio::test]
async fn a_child_makes_what_this_process_makes() {
    let wav = Pcm::music(44_100, 2, 16, 1_000_000).wav();
    let (expected, made) = convert(&wav).unwrap();
    let mut kept = Kept::default();
    let mut reports: Vec<Report> = Vec::new();
    let bench = bench(Limits::default());
    let answer =
        bench.run(flac(), &whole(&wav), &mut kept, |report| reports.push(report), pending()).await.unwrap();
    assert_eq!(answer, Answer::Flac(made.clone()));
    assert!(kept.0 == expected, "the bytes differ");
    assert!(reports.len() >= 4 && reports.is_sorted_by_key(|report| report.done));

    let verified = run(Limits::default(), Job::VerifyFlac, &whole(&kept.0), &mut Counted(0)).await.unwrap();
    assert_eq!(verified, Answer::Verified(made.facts));
    tools::flac_accepts(&kept.0);
}

#[tokio::test]
async fn files_are_read_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.wav"), folder.path().join("out.flac"));
    let wav = Pcm::music(48_000, 1, 24, 100_000).wav();
    std::fs::write(&from, &wav).unwrap();
    let source = FileSource::open(&from).await.unwrap();
    let mut sink = FileSink::new(std::fs::File::create(&to).unwrap());
    run(Limits::default(), flac(), &source, &mut sink).await.unwrap();
    let written = sink.finish().await.unwrap();
    let expected = convert(&wav).unwrap().0;
    assert_eq!(written, expected.len() as u64);
    assert!(std::fs::read(&to).unwrap() == expected, "the bytes differ");
}

#[tokio::test]
async fn media_problems_pass_through() {
    let wav = Pcm::music(44_100, 2, 16, 50_000).wav();
    let failure =
        run(Limits::default(), flac(), &whole(&wav[..90_000]), &mut Counted(0)).await.expect_err("cut");
    assert!(matches!(failure, Failure::Media(Problem::Corrupt { .. })), "{failure}");
    assert_eq!(failure.into_problem().kind, Kind::MediaCorrupt);
    let failure =
        run(Limits::default(), flac(), &whole(b"\xFF\xD8\xFF"), &mut Counted(0)).await.expect_err("a JPEG");
    assert_eq!(failure.into_problem().kind, Kind::UnsupportedMedia);
}

/// Half an hour of a sawtooth that exists nowhere: a header, and samples computed as they are read.
#[tokio::test]
async fn half_an_hour_takes_no_more_memory_than_a_second() {
    const SECONDS: u64 = 1800;
    let mut header = Pcm::music(22_050, 1, 16, 0).wav();
    let data = SECONDS * 22_050 * 2;
    header[40..44].copy_from_slice(&(data as u32).to_le_bytes());
    header[4..8].copy_from_slice(&(data as u32 + 36).to_le_bytes());
    let sawtooth = Made {
        length: 44 + data,
        byte: move |offset: u64| match header.get(offset as usize) {
            Some(&byte) => byte,
            None => ((offset / 2).wrapping_mul(173) as u16).to_le_bytes()[(offset % 2) as usize],
        },
    };
    let limits = Limits { memory_bytes: 16 << 20, ..Limits::default() };
    let mut counted = Counted(0);
    let answer = run(limits, flac(), &sawtooth, &mut counted).await.unwrap();
    let Answer::Flac(made) = answer else { panic!("{answer:?}") };
    assert_eq!((made.facts.samples, made.bytes), (SECONDS * 22_050, counted.0));
}

struct Failing;

impl AsyncSource for Failing {
    fn len(&self) -> u64 {
        1000
    }

    async fn read_at(&self, _: u64, _: usize) -> io::Result<Bytes> {
        Err(io::Error::other("the store is away"))
    }
}

impl AsyncSink for Failing {
    async fn write(&mut self, _: Bytes) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::StorageFull))
    }

    async fn patch(&mut self, _: u64, _: Bytes) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_failing_source_or_sink_is_not_the_media_s_fault() {
    let failure = run(Limits::default(), flac(), &Failing, &mut Counted(0)).await.expect_err("no source");
    assert!(matches!(failure, Failure::Source(_)), "{failure}");
    assert_eq!(failure.into_problem().kind, Kind::StorageUnavailable);
    let wav = Pcm::music(44_100, 2, 16, 500_000).wav();
    let failure = run(Limits::default(), flac(), &whole(&wav), &mut Failing).await.expect_err("no sink");
    assert_eq!(failure.into_problem().kind, Kind::StorageFull);
}

/// Says that it is longer than it is.
struct Shrunk(Vec<u8>);

impl AsyncSource for Shrunk {
    fn len(&self) -> u64 {
        self.0.len() as u64 * 2
    }

    async fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let start = self.0.len().min(offset as usize);
        Ok(Bytes::copy_from_slice(&self.0[start..self.0.len().min(start + length)]))
    }
}

#[tokio::test]
async fn a_source_that_shrank_is_not_a_damaged_file() {
    let wav = Pcm::music(44_100, 2, 16, 50_000).wav();
    let failure =
        run(Limits::default(), flac(), &Shrunk(wav), &mut Counted(0)).await.expect_err("half is gone");
    assert!(matches!(failure, Failure::Source(_)), "{failure}");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_said_so() {
    let bench = Workbench { program: PathBuf::from("/nowhere"), ..bench(Limits::default()) };
    let failure =
        bench.run(flac(), &whole(b""), &mut Counted(0), |_| {}, pending()).await.expect_err("nothing there");
    assert!(matches!(failure, Failure::NotStarted(_)), "{failure}");
}

#[tokio::test]
async fn a_program_that_says_nothing_is_a_crash() {
    let bench = Workbench { program: PathBuf::from("/bin/true"), ..bench(Limits::default()) };
    let failure =
        bench.run(flac(), &whole(b""), &mut Counted(0), |_| {}, pending()).await.expect_err("no child");
    assert_eq!(failure.into_problem().kind, Kind::WorkerCrashed);
}

/// Hands out a source's bytes and tells `reading` of the first read.
struct Watched<'s, S> {
    source: &'s S,
    reading: tokio::sync::Notify,
}

impl<S: AsyncSource> AsyncSource for Watched<'_, S> {
    fn len(&self) -> u64 {
        self.source.len()
    }

    fn read_at(&self, offset: u64, length: usize) -> impl Future<Output = io::Result<Bytes>> + Send {
        self.reading.notify_one();
        self.source.read_at(offset, length)
    }
}

#[tokio::test]
async fn cancelling_ends_the_work_in_its_midst() {
    let wav = Pcm::music(44_100, 2, 16, 2_000_000).wav();
    let source = Watched { source: &whole(&wav), reading: tokio::sync::Notify::new() };
    let bench = bench(Limits::default());
    let mut counted = Counted(0);
    let work = bench.run(flac(), &source, &mut counted, |_| {}, source.reading.notified());
    let failure = work.await.expect_err("it was cancelled");
    assert!(matches!(failure, Failure::Cancelled), "{failure}");
}

#[cfg(debug_assertions)]
mod misbehaviour {
    use std::net::{TcpListener, TcpStream};

    use activities::child::Misbehaviour;
    use service::Meters;

    use super::*;

    async fn told_to(how: Misbehaviour, limits: Limits) -> Failure {
        let outcome = run(limits, Work::Misbehave(how), &whole(b""), &mut Counted(0)).await;
        outcome.expect_err("it was told to misbehave")
    }

    #[tokio::test]
    async fn crashes_are_told_with_the_last_words() {
        let failure = told_to(Misbehaviour::Panic, Limits::default()).await;
        assert!(matches!(&failure, Failure::Crashed { how } if how.contains("told to")), "{failure}");
        assert_eq!(failure.into_problem().kind, Kind::WorkerCrashed);
        for how in [Misbehaviour::Abort, Misbehaviour::Leave] {
            let failure = told_to(how, Limits::default()).await;
            assert!(matches!(failure, Failure::Crashed { .. }), "{how:?}: {failure}");
        }
    }

    #[tokio::test]
    async fn nonsense_is_not_listened_to() {
        for how in [Misbehaviour::Babble, Misbehaviour::Announce] {
            let failure = told_to(how, Limits::default()).await;
            assert!(matches!(failure, Failure::Garbled { .. }), "{how:?}: {failure}");
        }
    }

    #[tokio::test]
    async fn a_memory_bomb_is_out_of_memory() {
        let limits = Limits { memory_bytes: 64 << 20, ..Limits::default() };
        let failure = told_to(Misbehaviour::Hoard, limits).await;
        assert_eq!(failure.into_problem().kind, Kind::OutOfMemory);
    }

    #[tokio::test]
    async fn endless_computing_is_timed_out() {
        let limits = Limits { cpu_seconds: 1, ..Limits::default() };
        let failure = told_to(Misbehaviour::Spin, limits).await;
        assert!(matches!(failure, Failure::CpuExhausted { seconds: 1 }), "{failure}");
        assert_eq!(failure.into_problem().kind, Kind::TimedOut);
    }

    #[tokio::test]
    async fn a_hang_is_timed_out() {
        let short = Duration::from_millis(100);
        let failure = told_to(Misbehaviour::Hang, Limits { silence: short, ..Limits::default() }).await;
        assert!(matches!(failure, Failure::Hung { .. }), "{failure}");
        let failure = told_to(Misbehaviour::Hang, Limits { wall: short, ..Limits::default() }).await;
        assert!(matches!(failure, Failure::TimedOut { .. }), "{failure}");
    }

    /// Children that were killed, by reason, as `/metrics` says.
    fn killed(meters: &Meters, reason: &str) -> Option<u64> {
        let series = format!("lockgate_child_kills_total{{reason=\"{reason}\"}} ");
        meters.render().lines().find_map(|line| line.strip_prefix(&series)?.parse().ok())
    }

    #[tokio::test]
    async fn each_kill_is_counted_once_by_its_reason() {
        let meters = Meters::default();
        meters.install();
        let (short, usual) = (Duration::from_millis(100), Limits::default());
        for (how, limits, reason) in [
            (Misbehaviour::Hoard, Limits { memory_bytes: 64 << 20, ..usual }, "memory"),
            (Misbehaviour::Spin, Limits { cpu_seconds: 1, ..usual }, "processor-time"),
            (Misbehaviour::Hang, Limits { wall: short, ..usual }, "wall-clock"),
            (Misbehaviour::Hang, Limits { silence: short, ..usual }, "silence"),
            (Misbehaviour::Babble, usual, "nonsense"),
            (Misbehaviour::Abort, usual, "crash"),
        ] {
            assert_eq!(killed(&meters, reason), Some(0), "{reason} is there before its first");
            told_to(how, limits).await;
            assert_eq!(killed(&meters, reason), Some(1), "{reason}");
        }
        run(usual, flac(), &Failing, &mut Counted(0)).await.expect_err("no source");
        assert_eq!(killed(&meters, "io"), Some(1));
        let (nothing, mut kept) = (whole(b""), Kept::default());
        let hanging = run(usual, Work::Misbehave(Misbehaviour::Hang), &nothing, &mut kept);
        tokio::time::timeout(short, hanging).await.expect_err("it hangs");
        assert_eq!(killed(&meters, "cancelled"), Some(1));

        let wav = Pcm::music(44_100, 1, 16, 1000).wav();
        run(usual, flac(), &whole(&wav), &mut Counted(0)).await.unwrap();
        run(usual, flac(), &whole(b"\xFF\xD8\xFF"), &mut Counted(0)).await.expect_err("a JPEG");
        for reason in
            ["memory", "processor-time", "wall-clock", "silence", "nonsense", "crash", "io", "cancelled"]
        {
            assert_eq!(killed(&meters, reason), Some(1), "{reason}: these two have ended by themselves");
        }
    }

    #[tokio::test]
    async fn no_way_leads_out_of_a_child() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        TcpStream::connect(("127.0.0.1", port)).expect("whoever is let gets through");
        let failure = told_to(Misbehaviour::Escape { port }, Limits::default()).await;
        assert!(failure.to_string().contains("these are open: []"), "{failure}");
    }
}
