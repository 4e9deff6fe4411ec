//! Every crash point there is: the list comes from the source, each durable write must have one, and each must have fired.
//!
//! The main flow is killed at every point it passes by `crash`, the object store's uploads by `objects::crash`. Here are
//! the points that those two do not pass: what the store does besides uploads (`objects`), the engine's machines and
//! activities (`journal`), its map runs (`map_runs`), the people (`people`), the book of notices (`notices`), and the
//! sessions that do not simply end well (`sessions`).

mod journal;
mod map_runs;
mod notices;
mod objects;
mod people;
mod sessions;
mod source;

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use tests::doomed;
use tests::lab::Lab;
use tests::server::Setup;
use tests::sound::wav;

/// The points of a main flow.
async fn main_flow() -> Result<BTreeSet<String>> {
    let log = tempfile::NamedTempFile::new()?;
    let lab = Lab::new(&Setup::default().with("LOCKGATE_CRASH_LOG", log.path()))?;
    lab.convert("a.wav", &wav(22_050, 1)).await?;
    Ok(names(&doomed::passes(log.path())?))
}

fn names(passes: &[String]) -> BTreeSet<String> {
    passes.iter().map(|pass| doomed::name(pass).to_owned()).collect()
}

#[tokio::test]
async fn every_point_in_the_source_fires_and_no_other() -> Result<()> {
    let folders = [(); 8].map(|()| tempfile::tempdir());
    let folders = folders.into_iter().collect::<std::io::Result<Vec<_>>>()?;
    let mut fired = main_flow().await?;
    fired.extend(names(&crate::objects::crash::UPLOADS_AND_A_DELETION.calm(folders[0].path())?));
    objects::prepare(folders[1].path()).await;
    fired.extend(names(&objects::HOUSEKEEPING.calm(folders[1].path())?));
    fired.extend(names(&journal::MACHINES.calm(folders[2].path())?));
    fired.extend(names(&map_runs::RUN.calm(folders[3].path())?));
    fired.extend(names(&people::AFFAIRS.calm(folders[7].path())?));
    fired.extend(names(&crate::flags::WRITING.calm(folders[5].path())?));
    fired.extend(names(&journal::HISTORIES.calm(folders[6].path())?));
    fired.extend(names(&notices::BOOK.calm(folders[4].path())?));
    for scenario in sessions::ALL {
        fired.extend(names(&scenario.undisturbed().await?.1));
    }
    let known = source::points();
    let silent: Vec<_> = known.difference(&fired).collect();
    ensure!(silent.is_empty(), "in the source, but passed by no test: {silent:?}");
    let unknown: Vec<_> = fired.difference(&known).collect();
    ensure!(unknown.is_empty(), "passed, but not found in the source: {unknown:?}");
    println!("{} crash points, all of them fired", known.len());
    Ok(())
}
