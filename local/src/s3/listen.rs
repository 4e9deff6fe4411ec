//! The serving loop: HTTP/1.1 with a bound on everything a client could hold on to.
//!
//! The header timer of hyper runs from the moment a connection waits for a request, so that it also ends connections
//! that never say anything or stay idle. Bodies and answers are paced by [`super::paced`].

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use s3s::Body;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::gate::Gate;
use super::paced::Patient;

/// What one client may take of the server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From accepting or the last answer to the end of the next request's headers.
    pub header_timeout: Duration,
    /// Connections at once; more wait to be accepted.
    pub connections: usize,
    /// The window over which a body's rate is taken.
    pub body_window: Duration,
    /// Bytes per second a body must come at, at least.
    pub body_rate: u64,
    /// How long a client may take nothing of an answer.
    pub write_stall: Duration,
    /// How long requests in progress may go on after shutdown.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            connections: 1024,
            body_window: Duration::from_secs(10),
            body_rate: 1024,
            write_stall: Duration::from_secs(30),
            drain: Duration::from_secs(30),
        }
    }
}

/// How long accepting rests when the system is out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown`, then lets requests in progress end.
pub(super) async fn listen(
    listener: TcpListener,
    gate: Gate,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) {
    let slots = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    // Whoever drops this loop ends its connections with it.
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &slots) => accepted,
        };
        match accepted {
            Ok((stream, slot)) => {
                let connection = connection(stream, &gate, limits);
                let connection = graceful.watch(connection);
                connections.spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still in progress when the time to drain ran out");
    }
}

/// Takes the slot first: a connection that could not be served waits in the system's queue.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let slot = slots.clone().acquire_owned().await.expect("the semaphore is never closed");
    let (stream, _) = listener.accept().await?;
    Ok((stream, slot))
}

fn connection(
    stream: TcpStream,
    gate: &Gate,
    limits: Limits,
) -> http1::Connection<
    TokioIo<Patient>,
    impl Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send> + use<>,
> {
    let _ = stream.set_nodelay(true); // only ever slower without it
    let gate = gate.clone();
    let service = service_fn(move |request| {
        let gate = gate.clone();
        async move { Ok::<_, Infallible>(gate.call(request).await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .serve_connection(TokioIo::new(Patient::new(stream, limits.write_stall)), service)
}
