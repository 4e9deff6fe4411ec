//! What every operation works on: the rows, the files, and a bell for whoever delivers events. What each operation does
//! is in its file (`put`, `read`, `list`, `multipart`); here are the buckets.

use std::sync::Arc;

use ledger::Ledger;
use s3s::dto::Bucket;
use tokio::sync::Notify;

use super::error::Error;
use super::files::Files;
use super::moment::{now, timestamp};

/// Clones share it.
#[derive(Clone)]
pub(super) struct Backend {
    pub(super) ledger: Ledger,
    pub(super) files: Arc<Files>,
    pub(super) created: Arc<Notify>,
    /// Held as long as anything can still write: a sweep must not meet another process's uploads.
    pub(super) _lock: Arc<std::fs::File>,
}

impl Backend {
    /// Makes a bucket unless it is there.
    pub(super) async fn make_bucket(&self, name: String, notifies: bool) -> Result<(), Error> {
        self.ledger
            .write("bucket", move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO buckets (name, created, notifies) VALUES (?1, ?2, ?3)
                         ON CONFLICT DO NOTHING",
                    )?
                    .execute(rusqlite::params![name, now(), notifies])?;
                Ok(())
            })
            .await
    }

    pub(super) fn buckets(&self) -> Result<Vec<Bucket>, Error> {
        self.ledger.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT name, created FROM buckets ORDER BY name")?;
            let buckets = statement.query_map([], |row| {
                Ok(Bucket {
                    name: Some(row.get(0)?),
                    creation_date: Some(timestamp(row.get(1)?)),
                    ..Bucket::default()
                })
            })?;
            Ok(buckets.collect::<Result<_, _>>()?)
        })
    }
}
