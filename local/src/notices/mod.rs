//! Endpoints and the log of deliveries, in one SQLite file of their own. Their secrets lie in it, so that only the server's
//! user may read it.

mod mail;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use activities::notices::{Delivery, Endpoint, LogQuery};
use activities::ports::{Fault, Notifier, Written};
use async_trait::async_trait;
use ledger::Ledger;
use ledger::rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::de::DeserializeOwned;
use states::Timestamp;
use states::session::{BrokenRecord, Sealed, unsealed};

use crate::ledgers::Failed;

pub use mail::{Letterbox, SmtpMailer};

/// Applied in order, each once. A released migration is never changed.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql")];

pub struct SqliteNotifier {
    ledger: Ledger,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("it cannot be made: {0}")]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
}

impl SqliteNotifier {
    pub fn open(path: &Path) -> Result<Self, Error> {
        // SQLite gives the files beside it the same mode.
        OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok(Self { ledger: Ledger::open(path, "notices", MIGRATIONS)? })
    }
}

#[async_trait]
impl Notifier for SqliteNotifier {
    async fn endpoints(&self, owner: &str) -> Result<Vec<Endpoint>, Fault> {
        let sql = "SELECT id, record, checksum FROM endpoints WHERE owner = ?1 ORDER BY made_at, id";
        let list = |connection: &Connection| -> Result<Vec<Endpoint>, Failed> {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([owner], Stored::read)?;
            rows.map(|row| Ok(row?.record()?)).collect()
        };
        self.ledger.read(list).map_err(fault)
    }

    async fn endpoint(&self, owner: &str, id: &str) -> Result<Option<Endpoint>, Fault> {
        let sql = "SELECT id, record, checksum FROM endpoints WHERE owner = ?1 AND id = ?2";
        self.ledger.read(|connection| one(connection, sql, owner, id)).map_err(fault)
    }

    async fn write_endpoint(&self, endpoint: &Endpoint) -> Result<Written, Fault> {
        let endpoint = endpoint.clone();
        let write = move |connection: &Connection| -> Result<Written, Failed> {
            let Sealed { text, checksum } = Sealed::of(&endpoint);
            // Of version 1, `before` is 0, which no stored row has.
            let sql = "INSERT INTO endpoints (owner, id, version, made_at, record, checksum)
                       SELECT :owner, :id, :version, :made_at, :record, :checksum
                       WHERE :before = 0 OR EXISTS
                           (SELECT 1 FROM endpoints WHERE owner = :owner AND id = :id AND version = :before)
                       ON CONFLICT (owner, id) DO UPDATE
                       SET version = :version, record = :record, checksum = :checksum
                       WHERE version = :before";
            let changed = connection.prepare_cached(sql)?.execute(named_params! {
                ":owner": endpoint.owner,
                ":id": endpoint.id,
                ":version": endpoint.version as i64,
                ":before": endpoint.version as i64 - 1,
                ":made_at": endpoint.made_at.as_millisecond(),
                ":record": text,
                ":checksum": checksum,
            })?;
            Ok(if changed == 0 { Written::Refused } else { Written::Stored })
        };
        self.ledger.write("endpoint", write).await.map_err(fault)
    }

    async fn remove_endpoint(&self, owner: &str, id: &str) -> Result<bool, Fault> {
        let (owner, id) = (owner.to_owned(), id.to_owned());
        let remove = move |connection: &Connection| -> Result<bool, Failed> {
            let sql = "DELETE FROM endpoints WHERE owner = ?1 AND id = ?2";
            Ok(connection.prepare_cached(sql)?.execute((owner, id))? > 0)
        };
        self.ledger.write("remove-endpoint", remove).await.map_err(fault)
    }

    async fn delivery(&self, owner: &str, id: &str) -> Result<Option<Delivery>, Fault> {
        let sql = "SELECT id, record, checksum FROM deliveries WHERE owner = ?1 AND id = ?2";
        self.ledger.read(|connection| one(connection, sql, owner, id)).map_err(fault)
    }

    async fn write_delivery(&self, delivery: &Delivery) -> Result<(), Fault> {
        let delivery = delivery.clone();
        let write = move |connection: &Connection| -> Result<(), Failed> {
            let Sealed { text, checksum } = Sealed::of(&delivery);
            let sql = "INSERT INTO deliveries (owner, id, endpoint, standing, made_at, record, checksum)
                       VALUES (:owner, :id, :endpoint, :standing, :made_at, :record, :checksum)
                       ON CONFLICT (owner, id) DO UPDATE
                       SET standing = :standing, record = :record, checksum = :checksum";
            connection.prepare_cached(sql)?.execute(named_params! {
                ":owner": delivery.owner,
                ":id": delivery.id,
                ":endpoint": delivery.endpoint,
                ":standing": delivery.standing.to_string(),
                ":made_at": delivery.made_at.as_millisecond(),
                ":record": text,
                ":checksum": checksum,
            })?;
            Ok(())
        };
        self.ledger.write("delivery", write).await.map_err(fault)
    }

    async fn deliveries(&self, query: &LogQuery) -> Result<Vec<Delivery>, Fault> {
        self.ledger.read(|connection| page(connection, query)).map_err(fault)
    }

    async fn forget_deliveries(&self, before: Timestamp, limit: usize) -> Result<usize, Fault> {
        let forget = move |connection: &Connection| -> Result<usize, Failed> {
            let sql = "DELETE FROM deliveries WHERE rowid IN (
                           SELECT rowid FROM deliveries WHERE standing <> 'waiting' AND made_at < ?1 LIMIT ?2)";
            Ok(connection.prepare_cached(sql)?.execute((before.as_millisecond(), limit as i64))?)
        };
        self.ledger.write("forget-deliveries", forget).await.map_err(fault)
    }
}

/// Newest first; a page ends before a time, or behind one of the rows of that time.
fn page(connection: &Connection, query: &LogQuery) -> Result<Vec<Delivery>, Failed> {
    let (before, before_id) = match &query.before {
        Some((at, id)) => (Some(at.as_millisecond()), id.as_deref()),
        None => (None, None),
    };
    let sql = "SELECT id, record, checksum FROM deliveries
               WHERE owner = :owner AND endpoint = :endpoint
                 AND (:standing IS NULL OR standing = :standing)
                 AND (:since IS NULL OR made_at >= :since)
                 AND (:before IS NULL OR (made_at, id) < (:before, coalesce(:before_id, '')))
               ORDER BY made_at DESC, id DESC LIMIT :limit";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(
        named_params! {
            ":owner": query.owner,
            ":endpoint": query.endpoint,
            ":standing": query.standing.map(|standing| standing.to_string()),
            ":since": query.since.map(|since| since.as_millisecond()),
            ":before": before,
            ":before_id": before_id,
            ":limit": query.limit as i64,
        },
        Stored::read,
    )?;
    let mut deliveries = Vec::new();
    for row in rows {
        match row?.record() {
            Ok(delivery) => deliveries.push(delivery),
            Err(broken) => tracing::error!(%broken, "a damaged delivery is left out of the log"),
        }
    }
    Ok(deliveries)
}

fn one<T: DeserializeOwned>(
    connection: &Connection,
    sql: &str,
    owner: &str,
    id: &str,
) -> Result<Option<T>, Failed> {
    let stored = connection.prepare_cached(sql)?.query_row([owner, id], Stored::read).optional()?;
    Ok(stored.map(|stored| stored.record()).transpose()?)
}

/// A row as it lies in the file.
struct Stored {
    id: String,
    record: String,
    checksum: u32,
}

impl Stored {
    fn read(row: &Row<'_>) -> Result<Self, ledger::rusqlite::Error> {
        Ok(Self { id: row.get(0)?, record: row.get(1)?, checksum: row.get(2)? })
    }

    fn record<T: DeserializeOwned>(&self) -> Result<T, BrokenRecord> {
        unsealed(&self.id, &self.record, Some(self.checksum))
    }
}

fn fault(failed: Failed) -> Fault {
    failed.of("store of notices")
}
