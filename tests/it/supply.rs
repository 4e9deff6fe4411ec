//! What the project is made of: every crate comes from the registry, by its checksum and under a licence that `deny.toml`
//! allows; every package of Node by the hash of its archive. What should not come in is planted, too, and found.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::generated::root;

/// Where `serde` comes from, as all others do.
fn registry(lock: &toml::Table) -> Option<&str> {
    let serde = lock["package"].as_array()?.iter().find(|found| found["name"].as_str() == Some("serde"))?;
    serde["source"].as_str().filter(|source| source.starts_with("registry+https://"))
}

/// The crates of a lock file that are neither ours nor the registry's, or have no checksum.
fn strangers(lock: &str) -> Result<Vec<String>> {
    let lock: toml::Table = lock.parse()?;
    let registry = registry(&lock).context("serde comes from a registry")?;
    let crates = lock["package"].as_array().context("a lock file lists its packages")?;
    let is_strange = |found: &&toml::Value| {
        let source = found.get("source").and_then(toml::Value::as_str);
        source.is_some_and(|source| source != registry || found.get("checksum").is_none())
    };
    Ok(crates.iter().filter(is_strange).map(|found| found["name"].to_string()).collect())
}

#[test]
fn every_crate_comes_from_the_registry_by_its_checksum() -> Result<()> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock"))?;
    ensure!(strangers(&lock)? == Vec::<String>::new());
    let parsed = lock.parse()?;
    let registry = registry(&parsed).context("serde comes from a registry")?;
    for planted in [
        "source = \"git+https://example.org/left-pad#0123\"".to_owned(),
        "source = \"registry+https://example.org/index\"\nchecksum = \"00\"".to_owned(),
        format!("source = \"{registry}\""),
    ] {
        let planted = format!("{lock}\n[[package]]\nname = \"left-pad\"\nversion = \"1.0.0\"\n{planted}\n");
        ensure!(strangers(&planted)? == ["\"left-pad\""], "{planted}");
    }
    Ok(())
}

/// Reads an expression such as `MIT OR (Apache-2.0 WITH LLVM-exception AND ISC)`, and says whether it can be met.
struct Expression<'a> {
    words: std::iter::Peekable<std::vec::IntoIter<String>>,
    allowed: &'a [&'a str],
}

impl<'a> Expression<'a> {
    fn is_met(text: &str, allowed: &'a [&'a str]) -> bool {
        let spaced = text.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
        let words: Vec<String> = spaced.split_whitespace().map(str::to_owned).collect();
        let mut expression = Self { words: words.into_iter().peekable(), allowed };
        expression.any() && expression.words.next().is_none()
    }

    fn any(&mut self) -> bool {
        let mut met = self.all();
        while self.words.next_if_eq("OR").is_some() {
            met |= self.all();
        }
        met
    }

    fn all(&mut self) -> bool {
        let mut met = self.one();
        while self.words.next_if_eq("AND").is_some() {
            met &= self.one();
        }
        met
    }

    fn one(&mut self) -> bool {
        let Some(mut word) = self.words.next() else { return false };
        if word == "(" {
            let met = self.any();
            return self.words.next_if_eq(")").is_some() && met;
        }
        if self.words.next_if_eq("WITH").is_some() {
            word = format!("{word} WITH {}", self.words.next().unwrap_or_default());
        }
        self.allowed.contains(&word.as_str())
    }
}

#[test]
fn every_crate_has_a_licence_that_is_allowed() -> Result<()> {
    let deny: toml::Table = std::fs::read_to_string(root().join("deny.toml"))?.parse()?;
    let allowed = deny["licenses"]["allow"].as_array().context("a list")?;
    let allowed: Vec<&str> = allowed.iter().filter_map(toml::Value::as_str).collect();
    for (text, met) in
        [("MIT/GPL-3.0", true), ("MIT AND GPL-3.0", false), ("(GPL-3.0 OR ISC) AND MIT", true), ("", false)]
    {
        ensure!(Expression::is_met(text, &allowed) == met, "{text}");
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Crates of other systems need not be here.
    let here = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    cargo.args(["metadata", "--locked", "--format-version", "1", "--filter-platform", &here]);
    cargo.current_dir(root());
    let asked = cargo.output()?;
    ensure!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let metadata: Value = serde_json::from_slice(&asked.stdout)?;
    let crates = metadata["packages"].as_array().context("packages")?;
    let not_allowed: Vec<String> = crates
        .iter()
        .filter(|found| !Expression::is_met(found["license"].as_str().unwrap_or_default(), &allowed))
        .map(|found| format!("{} is under {}", found["name"], found["license"]))
        .collect();
    ensure!(crates.len() > 100 && not_allowed.is_empty(), "{not_allowed:#?}");
    Ok(())
}

#[test]
fn every_package_of_node_is_known_by_its_hash() -> Result<()> {
    for folder in ["web", "infra"] {
        let lock = std::fs::read_to_string(root().join(folder).join("package-lock.json"))?;
        let lock: Value = serde_json::from_str(&lock)?;
        let packages = lock["packages"].as_object().context("packages")?;
        let installed = packages.iter().filter(|(path, _)| !path.is_empty());
        let unknown: Vec<_> = installed
            .filter(|(_, found)| !found["integrity"].as_str().is_some_and(|hash| hash.starts_with("sha512-")))
            .filter(|(_, found)| found["inBundle"] != true)
            .map(|(path, _)| path)
            .collect();
        ensure!(packages.len() > 10 && unknown.is_empty(), "{folder}: {unknown:?}");
    }
    Ok(())
}
