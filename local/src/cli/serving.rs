//! What every command that serves does: bind, write a log, and drain when it is told to stop.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::Failure;
use crate::traces::Traces;

/// Steps under way may take so long to end once the server was told to stop. The rest goes on at the next start.
pub(super) const DRAIN: Duration = Duration::from_secs(25);

pub(super) async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|source| Failure::Bind { address, source })
}

/// Logs go to standard error as JSON; standard output says where we are ready. Traces go where the environment says.
pub(super) fn start_logging() -> Traces {
    let told = std::env::var("LOCKGATE_LOG").unwrap_or_else(|_| "info,s3s=error".to_owned());
    let filter = EnvFilter::new(format!("{told},{}", service::LOG_CEILING));
    let log = tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr).with_filter(filter);
    let (traces, spans) = Traces::begin();
    tracing_subscriber::registry().with(spans).with(log).init();
    traces
}

pub(super) async fn told_to_stop() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("told to stop; draining");
    Ok(())
}
