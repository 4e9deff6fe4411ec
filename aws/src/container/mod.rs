//! What a process in a container needs, be it a worker or the API: credentials that change under it ([`credentials`]), what
//! it says of itself to whoever runs it ([`watch`]), and to be told to end. What ECS and Kubernetes run them as is `infra/`'s
//! and `deploy/`'s.

pub mod api;
mod credentials;
pub(crate) mod watch;

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::connection::{Connection, http_client};
use crate::environment::{Environment, Missing};
use crate::people;

pub use watch::check;

/// Why a container cannot do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Missing(#[from] Missing),
    #[error(transparent)]
    People(#[from] people::Error),
    #[error("there is no ffmpeg with ffprobe on the PATH")]
    Ffmpeg,
    #[error("{what}: {why}")]
    Io { what: &'static str, why: std::io::Error },
}

pub(crate) fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Error {
    move |why| Error::Io { what, why }
}

/// By the keys of the environment, or those of the container as they expire.
pub(crate) async fn connection(environment: &Environment) -> Result<Connection, Missing> {
    let account = &environment.account;
    if account.keys.is_some() {
        return Connection::new(account);
    }
    let http = http_client();
    let keys = credentials::renewed(&account.region, &http).await?;
    Ok(Connection::by(account, keys, http))
}

pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(io("listening"))
}

/// Answers what returns once SIGTERM, or Ctrl-C, has come.
pub(crate) fn told_to_end() -> Result<impl Future<Output = ()>, Error> {
    let mut told = signal(SignalKind::terminate()).map_err(io("waiting for a signal"))?;
    Ok(async move {
        tokio::select! {
            _ = told.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    })
}
