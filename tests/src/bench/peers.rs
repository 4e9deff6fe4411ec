//! The peers of the benches: by which pins each is installed, and where. They stay from one bench to the next.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::kept;
use crate::packages;

/// The folder with a peer's pins and whatever of ours runs in it.
pub fn pins(peer: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers").join(peer)
}

/// A folder with the peer's `node_modules`.
pub fn npm(peer: &str) -> Result<PathBuf> {
    let folder = installed(peer)?;
    packages::npm(&pins(peer), &folder)?;
    Ok(folder)
}

/// A folder with the peer's virtual environment.
pub fn pip(peer: &str) -> Result<PathBuf> {
    let folder = installed(peer)?;
    packages::pip(&pins(peer), &folder)?;
    Ok(folder)
}

fn installed(peer: &str) -> Result<PathBuf> {
    Ok(kept()?.join("peers").join(peer))
}

/// The version of a package that a peer's pins name.
pub fn version(peer: &str, package: &str) -> Result<String> {
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
