//! Files that are read, and results that appear under their name at once or not at all.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Failure;
use super::screen::shown;

/// What can be wrong with a file of this machine.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("{} cannot be read: {source}", shown(.path))]
    Read { path: PathBuf, source: io::Error },
    #[error("{} cannot be written: {source}", shown(.path))]
    Write { path: PathBuf, source: io::Error },
    #[error("{} is not a file", shown(.0))]
    NotAFile(PathBuf),
    #[error("{} is already there; say --force to replace it", shown(.0))]
    Exists(PathBuf),
    #[error("the result would replace {} itself; say --output", shown(.0))]
    Itself(PathBuf),
    #[error("{} was just made of another FILE", shown(.0))]
    Taken(PathBuf),
}

impl Trouble {
    pub(super) fn reading(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |source| Self::Read { path: path.to_owned(), source }
    }

    pub(super) fn writing(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |source| Self::Write { path: path.to_owned(), source }
    }

    /// Its name in JSON.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Read { .. } => "cannot-read",
            Self::Write { .. } => "cannot-write",
            Self::NotAFile(_) => "not-a-file",
            Self::Exists(_) | Self::Itself(_) | Self::Taken(_) => "target-exists",
        }
    }
}

/// How long `path` is, which must be a file: a pipe or a device has no length, and opening one may wait for ever.
pub(super) fn length(path: &Path) -> Result<u64, Trouble> {
    let metadata = std::fs::metadata(path).map_err(Trouble::reading(path))?;
    if metadata.is_file() { Ok(metadata.len()) } else { Err(Trouble::NotAFile(path.to_owned())) }
}

/// Where results go.
pub(super) enum Place<'a> {
    Beside,
    Folder(&'a Path),
    Exactly(&'a Path),
}

impl<'a> Place<'a> {
    /// What `--output` says, for the results of so many files.
    pub(super) fn settle(output: Option<&'a Path>, files: usize) -> Result<Self, Failure> {
        let Some(output) = output else { return Ok(Self::Beside) };
        if output.as_os_str().as_encoded_bytes().ends_with(b"/") {
            std::fs::create_dir_all(output).map_err(Trouble::writing(output))?;
        }
        if output.is_dir() {
            Ok(Self::Folder(output))
        } else if files > 1 {
            Err(Failure::Usage("several FILEs need a folder as --output; NAME/ makes one".to_owned()))
        } else {
            Ok(Self::Exactly(output))
        }
    }

    /// Where the result goes that would lie at `beside` if nothing else were said.
    pub(super) fn of(&self, beside: &Path) -> PathBuf {
        match self {
            Self::Beside => beside.to_owned(),
            Self::Folder(folder) => folder.join(beside.file_name().unwrap_or_default()),
            Self::Exactly(path) => (*path).to_owned(),
        }
    }
}

/// Whether a result may take this name, as far as can be said beforehand.
pub(super) fn must_be_free(target: &Path, force: bool) -> Result<(), Trouble> {
    if target.is_dir() {
        return Err(Trouble::NotAFile(target.to_owned()));
    }
    if !force && target.symlink_metadata().is_ok() {
        return Err(Trouble::Exists(target.to_owned()));
    }
    Ok(())
}

/// A result on its way: written beside its place under a name of its own, and gone again unless it lands.
pub(super) struct Landing {
    part: NamedTempFile<File>,
    target: PathBuf,
    force: bool,
}

impl Landing {
    pub(super) fn begin(target: &Path, force: bool) -> Result<Self, Trouble> {
        must_be_free(target, force)?;
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let part = tempfile::Builder::new()
            .prefix(".lockgate-")
            .suffix(".part")
            .make_in(folder.unwrap_or_else(|| Path::new(".")), |path| {
                OpenOptions::new().read(true).write(true).create_new(true).open(path)
            })
            .map_err(Trouble::writing(target))?;
        Ok(Self { part, target: target.to_owned(), force })
    }

    /// Where it is until it lands.
    pub(super) fn part(&self) -> &Path {
        self.part.path()
    }

    pub(super) fn file(&self) -> Result<File, Trouble> {
        self.part.as_file().try_clone().map_err(Trouble::writing(&self.target))
    }

    /// Gives it its name. What came to stand there in the meantime stays, unless `force` was said.
    pub(super) fn land(self) -> Result<(), Trouble> {
        let Self { part, target, force } = self;
        let landed = if force { part.persist(&target) } else { part.persist_noclobber(&target) };
        match landed {
            Ok(_) => Ok(()),
            Err(refused) if !force && refused.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Trouble::Exists(target))
            }
            Err(refused) => Err(Trouble::Write { path: target, source: refused.error }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_to_stand_there_in_the_meantime_stays() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.flac");
        let (first, second) =
            (Landing::begin(&target, false).unwrap(), Landing::begin(&target, false).unwrap());
        assert_ne!(first.part(), second.part());
        std::fs::write(first.part(), "first").unwrap();
        first.land().unwrap();
        assert!(matches!(second.land(), Err(Trouble::Exists(_))));
        assert_eq!(std::fs::read(&target).unwrap(), b"first");
        Landing::begin(&target, true).unwrap().land().unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
