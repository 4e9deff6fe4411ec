//! Putting a backup back.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path};

use ledger::rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};
use tar::Archive;

use super::moment::named;
use super::{Entry, Error, FORMAT, LIST, List, OBJECTS, Tally};
use crate::data_folder::Held;

/// Puts a backup into a folder that is empty or not there yet. When it fails, the folder is as empty as before.
pub fn restore(backup: impl Read, data: &Path) -> Result<Tally, Error> {
    let is_empty = match fs::read_dir(data) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(Error::file(data)(error)),
    };
    if !is_empty {
        return Err(Error::NotEmpty(data.to_owned()));
    }
    fs::create_dir_all(data.join(OBJECTS)).map_err(Error::file(data))?;
    let held = Held::take(data).map_err(|_| Error::NotEmpty(data.to_owned()))?;
    let restored = put_back(backup, data);
    if restored.is_err() {
        clear(data);
    }
    drop(held);
    restored
}

fn put_back(backup: impl Read, data: &Path) -> Result<Tally, Error> {
    let mut found = HashMap::new();
    let mut list = None;
    let mut archive = Archive::new(backup);
    for entry in archive.entries().map_err(Error::Reading)? {
        let mut entry = entry.map_err(|_| Error::NotABackup)?;
        let path = entry.path().ok().and_then(|path| plain(&path)).ok_or(Error::NotABackup)?;
        if list.is_some() || !entry.header().entry_type().is_file() {
            return Err(Error::NotABackup);
        }
        if path == LIST {
            let mut text = Vec::new();
            entry.read_to_end(&mut text).map_err(Error::Reading)?;
            list = Some(serde_json::from_slice::<List>(&text).map_err(|_| Error::NotABackup)?);
        } else {
            let sum = unpack(&mut entry, &data.join(&path))?;
            found.insert(path, sum);
        }
    }
    let list = list.ok_or(Error::NotABackup)?;
    check(&list, found)?;
    for folder in [&data.join(OBJECTS), data] {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::file(folder))?;
    }
    look(&list, data)
}

/// `name` or `objects/name`, as this program writes them; nothing that leads elsewhere.
fn plain(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    let names = path.components().map(|component| match component {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    let names = names.collect::<Option<Vec<_>>>()?;
    let is_ours = match *names.as_slice() {
        [name] => name != "lock" && name != OBJECTS,
        [OBJECTS, name] => name.bytes().all(|byte| byte.is_ascii_hexdigit()),
        _ => false,
    };
    (is_ours && names.join("/") == text).then(|| text.to_owned())
}

/// Writes a file, durably, and answers its length and SHA-256.
fn unpack(entry: &mut impl Read, path: &Path) -> Result<(u64, String), Error> {
    let create = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = create.map_err(Error::file(path))?;
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        let read = entry.read(&mut buffer).map_err(Error::Reading)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        file.write_all(&buffer[..read]).map_err(Error::file(path))?;
        bytes += read as u64;
    }
    file.sync_all().map_err(Error::file(path))?;
    Ok((bytes, hex::encode(hash.finalize())))
}

/// Whether what came is what the list says, all of it and nothing else.
fn check(list: &List, mut found: HashMap<String, (u64, String)>) -> Result<(), Error> {
    if list.format != FORMAT {
        return Err(Error::Format(list.format));
    }
    for Entry { path, bytes, sha256 } in &list.entries {
        if found.remove(path).is_none_or(|(came, sum)| came != *bytes || sum != *sha256) {
            return Err(Error::Damaged(path.clone()));
        }
    }
    found.into_keys().next().map_or(Ok(()), |stranger| Err(Error::Damaged(stranger)))
}

/// Has SQLite look at each database, and counts what was put back.
fn look(list: &List, data: &Path) -> Result<Tally, Error> {
    let mut tally = Tally { databases: 0, objects: 0, bytes: 0, missing: 0 };
    for Entry { path, bytes, .. } in &list.entries {
        tally.bytes += bytes;
        if path.starts_with(OBJECTS) && path.contains('/') {
            tally.objects += 1;
        } else if path.ends_with(".db") {
            tally.databases += 1;
            let database = sound(data, path).map_err(Error::database(path))?;
            let database = database.ok_or_else(|| Error::Damaged(path.clone()))?;
            if path == "objects.db" {
                let names = named(&database).map_err(Error::database(path))?;
                let gone = |name: &&String| !data.join(OBJECTS).join(name).exists();
                tally.missing = names.iter().filter(gone).count();
            }
        }
    }
    Ok(tally)
}

fn sound(data: &Path, name: &str) -> Result<Option<Connection>, ledger::rusqlite::Error> {
    let database = Connection::open_with_flags(data.join(name), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let says: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    Ok((says == "ok").then_some(database))
}

/// Everything but the folder itself, which may have been there before.
fn clear(data: &Path) {
    for entry in fs::read_dir(data).into_iter().flatten().flatten() {
        let path = entry.path();
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        if let Err(error) = removed {
            tracing::warn!(path = %path.display(), %error, "what was put back so far could not be removed");
        }
    }
}
