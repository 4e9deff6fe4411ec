//! One moment of a data folder that is being served.
//!
//! A server writes several databases, one after the other, and a copy of each in turn would be a state that never was: a
//! session that waits for an execution that is over. So every database is locked against writing, which SQLite lets
//! another process do, a reader of each is given its snapshot, every file that a row names is given a second name, and
//! the locks are let go. Writers wait meanwhile, some milliseconds, far less than their patience; and whatever the
//! server deletes later is still there under its second name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ledger::rusqlite::{Connection, OpenFlags};

use super::{Error, OBJECTS};
use crate::data_folder::emptied;
use crate::lock;

/// How long a writer of the server may keep us waiting.
const PATIENCE: Duration = Duration::from_secs(10);

/// The folder, within the data folder, that holds the second names. Only one backup at a time has it.
const FOLDER: &str = "backup";

pub(super) struct Moment {
    pub(super) databases: Vec<Database>,
    /// Names of the object store's files.
    pub(super) objects: Vec<String>,
    /// Files that a row names and that are not there.
    pub(super) missing: usize,
    /// Where the files have their second names, and copies of databases are made.
    pub(super) folder: PathBuf,
    _lock: fs::File,
}

/// A database, read as it stood at the moment.
pub(super) struct Database {
    pub(super) name: String,
    pub(super) reader: Connection,
}

impl Moment {
    pub(super) fn take(data: &Path) -> Result<Self, Error> {
        let names = databases(data)?;
        if names.is_empty() {
            return Err(Error::Nothing(data.to_owned()));
        }
        let lock_path = data.join("backup.lock");
        let lock = lock::take(&lock_path).map_err(Error::file(&lock_path))?;
        let lock = lock.ok_or_else(|| Error::Busy(data.to_owned()))?;
        let folder = data.join(FOLDER);
        let folder = emptied(folder.clone()).map_err(Error::file(&folder))?;
        let mut moment = Self { databases: Vec::new(), objects: Vec::new(), missing: 0, folder, _lock: lock };
        let held = names.iter().map(|name| hold(data, name)).collect::<Result<Vec<_>, _>>()?;
        for name in names {
            let reader = snapshot(data, &name)?;
            moment.databases.push(Database { name, reader });
        }
        moment.name_again(&data.join(OBJECTS))?;
        drop(held);
        Ok(moment)
    }

    /// Gives each file that a row names a second name.
    fn name_again(&mut self, objects: &Path) -> Result<(), Error> {
        let Some(database) = self.databases.iter().find(|database| database.name == "objects.db") else {
            return Ok(());
        };
        for name in named(&database.reader).map_err(Error::database("objects.db"))? {
            let second = self.folder.join(&name);
            match fs::hard_link(objects.join(&name), &second) {
                Ok(()) => self.objects.push(name),
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.missing += 1,
                Err(error) => return Err(Error::file(&second)(error)),
            }
        }
        Ok(())
    }
}

impl Drop for Moment {
    fn drop(&mut self) {
        // What is left of it, the next backup removes.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The names of the files that objects and parts of uploads lie in.
pub(super) fn named(objects: &Connection) -> Result<Vec<String>, ledger::rusqlite::Error> {
    let mut statement = objects.prepare("SELECT file FROM segments UNION ALL SELECT file FROM parts")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

fn databases(data: &Path) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for entry in fs::read_dir(data).map_err(Error::file(data))? {
        let name = entry.map_err(Error::file(data))?.file_name();
        names.extend(name.into_string().ok().filter(|name| name.ends_with(".db")));
    }
    names.sort();
    Ok(names)
}

/// Keeps everybody from writing, until it is dropped.
fn hold(data: &Path, name: &str) -> Result<Connection, Error> {
    begun(data, name, OpenFlags::SQLITE_OPEN_READ_WRITE, "BEGIN IMMEDIATE").map_err(Error::database(name))
}

fn snapshot(data: &Path, name: &str) -> Result<Connection, Error> {
    let snapshot = || {
        let connection = begun(data, name, OpenFlags::SQLITE_OPEN_READ_ONLY, "BEGIN")?;
        // The snapshot is that of the first read.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_row| Ok(()))?;
        Ok(connection)
    };
    snapshot().map_err(Error::database(name))
}

/// A connection of its own, with a transaction that ends when it is dropped.
fn begun(
    data: &Path,
    name: &str,
    flags: OpenFlags,
    begin: &str,
) -> Result<Connection, ledger::rusqlite::Error> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(data.join(name), flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch(begin)?;
    Ok(connection)
}
