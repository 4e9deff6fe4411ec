//! Peers come from npm and PyPI, pinned by the files in `tests/benches/peers`, and are installed once.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::target;

/// The version of Python that every pinned package runs on.
const PYTHON: &str = "python3.11";

/// The folder with a peer's pins and whatever of ours runs in it.
pub(crate) fn pins(peer: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers").join(peer)
}

/// A folder with the peer's `node_modules`.
pub(crate) fn npm(peer: &str) -> Result<PathBuf> {
    install(peer, &["package.json", "package-lock.json"], |folder| {
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        run(Command::new("npm").args(arguments).current_dir(folder))
    })
}

/// A folder with the peer's virtual environment.
pub(crate) fn pip(peer: &str) -> Result<PathBuf> {
    install(peer, &["requirements.txt"], |folder| {
        run(Command::new(PYTHON).args(["-m", "venv", "."]).current_dir(folder))?;
        run(Command::new(folder.join("bin/pip"))
            .args(["install", "--quiet", "--no-deps", "-r", "requirements.txt"])
            .current_dir(folder))
    })
}

/// Installs what the pins say, unless it stands there from the last time. The pins are written once more when all went
/// well, so that what broke off is done again.
fn install(peer: &str, files: &[&str], install: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let folder = target().join("peers").join(peer);
    let pinned =
        files.iter().map(|file| Ok(std::fs::read(pins(peer).join(file))?)).collect::<Result<Vec<_>>>()?;
    let installed = folder.join("installed");
    if std::fs::read(&installed).is_ok_and(|installed| installed == pinned.concat()) {
        return Ok(folder);
    }
    eprintln!("installing {peer} …");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    for (file, text) in files.iter().zip(&pinned) {
        std::fs::write(folder.join(file), text)?;
    }
    install(&folder)?;
    std::fs::write(installed, pinned.concat())?;
    Ok(folder)
}

fn run(command: &mut Command) -> Result<()> {
    let ended = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let ended = ended.with_context(|| format!("{command:?} cannot be started"))?;
    ensure!(ended.success(), "{command:?} failed: {ended}");
    Ok(())
}

/// The version of a package that a peer's pins name.
pub(crate) fn version(peer: &str, package: &str) -> Result<String> {
    let pins = pins(peer);
    let found = if pins.join("package.json").exists() {
        let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(pins.join("package.json"))?)?;
        manifest["dependencies"][package].as_str().map(str::to_owned)
    } else {
        let requirements = std::fs::read_to_string(pins.join("requirements.txt"))?;
        let named = |line: &str| Some(line.strip_prefix(package)?.strip_prefix("==")?.to_owned());
        requirements.lines().find_map(named)
    };
    found.with_context(|| format!("{package} is not pinned"))
}
