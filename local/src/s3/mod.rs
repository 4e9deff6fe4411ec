//! Our S3 endpoint: the protocol from the `s3s` crate, the store ours.
//!
//! An object *is* its row. A body is streamed to a file with a random name (`receive`, `files`), counted, hashed and
//! fsynced; then one transaction makes its row and its event (`rows`, `put`, `multipart`). What is read is checked block by
//! block (`read`, `blocks`). A file without a row is rubbish and is swept; `orphans` only counts. No user's name ever
//! becomes a path. `gate` stands between this and the serving loop, which is the API's own, `keyring` knows whose signature
//! may do what, `denials` writes down what was tried all the same; `events` tells that objects were created. This process
//! itself comes by no socket (`inside`).
//!
//! Not here: whose keys are what (the activities), who gets a URL (the service).

mod backend;
mod blocks;
mod buffers;
mod denials;
mod error;
mod events;
mod files;
mod gate;
mod inside;
mod keyring;
mod list;
mod moment;
mod multipart;
mod operations;
mod orphans;
mod put;
mod read;
mod reading;
mod receive;
mod rows;
mod schema;
mod uploads;

use std::convert::Infallible;
use std::fs::File;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use activities::Buckets;
use ledger::Ledger;
use s3s::service::{S3Service, S3ServiceBuilder};
use service::serve::{Limits, Listener, Manner, serve};
use tower::service_fn;

use backend::Backend;
use files::Files;
use gate::Gate;
use keyring::Keyring;

pub use error::Error;
pub use events::{Handler, Refusal, Retry};
pub use keyring::Inboxes;
pub use orphans::{Orphans, orphans};

/// The bucket users' files come into; what is created here makes events.
pub const UPLOADS: &str = Buckets::UPLOADS;

/// The bucket outputs go into.
pub const RESULTS: &str = Buckets::RESULTS;

/// Between two sweeps for files nobody knows.
const SWEEP_EVERY: Duration = Duration::from_secs(10 * 60);

/// An upload in parts that nobody completed is aborted after so long.
const ABANDONED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The server's own key pair.
#[derive(Clone)]
pub struct Keys {
    pub access: String,
    pub secret: String,
}

/// Where and how the endpoint runs.
#[derive(Clone)]
pub struct S3Config {
    /// Holds `objects.db` and the folder `objects`. One process at a time.
    pub data_dir: PathBuf,
    pub keys: Keys,
    /// None without accounts.
    pub inboxes: Option<Inboxes>,
    /// Every host a request may name: see [`service::hosts::Hosts`].
    pub allowed_hosts: Vec<String>,
    /// Every origin whose pages may use presigned URLs, as `http://127.0.0.1:8080`.
    pub cors_origins: Vec<String>,
    /// Whether others reach it over TLS, if only as far as a proxy.
    pub over_https: bool,
    pub limits: Limits,
}

/// The object store. Clones share it.
#[derive(Clone)]
pub struct S3Store {
    backend: Backend,
    service: S3Service,
    gate: Gate,
    manner: Manner,
}

impl S3Store {
    /// Opens the store, makes its two buckets and sweeps what a dead process left.
    pub async fn open(config: &S3Config) -> Result<Self, Error> {
        std::fs::create_dir_all(&config.data_dir).map_err(|error| Error::file("objects", error))?;
        let lock = lock(&config.data_dir)?;
        let backend = Backend {
            ledger: Ledger::open(&config.data_dir.join("objects.db"), "objects", schema::MIGRATIONS)?,
            files: Files::open(&config.data_dir.join("objects"))?,
            created: Arc::default(),
            _lock: Arc::new(lock),
        };
        backend.make_bucket(UPLOADS.to_owned(), true).await?;
        backend.make_bucket(RESULTS.to_owned(), false).await?;
        let mut service = S3ServiceBuilder::new(backend.clone());
        let keyring = Keyring { root: config.keys.clone(), inboxes: config.inboxes.clone() };
        service.set_auth(keyring.clone());
        service.set_access(keyring);
        let manner = Manner { limits: config.limits.clone(), over_https: config.over_https };
        let service = service.build();
        let gate = Gate::new(service.clone(), config);
        let store = Self { backend, service, gate, manner };
        store.sweep().await?;
        Ok(store)
    }

    /// Serves requests until `shutdown`, then drains. Sweeps from time to time.
    pub async fn serve(&self, listener: impl Into<Listener>, shutdown: impl Future<Output = ()>) {
        let gate = self.gate.clone();
        let service = service_fn(move |request| {
            let gate = gate.clone();
            async move { Ok::<_, Infallible>(gate.call(request).await) }
        });
        tokio::select! {
            () = serve(listener, service, self.manner.clone(), shutdown) => {}
            () = self.sweep_on() => {}
        }
    }

    /// For ever.
    async fn sweep_on(&self) {
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            if let Err(error) = self.sweep().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a sweep failed; the next one tries again"
                );
            }
        }
    }

    /// Calls `handler` for every object created in [`UPLOADS`] until `shutdown`: at least once each, in order per key.
    /// One delivery at a time.
    pub async fn deliver(&self, handler: Handler, retry: Retry, shutdown: impl Future<Output = ()>) {
        events::deliver(self.backend.clone(), handler, retry, shutdown).await;
    }

    /// Aborts abandoned uploads, and removes files that no row names and nobody is writing. Answers how many files.
    pub async fn sweep(&self) -> Result<usize, Error> {
        let oldest = moment::now() - ABANDONED.as_millis() as i64;
        let abandoned = self.backend.abort_older(oldest).await?;
        let backend = self.backend.clone();
        let swept = receive::blocking(move || {
            backend.files.sweep(|file| backend.ledger.read(|connection| rows::is_owned(connection, file)))
        })
        .await?;
        metrics::gauge!(crate::DISK_BYTES, "what" => "objects").set(swept.bytes_left as f64);
        let swept = swept.removed;
        if abandoned + swept > 0 {
            tracing::info!(abandoned, swept, "removed unfinished uploads and files without a row");
        }
        Ok(swept)
    }
}

/// One process at a time, for as long as the file is open.
fn lock(data_dir: &Path) -> Result<File, Error> {
    let path = data_dir.join("objects.lock");
    let lock = crate::lock::take(&path).map_err(|error| Error::file("objects.lock", error))?;
    lock.ok_or(Error::InUse(path))
}
