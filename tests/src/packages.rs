//! Programs of npm and PyPI that stand beside ours in benches and tests, each installed once by the pins in a folder.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// The version of Python that every pinned package runs on.
const PYTHON: &str = "python3.11";

/// Makes `folder` one with the `node_modules` that `pins` say.
pub fn npm(pins: &Path, folder: &Path) -> Result<()> {
    install(pins, folder, &["package.json", "package-lock.json"], |folder| {
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        run(Command::new("npm").args(arguments).current_dir(folder))
    })
}

/// Makes `folder` a virtual environment of what `pins` say.
pub fn pip(pins: &Path, folder: &Path) -> Result<()> {
    install(pins, folder, &["requirements.txt"], |folder| {
        run(Command::new(PYTHON).args(["-m", "venv", "."]).current_dir(folder))?;
        run(Command::new(folder.join("bin/pip"))
            .args(["install", "--quiet", "--no-deps", "-r", "requirements.txt"])
            .current_dir(folder))
    })
}

/// Installs what the pins say, unless it stands there from the last time. The pins are written once more when all went
/// well, so that what broke off is done again.
fn install(
    pins: &Path,
    folder: &Path,
    files: &[&str],
    install: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let pinned = files.iter().map(|file| Ok(std::fs::read(pins.join(file))?)).collect::<Result<Vec<_>>>()?;
    let installed = folder.join("installed");
    if std::fs::read(&installed).is_ok_and(|installed| installed == pinned.concat()) {
        return Ok(());
    }
    eprintln!("installing into {} …", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    for (file, text) in files.iter().zip(&pinned) {
        std::fs::write(folder.join(file), text)?;
    }
    install(folder)?;
    std::fs::write(installed, pinned.concat())?;
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    let ended = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let ended = ended.with_context(|| format!("{command:?} cannot be started"))?;
    ensure!(ended.success(), "{command:?} failed: {ended}");
    Ok(())
}
