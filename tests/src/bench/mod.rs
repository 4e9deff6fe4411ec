//! Where a bench works, and how often. A bench is a program like any other here, so that building it links that program
//! only. What one run of a program takes is measured in `measure`; what stands beside ours comes from `peers`.

pub mod measure;
pub mod peers;

use std::path::PathBuf;

use anyhow::{Context, Result};
use tempfile::TempDir;

/// A folder to work in, gone with its handle, on the disk that `BENCH_DIR` names.
pub fn folder() -> Result<TempDir> {
    let disk = std::env::var_os("BENCH_DIR").map_or_else(kept, |disk| Ok(PathBuf::from(disk)))?;
    Ok(tempfile::Builder::new().prefix("bench-").tempdir_in(disk)?)
}

/// How often each contender runs, by `RUNS`.
pub fn runs() -> Option<usize> {
    std::env::var("RUNS").ok()?.parse().ok()
}

/// `target/tmp`, which stays from one bench to the next.
fn kept() -> Result<PathBuf> {
    let me = std::env::current_exe()?;
    let folder = me.ancestors().nth(2).context("a bench is in the folder of a profile")?.join("tmp");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
