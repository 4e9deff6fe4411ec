//! Ten frames of a file that is elsewhere: what of it is fetched.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use activities::child::files::{FileSink, FileSource};
use activities::child::{AsyncSource, Workbench};
use activities::ffmpeg::Ffmpeg;
use activities::framing::{self, Wish};
use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use media::film::Spread;
use tests::server::binary;

const BAR: f64 = 0.5;

/// A file without a path, of which every fetched byte is counted.
struct Remote {
    file: FileSource,
    fetched: AtomicU64,
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

#[tokio::main]
pub(crate) async fn run(film: &Path) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = std::env::var_os("PATH").context("there is a PATH")?;
    let ffmpeg = Some(Ffmpeg::on_path(&path, scratch.path()).context("ffmpeg is on it")?);
    let bench = Workbench { ffmpeg, ..Workbench::new(binary()?) };
    let remote = Remote { file: FileSource::open(film).await?, fetched: AtomicU64::new(0) };
    let wish = Wish { spread: Spread::Count(10), width: 320, exact: false };
    let began = Instant::now();
    let begin = || tempfile::tempfile().map(FileSink::new);
    let made = framing::thumbnails(&bench, &wish, &remote, begin, |_| {}).await;
    let (framed, _) = made.map_err(|trouble| anyhow!("{trouble:?}"))?;
    let (fetched, length) = (remote.fetched.load(Ordering::Relaxed), remote.len());
    let share = fetched as f64 / length as f64;
    println!(
        "{} frames of a remote file    {:.2} s; {fetched} of {length} bytes fetched, {share:.3}× (bar {BAR}×)",
        framed.made.frames,
        began.elapsed().as_secs_f64()
    );
    Ok(())
}
