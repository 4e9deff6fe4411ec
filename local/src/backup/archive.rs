//! Writing a backup.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use ledger::rusqlite::Connection;
use ledger::rusqlite::backup::Backup;
use sha2::{Digest, Sha256};
use tar::{Builder, Header};

use super::moment::{Database, Moment};
use super::{Entry, Error, FORMAT, LIST, List, OBJECTS, Tally};

/// Writes a backup of the data folder, which may be served meanwhile.
pub fn write(data: &Path, out: impl Write) -> Result<Tally, Error> {
    let moment = Moment::take(data)?;
    let mut archive = Archive { tar: Builder::new(out), entries: Vec::new() };
    for database in &moment.databases {
        archive.add_database(database, &moment.folder)?;
    }
    for name in plain_files(data)? {
        archive.add(&name, &data.join(&name))?;
    }
    for name in &moment.objects {
        archive.add(&format!("{OBJECTS}/{name}"), &moment.folder.join(name))?;
    }
    let tally = Tally {
        databases: moment.databases.len(),
        objects: moment.objects.len(),
        bytes: archive.entries.iter().map(|entry| entry.bytes).sum(),
        missing: moment.missing,
    };
    archive.finish()?;
    Ok(tally)
}

struct Archive<W: Write> {
    tar: Builder<W>,
    entries: Vec<Entry>,
}

impl<W: Write> Archive<W> {
    fn add_database(&mut self, database: &Database, folder: &Path) -> Result<(), Error> {
        let copy = folder.join(&database.name);
        copy_of(&database.reader, &copy).map_err(Error::database(&database.name))?;
        self.add(&database.name, &copy)?;
        fs::remove_file(&copy).map_err(Error::file(&copy))
    }

    fn add(&mut self, name: &str, path: &Path) -> Result<(), Error> {
        let file = File::open(path).map_err(Error::file(path))?;
        let bytes = file.metadata().map_err(Error::file(path))?.len();
        let mut counted = Summed { file: file.take(bytes), hash: Sha256::new() };
        self.tar.append_data(&mut header(bytes), name, &mut counted).map_err(Error::Writing)?;
        let sha256 = hex::encode(counted.hash.finalize());
        self.entries.push(Entry { path: name.to_owned(), bytes, sha256 });
        Ok(())
    }

    fn finish(mut self) -> Result<(), Error> {
        let program = env!("CARGO_PKG_VERSION").to_owned();
        let list = List { format: FORMAT, program, entries: self.entries };
        let text = serde_json::to_vec(&list).expect("a list is plain data");
        let mut header = header(text.len() as u64);
        self.tar.append_data(&mut header, LIST, text.as_slice()).map_err(Error::Writing)?;
        self.tar.into_inner().and_then(|mut out| out.flush()).map_err(Error::Writing)
    }
}

/// Of a file that is its owner's alone; when it was made does not matter.
fn header(bytes: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header
}

/// Copies a database as its reader sees it.
fn copy_of(reader: &Connection, path: &Path) -> Result<(), ledger::rusqlite::Error> {
    const PAGES_AT_ONCE: std::ffi::c_int = 4096;
    let mut copy = Connection::open(path)?;
    // Nobody needs a copy that was not finished.
    copy.execute_batch("PRAGMA synchronous = OFF")?;
    let backup = Backup::new(reader, &mut copy)?;
    backup.run_to_completion(PAGES_AT_ONCE, std::time::Duration::ZERO, None)
}

/// Keys, configuration, and whatever else lies beside the databases.
fn plain_files(data: &Path) -> Result<Vec<String>, Error> {
    let is_ours = |name: &str| {
        let of_databases = [".db", ".db-wal", ".db-shm"].iter().any(|ending| name.ends_with(ending));
        !of_databases && !["lock", "backup.lock", LIST].contains(&name)
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(data).map_err(Error::file(data))? {
        let entry = entry.map_err(Error::file(data))?;
        let is_file = entry.file_type().map_err(Error::file(data))?.is_file();
        names.extend(entry.file_name().into_string().ok().filter(|name| is_file && is_ours(name)));
    }
    names.sort();
    Ok(names)
}

struct Summed {
    file: io::Take<File>,
    hash: Sha256,
}

impl Read for Summed {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(bytes)?;
        self.hash.update(&bytes[..read]);
        Ok(read)
    }
}
