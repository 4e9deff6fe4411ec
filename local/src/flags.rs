//! Flags in a file, `flags.toml` of the data folder. It is looked at whenever flags are asked for, and read again when it is
//! another one: so an editor is as good as a command. One that cannot be read changes nothing, and says so.

use std::fs::{File, Metadata};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use activities::ports::{Fault, Flags, StandingFlags, Written};
use async_trait::async_trait;
use service::audit::{self, Audit, Row};
use sha2::{Digest, Sha256};
use states::FlagSet;

pub const NAME: &str = "flags.toml";

/// What stands at the top of a file that was written here.
const HEAD: &str = "# What this server allows; docs: lockgate flag --help. Edit it at will, it is read again when it changes.\n\n";

pub struct FileFlags {
    path: PathBuf,
    read: Mutex<Read>,
}

/// What came of the last look.
#[derive(Default)]
struct Read {
    seen: Option<Seen>,
    standing: StandingFlags,
    /// Those that are written down in the audit log, or are by whoever has put them here.
    audited: Arc<FlagSet>,
}

/// What tells one file from another that took its place, or from itself after it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    File { inode: u64, size: u64, seconds: i64, nanoseconds: i64 },
}

impl FileFlags {
    pub fn open(folder: &Path) -> Self {
        Self { path: folder.join(NAME), read: Mutex::default() }
    }

    /// Writes down what came to stand in the file by an editor, for ever; nobody was asked who that was. The first row says
    /// what has stood there from the start on.
    pub async fn audit(&self, audit: &dyn Audit, every: Duration) {
        let mut timer = tokio::time::interval(every);
        loop {
            timer.tick().await;
            let (audited, stand) = {
                let read = self.look();
                (read.audited.clone(), read.standing.flags.clone())
            };
            let changes = audited.differences(&stand);
            if changes.is_empty() {
                continue;
            }
            let (what, result) = (NAME.to_owned(), "read".to_owned());
            let row = Row { what, subject: audit::told(&changes), result, ..Row::default() };
            match audit.record(row).await {
                Ok(()) => self.look().audited = stand,
                Err(fault) => {
                    tracing::warn!(%fault, "a change of the flags is not written down; tried again later");
                }
            }
        }
    }

    fn look(&self) -> MutexGuard<'_, Read> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = std::fs::metadata(&self.path).map_or(Seen::Nothing, |metadata| Seen::of(&metadata));
        if read.seen != Some(seen) {
            read.seen = Some(seen);
            read.standing.take(parse_file(&self.path));
        }
        read
    }
}

impl Seen {
    fn of(file: &Metadata) -> Self {
        Self::File {
            inode: file.ino(),
            size: file.size(),
            seconds: file.mtime(),
            nanoseconds: file.mtime_nsec(),
        }
    }
}

/// The flags of a file and the revision they are; of no file, none.
pub fn parse_file(path: &Path) -> Result<(FlagSet, String), String> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(format!("{NAME}: {error}")),
    };
    let flags: FlagSet = toml::from_str(&text).map_err(|error| format!("{NAME}: {error}"))?;
    flags.check().map_err(|error| format!("{NAME}: {error}"))?;
    Ok((flags, hex::encode(&Sha256::digest(&text)[..8])))
}

/// The file as it is to be, under its name once it is whole.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let new = path.with_extension("toml.new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    ledger::crash_point!("flags.written");
    std::fs::rename(&new, path)?;
    ledger::crash_point!("flags.renamed");
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
        ledger::crash_point!("flags.folder.synced");
    }
    Ok(())
}

#[async_trait]
impl Flags for FileFlags {
    fn now(&self) -> StandingFlags {
        self.look().standing.clone()
    }

    async fn put(&self, flags: &FlagSet, stands: &str) -> Result<Written, Fault> {
        let unavailable = |why: String| Fault::Unavailable { what: "file of flags", why };
        let mut read = self.look();
        if read.standing.revision != stands {
            return Ok(Written::Refused);
        }
        let text = toml::to_string(flags).map_err(|error| unavailable(error.to_string()))?;
        replace(&self.path, &format!("{HEAD}{text}")).map_err(|error| match error.kind() {
            std::io::ErrorKind::StorageFull => Fault::Full,
            _ => unavailable(error.to_string()),
        })?;
        read.audited = Arc::new(flags.clone());
        read.seen = None; // looked at again by whoever asks next
        Ok(Written::Stored)
    }
}

#[cfg(test)]
mod tests {
    use states::Recipe;

    use super::*;

    #[tokio::test]
    async fn a_file_that_changes_is_read_again_and_one_that_is_broken_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let flags = FileFlags::open(folder.path());
        assert_eq!((&*flags.now().flags, flags.now().trouble), (&FlagSet::default(), None));
        std::fs::write(&path, "[recipes.flac]\non = false\nreason = 'Later.'").unwrap();
        assert_eq!(flags.now().flags.refuses(Recipe::Flac).as_deref(), Some("Later."));
        for broken in ["recipes = 3", "[recipes.flac]\noptions = { lvel = 1 }", "[maintenance]\non = 'yes'"] {
            std::fs::write(&path, broken).unwrap();
            let standing = flags.now();
            assert_eq!(standing.flags.refuses(Recipe::Flac).as_deref(), Some("Later."), "{broken}");
            assert!(standing.trouble.is_some_and(|trouble| trouble.contains(NAME)), "{broken}");
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!((&*flags.now().flags, flags.now().trouble), (&FlagSet::default(), None));
    }

    #[tokio::test]
    async fn what_is_put_is_read_again_as_it_was_and_only_over_what_was_read() {
        let folder = tempfile::tempdir().unwrap();
        let flags = FileFlags::open(folder.path());
        let wanted: FlagSet = serde_json::from_value(serde_json::json!({
            "maintenance": { "on": true, "reason": "New \"disks\".", "retry": 60 },
            "recipes": { "video": { "bytes": 5, "options": { "preset": "small" } }, "flac": { "on": false } },
            "users": { "everyone": { "concurrent": 2 }, "named": { "ada lovelace": { "sessions": 7 } } },
        }))
        .unwrap();
        let before = flags.now().revision;
        assert_eq!(flags.put(&wanted, &before).await.unwrap(), Written::Stored);
        assert_eq!(*flags.now().flags, wanted);
        assert_eq!(flags.put(&FlagSet::default(), &before).await.unwrap(), Written::Refused);
        assert_eq!(*FileFlags::open(folder.path()).now().flags, wanted);
    }
}
