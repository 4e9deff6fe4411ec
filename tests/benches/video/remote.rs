//! Ten frames of a file that is elsewhere: what of it is fetched.

use std::path::Path;
use std::time::Instant;

use activities::child::files::FileSink;
use activities::child::{AsyncSource, Workbench};
use activities::ffmpeg::Ffmpeg;
use activities::making::framing::{self, Wish};
use anyhow::{Context, Result, anyhow};
use media::film::Spread;
use tests::remote::Remote;
use tests::server::binary;

const BAR: f64 = 0.5;

#[tokio::main]
pub(crate) async fn run(film: &Path) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = std::env::var_os("PATH").context("there is a PATH")?;
    let ffmpeg = Some(Ffmpeg::on_path(&path, scratch.path()).context("ffmpeg is on it")?);
    let bench = Workbench { ffmpeg, ..Workbench::new(binary()?) };
    let remote = Remote::open(film).await?;
    let wish = Wish { spread: Spread::Count(10), width: 320, exact: false };
    let began = Instant::now();
    let begin = || tempfile::tempfile().map(FileSink::new);
    let made = framing::thumbnails(&bench, &wish, &remote, begin, |_| {}).await;
    let (framed, _) = made.map_err(|trouble| anyhow!("{trouble:?}"))?;
    let (fetched, length) = (remote.fetched(), remote.len());
    let share = fetched as f64 / length as f64;
    println!(
        "{} frames of a remote file    {:.2} s; {fetched} of {length} bytes fetched, {share:.3}× (bar {BAR}×)",
        framed.made.frames,
        began.elapsed().as_secs_f64()
    );
    Ok(())
}
