//! What has been separated: files that no row names, and rows whose file is gone. Only looked at; files are swept by
//! [`Files::sweep`](super::files::Files::sweep).

use std::collections::HashSet;
use std::path::Path;

use ledger::rusqlite::{Connection, OpenFlags};

use super::error::Error;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orphans {
    pub strays: usize,
    pub lost: usize,
}

/// Of a store that nobody serves.
pub fn orphans(data_dir: &Path) -> Result<Orphans, Error> {
    let connection =
        Connection::open_with_flags(data_dir.join("objects.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = connection.prepare("SELECT file FROM segments UNION SELECT file FROM parts")?;
    let named: HashSet<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let folder = |error| Error::file("objects", error);
    let mut there = HashSet::new();
    for entry in std::fs::read_dir(data_dir.join("objects")).map_err(folder)? {
        let entry = entry.map_err(folder)?;
        if entry.file_type().map_err(folder)?.is_file() {
            there.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(Orphans { strays: there.difference(&named).count(), lost: named.difference(&there).count() })
}
