//! Manifests: objects that name the objects with the items.

use super::Unreadable;
use crate::history::Form;
use serde::Deserialize;
use std::sync::Arc;

/// A manifest may have this many bytes.
pub(crate) const LONGEST: usize = 8 << 20;

/// What an inventory's manifest says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Inventory {
    pub(crate) bucket: String,
    pub(crate) keys: Vec<String>,
    pub(crate) headers: Vec<Arc<str>>,
}

impl Inventory {
    pub(crate) fn form(&self) -> Form {
        Form::Csv { headers: Some(self.headers.clone()), delimiter: b',' }
    }

    /// The manifest that S3 Inventory writes beside its lists.
    pub(crate) fn parse(content: &[u8]) -> Result<Inventory, Unreadable> {
        let manifest: Manifest = serde_json::from_slice(content).map_err(|error| {
            Unreadable::new(format!("The manifest is not one of an S3 inventory: {error}"))
        })?;
        if manifest.file_format != "CSV" {
            let message = format!("An inventory in the format {} cannot be read.", manifest.file_format);
            return Err(Unreadable::new(message));
        }
        let bucket = manifest.destination_bucket;
        Ok(Inventory {
            bucket: bucket.rsplit(":::").next().unwrap_or(&bucket).to_owned(),
            keys: manifest.files.into_iter().map(|file| file.key).collect(),
            headers: manifest.file_schema.split(',').map(|header| header.trim().into()).collect(),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    destination_bucket: String,
    file_format: String,
    file_schema: String,
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    key: String,
}

/// The bucket and key of each object that a manifest of Athena names: one `s3://bucket/key` on each line.
pub(crate) fn athena(content: &[u8]) -> Result<Vec<(String, String)>, Unreadable> {
    let text = std::str::from_utf8(content).map_err(|_| Unreadable::new("The manifest is not UTF-8."))?;
    let lines = text.lines().map(|line| line.trim().trim_matches('"')).filter(|line| !line.is_empty());
    let named = lines.map(|line| {
        let parts = line.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
        parts
            .map(|(bucket, key)| (bucket.to_owned(), key.to_owned()))
            .ok_or_else(|| Unreadable::new(format!("The manifest names no object: {line:.200}")))
    });
    named.collect()
}
