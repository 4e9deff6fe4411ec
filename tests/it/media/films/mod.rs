//! Films: frames of them as a zip, found by every way there is.

mod damage;
mod frames;

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use activities::child::files::FileSource;
use activities::child::{AsyncSource, Failure, Workbench};
use activities::framing::{self, Framed, Wish};
use activities::making::Trouble;
use bytes::Bytes;

use super::child::Kept;
use super::foreign::bench;

/// A file that is elsewhere: it has no path, and what is fetched of it is counted.
pub(super) struct Remote {
    file: FileSource,
    fetched: AtomicU64,
}

impl Remote {
    async fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: FileSource::open(path).await?, fetched: AtomicU64::new(0) })
    }

    fn fetched(&self) -> u64 {
        self.fetched.load(Ordering::Relaxed)
    }
}

impl AsyncSource for Remote {
    fn len(&self) -> u64 {
        self.file.len()
    }

    async fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let bytes = self.file.read_at(offset, length).await?;
        self.fetched.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}

/// Makes the zip of a film, and sees to it that nothing is left behind.
pub(super) async fn framed(source: &impl AsyncSource, wish: Wish) -> Result<(Vec<u8>, Framed), Failure> {
    let scratch = tempfile::tempdir().expect("a folder for a test");
    let outcome = framed_by(&bench(scratch.path()), source, wish).await;
    assert_eq!(std::fs::read_dir(scratch.path()).expect("it is there").count(), 0, "something was left");
    outcome
}

async fn framed_by(
    bench: &Workbench,
    source: &impl AsyncSource,
    wish: Wish,
) -> Result<(Vec<u8>, Framed), Failure> {
    match framing::thumbnails(bench, &wish, source, || Ok(Kept::default()), |_| {}).await {
        Ok((framed, kept)) => Ok((kept.0, framed)),
        Err(Trouble::Failure(failure)) => Err(failure),
        Err(Trouble::OddAnswer(answer)) => panic!("an odd answer: {answer:?}"),
    }
}
