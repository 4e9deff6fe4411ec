//! A source as a file that another program can open.

use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use media::film::Range;
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
    let all = Range { offset: 0, length: source.len() };
    Ok(AsFile::Copied(copy(source, &[all], scratch).await?))
}

/// These parts of `source` in a file of its length in the folder `scratch`. Elsewhere there is nothing in it, not even room
/// that is taken.
pub(crate) async fn parts_as_file(
    source: &impl AsyncSource,
    parts: &[Range],
    scratch: &Path,
) -> Result<AsFile, Trouble> {
    Ok(AsFile::Copied(copy(source, parts, scratch).await?))
}

async fn copy(source: &impl AsyncSource, parts: &[Range], scratch: &Path) -> Result<NamedTempFile, Trouble> {
    let (folder, length) = (scratch.to_owned(), source.len());
    let made = blocking(move || {
        let file = tempfile::Builder::new().prefix("lockgate-").tempfile_in(folder)?;
        let handle = file.reopen()?;
        handle.set_len(length)?;
        Ok((file, Arc::new(handle)))
    });
    let (file, handle) = made.await.map_err(Trouble::Scratch)?;
    for part in parts {
        let (mut offset, end) = (part.offset, part.end().min(length));
        while offset < end {
            let portion = PORTION.min(usize::try_from(end - offset).unwrap_or(PORTION));
            let bytes = source.read_at(offset, portion).await.map_err(Trouble::Source)?;
            if bytes.is_empty() {
                return Err(Trouble::Source(io::ErrorKind::UnexpectedEof.into()));
            }
            let (at, handle) = (offset, Arc::clone(&handle));
            offset += bytes.len() as u64;
            blocking(move || handle.write_all_at(&bytes, at)).await.map_err(Trouble::Scratch)?;
        }
    }
    Ok(file)
}
