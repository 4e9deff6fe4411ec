//! The folder that holds everything: one server at a time, the keys of its object store, and the key of its tokens.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use activities::clock::random_secret;
use serde::{Deserialize, Serialize};

use crate::lock;

/// The folder, held by this process until it is dropped.
pub struct DataFolder {
    pub path: PathBuf,
    pub keys: Keys,
    /// Signs access tokens. Who takes it away signs everybody out.
    pub token_key: Vec<u8>,
    _held: Held,
}

/// A folder that no other process may write in while this is held.
pub struct Held {
    _lock: File,
}

/// The object store's own key pair. It never leaves the server but inside signatures.
#[derive(Clone, Serialize, Deserialize)]
pub struct Keys {
    pub access: String,
    pub secret: String,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("another Lockgate already serves {0}")]
    Held(PathBuf),
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{0} is damaged; put it back from a backup, or remove it to make new keys")]
    DamagedKeys(PathBuf),
}

impl DataFolder {
    /// Makes the folder if need be, and takes hold of it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let held = Held::take(path)?;
        let keys = keys(path)?;
        let token_key = token_key(&path.join("token.key"))?;
        Ok(Self { path: path.to_owned(), keys, token_key, _held: held })
    }

    /// An empty folder for files that live no longer than the work they are for. What a killed server left is gone.
    pub fn scratch(&self) -> std::io::Result<PathBuf> {
        emptied(self.path.join("scratch"))
    }
}

/// An empty folder at `path`, of the server's user only; whatever was there is gone.
pub(crate) fn emptied(path: PathBuf) -> std::io::Result<PathBuf> {
    match std::fs::remove_dir_all(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => std::fs::DirBuilder::new().mode(0o700).create(&path)?,
    }
    Ok(path)
}

impl Held {
    /// Makes the folder if need be, and takes hold of it.
    pub fn take(path: &Path) -> Result<Self, Error> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Io { path, source }
        };
        std::fs::create_dir_all(path).map_err(io(path))?;
        let lock_path = path.join("lock");
        let lock = lock::take(&lock_path).map_err(io(&lock_path))?;
        lock.map(|lock| Self { _lock: lock }).ok_or_else(|| Error::Held(path.to_owned()))
    }
}

/// The object store's keys of the folder at `path`.
pub fn keys(path: &Path) -> Result<Keys, Error> {
    let path = &path.join("keys.json");
    let draw = || {
        let keys = Keys { access: "lockgate".to_owned(), secret: random_secret() };
        serde_json::to_string(&keys).expect("keys are plain data")
    };
    serde_json::from_str(&drawn(path, draw)?).map_err(|_| Error::DamagedKeys(path.to_owned()))
}

fn token_key(path: &Path) -> Result<Vec<u8>, Error> {
    const BYTES: usize = 32;
    let key = hex::decode(drawn(path, random_secret)?).ok().filter(|key| key.len() == BYTES);
    key.ok_or_else(|| Error::DamagedKeys(path.to_owned()))
}

/// Reads a secret, or draws it at the first start. Readable for the server's user only.
fn drawn(path: &Path, draw: impl FnOnce() -> String) -> Result<String, Error> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(io)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(io)?;
    if text.is_empty() {
        text = draw();
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_second_server_is_refused_and_the_keys_stay() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataFolder::open(folder.path()).unwrap();
        assert!(matches!(DataFolder::open(folder.path()), Err(Error::Held(_))));
        let secrets = (first.keys.secret.clone(), first.token_key.clone());
        drop(first);
        let second = DataFolder::open(folder.path()).unwrap();
        assert_eq!((second.keys.secret.clone(), second.token_key.clone()), secrets);
        for file in ["keys.json", "token.key"] {
            let mode = std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }

        std::fs::write(second.scratch().unwrap().join("left"), "by a server that was killed").unwrap();
        assert_eq!(std::fs::read_dir(second.scratch().unwrap()).unwrap().count(), 0);
    }
}
