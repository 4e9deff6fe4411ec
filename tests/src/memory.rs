//! How much memory processes take, as the kernel counts it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};

/// A process and all that it has started and that lives. Each of its threads lists what that one has started.
pub fn family(parent: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let listed: String =
        threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok()).collect();
    let children = listed.split_whitespace().filter_map(|child| child.parse().ok());
    std::iter::once(parent).chain(children.flat_map(family)).collect()
}

/// What a process has now, in bytes; none when it is gone.
pub fn resident(process: u32) -> Option<u64> {
    counted(process, "VmRSS:")
}

/// What a process and all that it has started have together now, in bytes: what they have in common is counted once. One
/// that is just being started has its parent's memory, until it becomes a program of its own.
pub fn together(parent: u32) -> u64 {
    let command = |process: u32| std::fs::read(format!("/proc/{process}/cmdline")).ok();
    let own = command(parent);
    let started = family(parent).into_iter().skip(1).filter(|&process| command(process) != own);
    std::iter::once(parent).chain(started).filter_map(share).sum()
}

/// What a process has by itself now, and its share of what it has in common with others, in bytes.
fn share(process: u32) -> Option<u64> {
    figure(&std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?, "Pss:")
}

/// The most that a process has had.
pub fn peak(process: u32) -> Option<u64> {
    counted(process, "VmHWM:")
}

fn counted(process: u32, name: &str) -> Option<u64> {
    figure(&std::fs::read_to_string(format!("/proc/{process}/status")).ok()?, name)
}

fn figure(figures: &str, name: &str) -> Option<u64> {
    let line = figures.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

/// Looks at a figure again and again, and keeps the largest.
pub struct Watch {
    done: Arc<AtomicBool>,
    watching: JoinHandle<u64>,
}

impl Watch {
    pub fn begin(figure: impl Fn() -> u64 + Send + 'static) -> Self {
        const PAUSE: Duration = Duration::from_millis(5);
        let done = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&done);
        let watching = std::thread::spawn(move || {
            let mut most = 0;
            while !told.load(Ordering::Relaxed) {
                most = figure().max(most);
                std::thread::sleep(PAUSE);
            }
            most
        });
        Self { done, watching }
    }

    pub fn end(self) -> Result<u64> {
        self.done.store(true, Ordering::Relaxed);
        self.watching.join().ok().context("whoever watched has panicked")
    }
}
