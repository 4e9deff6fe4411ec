//! The folder of files: random names, written once, fsynced with their folder, never renamed.
//!
//! A file belongs to whoever holds it until a row names it. [`Hold`] is that belonging: a new file is held and doomed,
//! so that dropping the hold (a client that went away, a failed condition) removes it; once its row is committed it is
//! kept. Readers hold what they read, so that deleting an object in between removes its files after the last reader.
//! What a dead process left is removed by [`Files::sweep`]. Not here: which names the rows know.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::buffers::Buffers;
use super::error::Error;

/// What a sweep came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Swept {
    pub(super) removed: usize,
    pub(super) bytes_left: u64,
}

pub(super) struct Files {
    folder: PathBuf,
    held: Mutex<HashMap<String, Held>>,
    /// What they are read into.
    pub(super) buffers: Buffers,
}

/// How many hold a file, and whether it goes when the last of them does.
struct Held {
    holders: usize,
    doomed: bool,
}

impl Files {
    pub(super) fn open(folder: &Path) -> Result<Arc<Self>, Error> {
        std::fs::create_dir_all(folder).map_err(|error| Error::file("objects", error))?;
        let held = Mutex::new(HashMap::new());
        Ok(Arc::new(Self { folder: folder.to_owned(), held, buffers: Buffers::default() }))
    }

    /// A new empty file with a random name, held and doomed.
    pub(super) fn create(self: &Arc<Self>) -> Result<(File, Hold), Error> {
        let name = uuid::Uuid::new_v4().simple().to_string();
        let hold = self.hold(&name);
        self.doom(&name);
        ledger::crash_point!("objects.file.create");
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.path(&name))
            .map_err(|error| Error::file(&name, error))?;
        Ok((file, hold))
    }

    /// Makes the file and its name survive a power cut.
    pub(super) fn sync(&self, file: &File, name: &str) -> Result<(), Error> {
        file.sync_all().map_err(|error| fsync_failed(name, error))?;
        ledger::crash_point!("objects.file.synced");
        let folder = File::open(&self.folder).map_err(|error| Error::file(name, error))?;
        folder.sync_all().map_err(|error| fsync_failed(name, error))?;
        ledger::crash_point!("objects.folder.synced");
        Ok(())
    }

    /// Opens a stored file, which must be a plain file of this length: never through a link somebody planted.
    pub(super) fn read(&self, name: &str, size: u64) -> Result<File, Error> {
        let nofollow =
            i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).expect("a flag of open fits its argument");
        let opened = OpenOptions::new().read(true).custom_flags(nofollow).open(self.path(name));
        let corrupt = |what| Error::Corrupt { name: name.to_owned(), what };
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(corrupt("it is gone")),
            Err(error) => return Err(Error::file(name, error)),
        };
        let metadata = file.metadata().map_err(|error| Error::file(name, error))?;
        if !metadata.is_file() || metadata.len() != size {
            return Err(corrupt("its length differs"));
        }
        Ok(file)
    }

    pub(super) fn hold(self: &Arc<Self>, name: &str) -> Hold {
        let mut held = self.held();
        held.entry(name.to_owned()).or_insert(Held { holders: 0, doomed: false }).holders += 1;
        Hold { files: self.clone(), name: name.to_owned() }
    }

    /// Removes files that no row names any more: now, or when the last reader is done.
    pub(super) fn discard<'a>(&self, names: impl IntoIterator<Item = &'a String>) {
        for name in names {
            if !self.doom(name) {
                self.remove(name);
            }
        }
    }

    /// Removes every file that nobody holds and `is_owned` does not know; answers how many, and how large the others are.
    ///
    /// Whether it is held is asked before whether a row names it: a writer lets go only after its row is committed.
    pub(super) fn sweep(&self, is_owned: impl Fn(&str) -> Result<bool, Error>) -> Result<Swept, Error> {
        let folder = |error| Error::file("objects", error);
        let mut swept = Swept::default();
        for entry in std::fs::read_dir(&self.folder).map_err(folder)? {
            let entry = entry.map_err(folder)?;
            let is_folder = entry.file_type().map_err(folder)?.is_dir();
            let name = entry.file_name();
            // A name that is not UTF-8 was never ours, and is removed like any other stranger.
            let ours = name.to_str();
            if is_folder {
                continue;
            }
            if ours.is_some_and(|name| self.held().contains_key(name)) || ours.map_or(Ok(false), &is_owned)? {
                swept.bytes_left += entry.metadata().map_or(0, |file| file.len()); // it may just have gone
                continue;
            }
            match std::fs::remove_file(entry.path()) {
                Ok(()) => swept.removed += 1,
                // Its last holder was quicker.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(folder(error)),
            }
            ledger::crash_point!("objects.file.swept");
        }
        Ok(swept)
    }

    /// Marks a held file; `false` when nobody holds it.
    fn doom(&self, name: &str) -> bool {
        self.held().get_mut(name).map(|held| held.doomed = true).is_some()
    }

    fn remove(&self, name: &str) {
        match std::fs::remove_file(self.path(name)) {
            Ok(()) => ledger::crash_point!("objects.file.removed"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(name, %error, "a file was not removed; the next sweep tries again"),
        }
    }

    /// The only place where a name becomes a path; names come from [`Files::create`] alone.
    fn path(&self, name: &str) -> PathBuf {
        debug_assert!(name.bytes().all(|byte| byte.is_ascii_hexdigit()), "not a name of ours: {name}");
        self.folder.join(name)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.held.lock().expect("nothing panics while it holds the map")
    }
}

/// After a failed fsync nobody knows what the disk holds, and the next fsync may lie. Only a restart may look.
fn fsync_failed(name: &str, error: io::Error) -> Error {
    match Error::file(name, error) {
        Error::Full => Error::Full,
        error => {
            tracing::error!(error = &error as &dyn std::error::Error, "an fsync failed; ending the process");
            std::process::abort();
        }
    }
}

/// The belonging of one file to whoever has this.
pub(super) struct Hold {
    files: Arc<Files>,
    name: String,
}

impl Hold {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The file stays when this is dropped. Called once a row names it.
    pub(super) fn keep(&self) {
        if let Some(held) = self.files.held().get_mut(&self.name) {
            held.doomed = false;
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = self.files.held();
        let Some(entry) = held.get_mut(&self.name) else { return };
        entry.holders -= 1;
        if entry.holders > 0 {
            return;
        }
        let doomed = entry.doomed;
        held.remove(&self.name);
        drop(held);
        if doomed {
            self.files.remove(&self.name);
        }
    }
}
