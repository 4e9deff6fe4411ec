//! A hundred sign-ins: how long each takes, and how much memory all of them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use service::people::Role;
use tests::memory::resident;
use tests::server::Setup;
use tests::town::{PASSWORD, Town};

#[tokio::test]
async fn a_hundred_sign_ins_take_little_of_anything() -> Result<()> {
    const AT_ONCE: usize = 4;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("lockgate.toml"), "[fairness]\nsign-ins-per-minute = 1000000\n")?;
    let town = Town::in_folder(folder, &Setup::default())?;
    town.citizen("ada", Role::User).await?;
    let resident = || resident(town.server.process_id()).context("a process has memory");
    let before = resident()?;
    let (mut times, mut most) = (Vec::new(), 0);
    for _ in 0..100 / AT_ONCE {
        let some = (0..AT_ONCE).map(|_| async {
            let began = Instant::now();
            let answer = town.sign_in("ada", PASSWORD).await?;
            ensure!(answer.status() == 200);
            Ok(began.elapsed())
        });
        times.extend(futures::future::try_join_all(some).await?);
        most = most.max(resident()?);
    }
    times.sort_unstable();
    let (median, p95) = (times[times.len() / 2], times[times.len() * 95 / 100]);
    let grown = most.saturating_sub(before) >> 20;
    println!("sign-ins: median {median:?}, p95 {p95:?}, {grown} MiB more in memory");
    ensure!(p95 < Duration::from_secs(1), "p95 {p95:?}");
    ensure!(grown < 160, "{grown} MiB more in memory");
    Ok(())
}
