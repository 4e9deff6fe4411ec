//! A hundred pictures of some 5 MB, posted to a server at once: none may be lost, the server's own memory is looked at
//! all the while, and the time is beside that of two `lockgate convert` that share the same files between them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use tests::flow::{Flow, expect, id};
use tests::memory::{Watch, resident};
use tests::server::{Server, binary};

use super::inputs;

const PICTURES: usize = 100;
const MOST_MEMORY: f64 = 256.0;
const LEAST_SHARE: f64 = 0.9;

pub(crate) fn run(folder: &Path) -> Result<()> {
    let path = inputs::sent().write(folder)?;
    let picture = Bytes::from(std::fs::read(&path)?);
    let here = by_two(folder, &path)?;
    let (there, peak) = by_the_server(folder, picture)?;
    let share = here / there;
    println!(
        "\n{PICTURES} pictures: two converts {here:.1} s; posted at once {there:.1} s, {share:.2} of their throughput (bar: {LEAST_SHARE})"
    );
    println!("the server's own memory: {peak:.1} MiB at most (bar: {MOST_MEMORY})");
    Ok(())
}

/// Two that each take half of the pictures.
fn by_two(folder: &Path, picture: &Path) -> Result<f64> {
    let source = folder.join("here");
    std::fs::create_dir_all(&source)?;
    let files: Vec<PathBuf> = (0..PICTURES).map(|number| source.join(format!("{number}.jpg"))).collect();
    files.iter().try_for_each(|file| std::fs::copy(picture, file).map(drop))?;
    let began = Instant::now();
    let halves = files.chunks(PICTURES / 2).enumerate().map(|(half, files)| {
        let mut command = Command::new(binary()?);
        command.arg("convert").args(files).arg("-o").arg(format!("{}/half-{half}/", folder.display()));
        Ok(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
    });
    for mut half in halves.collect::<Result<Vec<_>>>()? {
        ensure!(half.wait()?.success(), "a convert failed");
    }
    let took = began.elapsed().as_secs_f64();
    std::fs::remove_dir_all(source)?;
    Ok(took)
}

#[tokio::main]
async fn by_the_server(folder: &Path, picture: Bytes) -> Result<(f64, f64)> {
    let data = folder.join("data");
    std::fs::create_dir_all(&data)?;
    let server = Server::start_well(&data)?;
    let flow = Flow { patience: Duration::from_secs(600), ..Flow::new(&server.url) };
    let process = server.id();
    let watch = Watch::begin(move || resident(process).unwrap_or(0));
    let began = Instant::now();
    let sent = futures::stream::iter(0..PICTURES).map(|number| {
        let (flow, picture) = (&flow, picture.clone());
        async move {
            let url = format!("{}/images?fileName={number}.jpg", flow.url);
            let session = expect(flow.http.post(url).body(picture).send().await?, 202).await?;
            // As a page does: asking again and again would be most of the work that there is.
            flow.events(&id(&session)?, |_, _| {}).await?;
            let session = flow.session(&id(&session)?).await?;
            ensure!(session["state"] == "Done", "{session:#}");
            anyhow::Ok(())
        }
    });
    sent.buffer_unordered(PICTURES).try_collect::<Vec<_>>().await?;
    let took = began.elapsed().as_secs_f64();
    let peak = watch.end()?;
    ensure!(peak > 0, "the server's memory cannot be read");
    Ok((took, peak as f64 / (1 << 20) as f64))
}
