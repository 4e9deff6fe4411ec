//! A test that runs again in a process of its own, to be killed at a crash point. For what has no binary of its own to
//! kill, or what no client can bring the binary to do.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, ensure};

const FOLDER: &str = "LOCKGATE_TEST_CRASH_FOLDER";

/// A test, named from the root of this binary, that is ignored unless it is run from here.
#[derive(Clone, Copy)]
pub struct Doomed(pub &'static str);

/// The folder that the doomed process works in: asked from inside it.
pub fn folder() -> PathBuf {
    std::env::var_os(FOLDER).expect("a doomed process is told its folder").into()
}

impl Doomed {
    /// Runs undisturbed and tells the crash points it passed, in order: `name:1` the first time, `name:2` the next.
    pub fn calm(self, folder: &Path) -> Result<Vec<String>> {
        let log = tempfile::NamedTempFile::new()?;
        let status = self.run(folder, "LOCKGATE_CRASH_LOG", log.path().as_os_str())?;
        ensure!(status.success(), "{} failed undisturbed: {status}", self.0);
        passes(log.path())
    }

    /// Runs until it dies at `pass`.
    pub fn killed(self, folder: &Path, pass: &str) -> Result<()> {
        let status = self.run(folder, "LOCKGATE_CRASH", pass.as_ref())?;
        ensure!(status.signal() == Some(9), "{pass} did not fire: {status}");
        Ok(())
    }

    fn run(self, folder: &Path, variable: &str, value: &std::ffi::OsStr) -> Result<ExitStatus> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args([self.0, "--exact", "--ignored"]);
        command.env_remove("LOCKGATE_CRASH").env_remove("LOCKGATE_CRASH_LOG");
        command.env(FOLDER, folder).env(variable, value);
        Ok(command.output().with_context(|| format!("{} cannot be run again", self.0))?.status)
    }
}

/// What a log of crash points says, as [`Doomed::calm`] tells it.
pub fn passes(log: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(log)?;
    let mut counts = std::collections::BTreeMap::<&str, u64>::new();
    let count = |name| {
        let count = counts.entry(name).or_default();
        *count += 1;
        format!("{name}:{count}")
    };
    Ok(text.lines().map(count).collect())
}

/// The name in a pass.
pub fn name(pass: &str) -> &str {
    pass.rsplit_once(':').map_or(pass, |(name, _)| name)
}
