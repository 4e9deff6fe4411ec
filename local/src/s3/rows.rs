//! The rows: what the tables of [`super::schema`] hold, and every statement on objects and their segments.
//!
//! Functions here run inside one transaction of the ledger (or on a reader) and know nothing of files but their names.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::blocks::Blocks;
use super::error::Error;

/// An object that exists.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) version: String,
    /// Without quotes.
    pub(super) etag: String,
    pub(super) size: u64,
    pub(super) content_type: String,
    pub(super) headers: Headers,
    pub(super) modified: i64,
    pub(super) segments: Vec<Segment>,
}

/// One file of an object.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) file: String,
    pub(super) size: u64,
    pub(super) sha256: [u8; 32],
    pub(super) blocks: Blocks,
}

/// What a client gave with an object and gets back with it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Headers {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_disposition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_encoding: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_language: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) metadata: BTreeMap<String, String>,
}

/// What must hold of the key for a write to happen.
#[derive(Clone, Debug, Default)]
pub(super) struct Condition {
    /// `If-None-Match: *`
    pub(super) absent: bool,
    /// `If-Match`, without quotes; `*` for any.
    pub(super) matches: Option<String>,
}

impl Object {
    /// A checksum of all that is known of the object at this place.
    fn seal(&self, bucket: &str, key: &str) -> u32 {
        let mut seal = crc32fast::Hasher::new();
        let mut take = |bytes: &[u8]| {
            seal.update(&(bytes.len() as u64).to_be_bytes());
            seal.update(bytes);
        };
        for text in [bucket, key, &self.version, &self.etag, &self.content_type, &headers_text(&self.headers)]
        {
            take(text.as_bytes());
        }
        take(&self.size.to_be_bytes());
        take(&self.modified.to_be_bytes());
        for Segment { file, size, sha256, blocks } in &self.segments {
            take(file.as_bytes());
            take(&size.to_be_bytes());
            take(sha256);
            take(blocks.as_bytes());
        }
        seal.finalize()
    }

    /// The SHA-256 of all bytes, known when they are in one file.
    pub(super) fn sha256(&self) -> Option<&[u8; 32]> {
        match self.segments.as_slice() {
            [only] => Some(&only.sha256),
            _ => None,
        }
    }
}

impl Condition {
    pub(super) fn check(&self, connection: &Connection, bucket: &str, key: &str) -> Result<(), Error> {
        let standing: Option<String> = connection
            .prepare_cached("SELECT etag FROM objects WHERE bucket = ?1 AND key = ?2")?
            .query_row([bucket, key], |row| row.get(0))
            .optional()?;
        if self.absent && standing.is_some() {
            return Err(Error::Precondition("If-None-Match"));
        }
        match (&self.matches, standing) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(Error::NoSuchKey),
            (Some(wanted), Some(etag)) if wanted == "*" || *wanted == etag => Ok(()),
            (Some(_), Some(_)) => Err(Error::Precondition("If-Match")),
        }
    }
}

/// Answers whether objects created in the bucket make events.
pub(super) fn bucket(connection: &Connection, name: &str) -> Result<bool, Error> {
    connection
        .prepare_cached("SELECT notifies FROM buckets WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?
        .ok_or_else(|| Error::NoSuchBucket(name.to_owned()))
}

/// Puts the object in the key's place, with its event, if the condition holds. Answers the files of what stood there.
pub(super) fn put(
    connection: &Connection,
    (bucket_name, key): (&str, &str),
    object: &Object,
    condition: &Condition,
) -> Result<Vec<String>, Error> {
    let notifies = bucket(connection, bucket_name)?;
    condition.check(connection, bucket_name, key)?;
    let replaced = delete(connection, bucket_name, key)?;
    connection
        .prepare_cached(
            "INSERT INTO objects (bucket, key, version, etag, size, content_type, headers, modified, seal)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            bucket_name,
            key,
            object.version,
            object.etag,
            object.size as i64,
            object.content_type,
            headers_text(&object.headers),
            object.modified,
            object.seal(bucket_name, key),
        ])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO segments (version, position, file, size, sha256, blocks) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (position, segment) in object.segments.iter().enumerate() {
        insert.execute(params![
            object.version,
            position as i64,
            segment.file,
            segment.size as i64,
            segment.sha256,
            segment.blocks,
        ])?;
    }
    if notifies {
        connection
            .prepare_cached(
                "INSERT INTO events (bucket, key, version, etag, size) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![bucket_name, key, object.version, object.etag, object.size as i64])?;
    }
    Ok(replaced)
}

/// Removes the object, if there is one. Answers its files.
pub(super) fn delete(connection: &Connection, bucket: &str, key: &str) -> Result<Vec<String>, Error> {
    let version: Option<String> = connection
        .prepare_cached("DELETE FROM objects WHERE bucket = ?1 AND key = ?2 RETURNING version")?
        .query_row([bucket, key], |row| row.get(0))
        .optional()?;
    let Some(version) = version else { return Ok(Vec::new()) };
    let mut segments = connection.prepare_cached("DELETE FROM segments WHERE version = ?1 RETURNING file")?;
    let files = segments.query_map([version], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(files)
}

/// The version of the object at the key.
pub(super) fn version(connection: &Connection, bucket: &str, key: &str) -> Result<Option<String>, Error> {
    let found = connection
        .prepare_cached("SELECT version FROM objects WHERE bucket = ?1 AND key = ?2")?
        .query_row([bucket, key], |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// The object at the key, if its rows are what was written: a flipped bit is found out, never taken for another object.
pub(super) fn get(connection: &Connection, bucket_name: &str, key: &str) -> Result<Option<Object>, Error> {
    let found = connection
        .prepare_cached(
            "SELECT version, etag, size, content_type, headers, modified, seal FROM objects
             WHERE bucket = ?1 AND key = ?2",
        )?
        .query_row([bucket_name, key], |row| Ok((object(row)?, row.get(6)?)))
        .optional()?;
    let Some((mut object, seal)) = found else {
        bucket(connection, bucket_name)?;
        return Ok(None);
    };
    let mut segments = connection.prepare_cached(
        "SELECT file, size, sha256, blocks FROM segments WHERE version = ?1 ORDER BY position",
    )?;
    object.segments = segments.query_map([&object.version], segment)?.collect::<Result<_, _>>()?;
    // Rows from before there were seals have none.
    let seal: Option<u32> = seal;
    if seal.is_some_and(|seal| seal != object.seal(bucket_name, key)) {
        return Err(Error::Corrupt { name: object.version, what: "the checksum of its rows differs" });
    }
    Ok(Some(object))
}

fn object(row: &Row<'_>) -> rusqlite::Result<Object> {
    let headers: String = row.get(4)?;
    Ok(Object {
        version: row.get(0)?,
        etag: row.get(1)?,
        size: size(row, 2)?,
        content_type: row.get(3)?,
        headers: headers_from(&headers),
        modified: row.get(5)?,
        segments: Vec::new(),
    })
}

/// Reads a segment from the first four columns.
pub(super) fn segment(row: &Row<'_>) -> rusqlite::Result<Segment> {
    Ok(Segment { file: row.get(0)?, size: size(row, 1)?, sha256: row.get(2)?, blocks: row.get(3)? })
}

pub(super) fn size(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let stored: i64 = row.get(column)?;
    u64::try_from(stored).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, stored))
}

pub(super) fn headers_text(headers: &Headers) -> String {
    serde_json::to_string(headers).expect("strings and maps of strings always serialise")
}

/// A text this program wrote; one that does not parse loses the headers, never the object.
pub(super) fn headers_from(text: &str) -> Headers {
    serde_json::from_str(text).unwrap_or_default()
}

/// Whether a row names this file.
pub(super) fn is_owned(connection: &Connection, file: &str) -> Result<bool, Error> {
    let owned = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM segments WHERE file = ?1) OR EXISTS (SELECT 1 FROM parts WHERE file = ?1)",
        )?
        .query_row([file], |row| row.get(0))?;
    Ok(owned)
}
