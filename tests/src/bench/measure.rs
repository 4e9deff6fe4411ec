//! One run of a program: how long, how much processor time, how much memory, how large a result.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::memory::{family, peak};

const MIB: f64 = (1 << 20) as f64;

#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    pub wall: f64,
    /// Of the program and all it started and waited for, user and system.
    pub processor: f64,
    /// The most that the program had together with what it had started, each at its own peak so far, in MiB.
    pub memory: f64,
    pub bytes: u64,
}

impl Taken {
    /// The median of each figure by itself.
    pub fn median(all: &[Self]) -> Self {
        let middle = |figure: fn(&Self) -> f64| {
            let mut figures: Vec<f64> = all.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures[figures.len() / 2]
        };
        Self {
            wall: middle(|taken| taken.wall),
            processor: middle(|taken| taken.processor),
            memory: middle(|taken| taken.memory),
            bytes: all[0].bytes,
        }
    }
}

pub fn run(command: &[String], result: &Path) -> Result<Taken> {
    let [program, arguments @ ..] = command else { anyhow::bail!("no command") };
    let before = processor_of_children()?;
    let began = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{program} cannot be started"))?;
    let (wall, memory) = watch(&mut child, began)?;
    let processor = processor_of_children()? - before;
    let bytes = std::fs::metadata(result).with_context(|| format!("{command:?} wrote nothing"))?.len();
    Ok(Taken { wall, processor, memory, bytes })
}

/// Waits for the end, looking at the memory every few milliseconds.
fn watch(child: &mut Child, began: Instant) -> Result<(f64, f64)> {
    let mut most = 0;
    loop {
        most = family(child.id()).into_iter().filter_map(peak).sum::<u64>().max(most);
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "it ended with {status}");
            return Ok((began.elapsed().as_secs_f64(), most as f64 / MIB));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Seconds of processor time of everything that was started here and has ended.
pub fn processor_of_children() -> Result<f64> {
    /// The kernel's unit, everywhere but on Alpha.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(") ").context("a name in brackets")?;
    // Numbered from 3, the first behind the name: 16 and 17 are the children's.
    let ticks = fields.split(' ').skip(13).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(ticks / TICKS_PER_SECOND)
}
