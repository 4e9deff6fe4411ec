//! One SQLite file with one writer: the place where everything durable on one machine is committed.
//!
//! [`Ledger::write`] queues a change; one thread applies whatever has queued up meanwhile in one transaction, fsyncs
//! it and only then answers (group commit). Readers see committed rows only. [`crash_point!`] marks where a process may
//! be killed between two durable writes.
//!
//! Not here: any table's meaning. The engine's journal, the session records and the object rows each bring their schema.

mod checkpoint;
pub mod crash;
mod schema;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

pub use rusqlite;
pub use writer::describe;

/// Readers kept open for the next read.
const IDLE_READERS: usize = 4;

/// A handle on one file. Clones share the writer.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    writer: writer::Writer,
    idle: std::sync::Mutex<Vec<Connection>>,
}

/// Why a read or a write did not happen. After a failed write nothing of it is stored.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    #[error("the disk is full")]
    Full(#[source] Arc<rusqlite::Error>),
    #[error("{path} was written by a newer version (schema {found}, this program knows {known})")]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("too many writes are waiting")]
    Busy,
    #[error("the ledger is closed")]
    Closed,
    #[error("the database gave up the transaction; nothing of it is stored")]
    RolledBack,
    #[error("the database refused")]
    Database(#[source] Arc<rusqlite::Error>),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full(Arc::new(error)),
            _ => Self::Database(Arc::new(error)),
        }
    }
}

impl Ledger {
    /// Opens or creates `path`. `name` prefixes its crash points; `migrations` are applied in order, each once, and are
    /// never changed once released.
    pub fn open(path: &Path, name: &'static str, migrations: &[&str]) -> Result<Self, Error> {
        let mut connection = Connection::open(path)?;
        schema::prepare(&mut connection, path, migrations)?;
        let shared = Shared {
            path: path.to_owned(),
            writer: writer::Writer::start(connection, name),
            idle: std::sync::Mutex::new(Vec::new()),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Applies `change` in the next group commit and answers once it is durable. An error of `change` undoes that
    /// change only. `what` names the write for its crash points: `{name}.{what}.before` and `{name}.{what}.after`.
    ///
    /// `change` runs on the writer's thread and must not block. Refused with [`Error::Busy`] when too many wait.
    pub async fn write<T, E, F>(&self, what: &'static str, change: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        self.shared.writer.write(what, change).await
    }

    /// The same for a change that whoever makes it has nothing to do beside: on a quick disk, and when no other change
    /// waits, it is committed on the caller's thread, which saves waking another one.
    pub async fn write_alone<T, E, F>(&self, what: &'static str, change: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        self.shared.writer.write_alone(what, change).await
    }

    /// Runs `query` on a reader's connection. Short queries only: it runs on the caller's thread.
    pub fn read<T, E: From<Error>>(&self, query: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => schema::reader(&self.shared.path)?,
        };
        let answer = query(&connection);
        let mut idle = self.idle();
        if idle.len() < IDLE_READERS {
            idle.push(connection);
        }
        answer
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.shared.idle.lock().expect("no reader panics while it holds the list")
    }
}

fn reader_flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod torn;
