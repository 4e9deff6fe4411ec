//! A source as a file that another program can open.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::child::files::blocking;
use crate::child::{AsyncSource, Failure};

/// How much of a source is fetched at a time.
const PORTION: usize = 1 << 20;

/// The file; one of ours is deleted when this is dropped.
pub(crate) enum AsFile {
    There(PathBuf),
    Copied(NamedTempFile),
}

impl AsFile {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::There(path) => path,
            Self::Copied(file) => file.path(),
        }
    }
}

/// Why a source is not to be had as a file.
#[derive(Debug)]
pub(crate) enum Trouble {
    Source(io::Error),
    Scratch(io::Error),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Source(error) => Self::Source(error),
            Trouble::Scratch(error) => Self::Sink(error),
        }
    }
}

/// Where `source` lies, or a copy of it in the folder `scratch`.
pub(crate) async fn as_file(source: &impl AsyncSource, scratch: &Path) -> Result<AsFile, Trouble> {
    if let Some(path) = source.path() {
        let path = tokio::fs::canonicalize(path).await.map_err(Trouble::Source)?;
        return Ok(AsFile::There(path));
    }
    let folder = scratch.to_owned();
    let made = blocking(move || {
        let file = tempfile::Builder::new().prefix("lockgate-").tempfile_in(folder)?;
        let handle = file.reopen()?;
        Ok((file, handle))
    });
    let (file, mut handle) = made.await.map_err(Trouble::Scratch)?;
    let mut offset = 0;
    while offset < source.len() {
        let bytes = source.read_at(offset, PORTION).await.map_err(Trouble::Source)?;
        if bytes.is_empty() {
            return Err(Trouble::Source(io::ErrorKind::UnexpectedEof.into()));
        }
        offset += bytes.len() as u64;
        let written = blocking(move || {
            io::Write::write_all(&mut handle, &bytes)?;
            Ok(handle)
        });
        handle = written.await.map_err(Trouble::Scratch)?;
    }
    Ok(AsFile::Copied(file))
}
