//! sharp, in a Node process of its own that is warm by the time it counts.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};
use tests::bench::peers::{npm, pins};

/// A folder with sharp installed, and our program beside it.
pub(crate) fn installed() -> Result<PathBuf> {
    let folder = npm("sharp")?;
    std::fs::copy(pins("sharp").join("proxies.mjs"), folder.join("proxies.mjs"))?;
    Ok(folder)
}

pub(crate) struct Sharp {
    process: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Sharp {
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let mut command = Command::new("node");
        command.arg("proxies.mjs").current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().context("node cannot be started")?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (asks, answers) = pipes.context("both are pipes")?;
        Ok(Self { process, asks, answers: BufReader::new(answers) })
    }

    /// Seconds, and the most memory so far in MiB.
    pub(crate) fn proxies(&mut self, from: &Path, to: &[PathBuf; 2]) -> Result<(f64, f64)> {
        self.ask(&[from, &to[0], &to[1]])
    }

    pub(crate) fn reference(&mut self, from: &Path, to: &Path) -> Result<()> {
        self.ask(&[from, to]).map(drop)
    }

    fn ask(&mut self, words: &[&Path]) -> Result<(f64, f64)> {
        let words: Vec<_> = words.iter().map(|path| path.to_string_lossy()).collect();
        writeln!(self.asks, "{}", words.join("\t"))?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let (took, peak) = line.trim().split_once(' ').context("sharp has ended")?;
        Ok((took.parse::<f64>()? / 1e3, peak.parse::<f64>()? / 1024.0))
    }
}

impl Drop for Sharp {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}
