//! A backup of a data folder, taken while it is being served, and put back.
//!
//! It is one tar: a copy of each database as all of them stood at the same [`moment`], the files that their rows name, the
//! keys and the configuration, and at its end the list of all of it with a SHA-256 each – so that a backup that was cut off
//! is no backup ([`archive`]). [`restore`] checks every byte before the folder is anybody's.
//!
//! What is left out is what a start makes anew: the lock, the scratch folder, and files that no row names.

mod archive;
mod moment;
mod restore;

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use archive::write;
pub use restore::restore;

use ledger::rusqlite;

/// What this program writes; it reads no other.
const FORMAT: u32 = 1;

/// The last entry of a backup.
const LIST: &str = "backup.json";

/// Where the object store keeps its files, within a data folder.
const OBJECTS: &str = "objects";

/// What is in a backup: its last entry.
#[derive(Debug, Serialize, Deserialize)]
struct List {
    format: u32,
    /// The version of the program that wrote it.
    program: String,
    entries: Vec<Entry>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    path: String,
    bytes: u64,
    sha256: String,
}

/// What was written or put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    pub databases: usize,
    pub objects: usize,
    pub bytes: u64,
    /// Files that a row names and that are not there.
    pub missing: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is nothing to back up in {0}")]
    Nothing(PathBuf),
    #[error("another backup of {0} is being made")]
    Busy(PathBuf),
    #[error("{0} holds something already; a backup is put back into a folder that is empty or not there yet")]
    NotEmpty(PathBuf),
    #[error("it is no backup of Lockgate, or one that was cut off")]
    NotABackup,
    #[error("it has format {0}, which this version does not read")]
    Format(u32),
    #[error("it is damaged: {0} is not what was backed up")]
    Damaged(String),
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("{name}: {source}")]
    Database { name: String, source: rusqlite::Error },
    #[error("the backup cannot be written: {0}")]
    Writing(#[source] io::Error),
    #[error("the backup cannot be read: {0}")]
    Reading(#[source] io::Error),
}

impl Error {
    fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |source| Self::File { path: path.to_owned(), source }
    }

    fn database(name: &str) -> impl FnOnce(rusqlite::Error) -> Self {
        |source| Self::Database { name: name.to_owned(), source }
    }
}
