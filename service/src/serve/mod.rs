//! The loop every listener runs: accept, serve HTTP/1.1, cut off whoever wastes a place, drain at the end.
//!
//! It knows nothing of what it serves: the API, the S3 endpoint and the engine's endpoint all run on it. `axum::serve`
//! would leave a silent connection open for ever; here every phase of a connection has a limit (see [`Limits`]). What a
//! connection may do while it waits is in [`paced`], what a request's body may do in [`body`], what
//! becomes of a request that is none in [`refusal`]. Over [`tls`] or not, it is the same.

mod body;
mod paced;
mod refusal;
pub mod tls;

use std::convert::Infallible;
use std::error::Error as StdError;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Either;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use states::limits;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::{Service, ServiceExt as _};

pub use body::{BodyError, RequestBody};
use paced::{Busy, BusyBody, Paced};
use refusal::{Refusals, Worded};

/// What a client may take. Every field is a limit a test can make short.
#[derive(Clone, Debug)]
pub struct Limits {
    /// From the connection to its first byte.
    pub first_byte: Duration,
    /// From the first byte of a request to the end of its head, however it drips.
    pub head: Duration,
    /// Between the end of an answer and the first byte of the next request.
    pub keep_alive: Duration,
    /// A body may keep us waiting for so long; every `body_bytes_per_second` give a second of it back.
    pub body_grace: Duration,
    pub body_bytes_per_second: u64,
    /// A client that takes not one byte of its answer for so long is gone.
    pub write_stall: Duration,
    /// Request line and header fields together; more is answered 431.
    pub head_bytes: usize,
    /// The request target; more is answered 414.
    pub uri_bytes: usize,
    /// Connections at a time. Further ones wait in the listener's backlog.
    pub connections: usize,
    /// Answers under way may take so long to end after the shutdown began.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(10),
            head: Duration::from_secs(10),
            keep_alive: Duration::from_secs(60),
            body_grace: Duration::from_secs(10),
            body_bytes_per_second: 1024,
            write_stall: Duration::from_secs(60),
            head_bytes: 16 << 10,
            uri_bytes: 8 << 10,
            connections: 1024,
            drain: Duration::from_secs(limits::DRAIN_SECONDS),
        }
    }
}

/// How a listener is served. [`Limits`] alone are that of one which is reached without TLS, unless it speaks TLS itself.
#[derive(Clone, Debug)]
pub struct Manner {
    pub limits: Limits,
    /// Whether clients come over TLS, if only as far as a proxy. What is refused here then says so too.
    pub over_https: bool,
}

impl From<Limits> for Manner {
    fn from(limits: Limits) -> Self {
        Self { limits, over_https: false }
    }
}

/// By which a browser that was reached over TLS once comes back over nothing else: `Strict-Transport-Security`, two years.
pub const STRICT_TRANSPORT: &str = include_str!("strict-transport-security.txt").trim_ascii();

/// Where the connection comes from; an extension of every request. A proxy in front makes it the proxy's address.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Tells an answer that would never end by itself that the server wants to; an extension of every request.
#[derive(Clone, Debug)]
pub struct Draining(watch::Receiver<bool>);

impl Draining {
    /// Returns once the shutdown has begun.
    pub async fn begun(&mut self) {
        // An error means that the loop itself is gone, which is the end of the drain.
        let _ = self.0.wait_for(|begun| *begun).await;
    }
}

/// How long to leave the listener alone when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where connections come in, and whether they speak TLS.
pub struct Listener {
    pub tcp: TcpListener,
    pub tls: Option<TlsAcceptor>,
}

impl From<TcpListener> for Listener {
    fn from(tcp: TcpListener) -> Self {
        Self { tcp, tls: None }
    }
}

/// Serves `service` on `listener` until `shutdown` returns, then lets answers under way end.
pub async fn serve<S, B>(
    listener: impl Into<Listener>,
    service: S,
    manner: impl Into<Manner>,
    shutdown: impl Future<Output = ()>,
) where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let Listener { tcp: listener, tls } = listener.into();
    let Manner { limits, over_https } = manner.into();
    let (drain, draining) = watch::channel(false);
    let draining = Draining(draining);
    let places = Arc::new(Semaphore::new(limits.connections));
    let limits = Arc::new(limits);
    let refusals = Refusals::new(limits.clone(), over_https || tls.is_some());
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        while connections.try_join_next().is_some() {} // forget those that have ended
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let (stream, peer, place) = accepted;
        let connection = Connection {
            service: service.clone(),
            limits: limits.clone(),
            refusals: refusals.clone(),
            draining: draining.clone(),
            peer,
        };
        let tls = tls.clone();
        connections.spawn(async move {
            connection.begin(stream, tls).await;
            drop(place);
        });
    }
    drop(listener);
    drain.send_replace(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.drain, ended).await.is_err() {
        tracing::warn!(cut_off = connections.len(), "the drain took too long");
        connections.shutdown().await;
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit) {
    let place = places.clone().acquire_owned().await.expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

struct Connection<S> {
    service: S,
    limits: Arc<Limits>,
    refusals: Refusals,
    draining: Draining,
    peer: SocketAddr,
}

impl<S> Connection<S> {
    async fn begin<B>(self, stream: TcpStream, tls: Option<TlsAcceptor>)
    where
        S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        // Small events must not wait for company; where it cannot be set, they merely do.
        let _ = stream.set_nodelay(true);
        let Some(tls) = tls else { return self.run(stream).await };
        // A handshake is the head of a connection.
        match tokio::time::timeout(self.limits.head, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.run(stream).await,
            Ok(Err(error)) => tracing::debug!(peer = %self.peer, %error, "a connection speaks no TLS"),
            Err(_) => tracing::debug!(peer = %self.peer, "a handshake took too long"),
        }
    }

    async fn run<B>(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static)
    where
        S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let Self { service, limits, refusals, mut draining, peer } = self;
        let busy = Busy::default();
        let paced = Paced::new(stream, limits.clone(), busy.clone());
        let io = TokioIo::new(Worded::new(paced, refusals.clone()));
        let head_bytes = limits.head_bytes;
        let slack = limits.first_byte + limits.keep_alive + limits.head;
        let (told, of_limits) = (draining.clone(), limits);
        let answer = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            let working = busy.begin();
            request.extensions_mut().insert(Peer(peer));
            request.extensions_mut().insert(told.clone());
            let (service, limits, refusals) = (service.clone(), of_limits.clone(), refusals.clone());
            async move {
                let length = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
                if length > limits.uri_bytes {
                    let refusal = refusals.of(StatusCode::URI_TOO_LONG).map(http_body_util::Full::new);
                    return Ok(refusal.map(|body| Either::Left(BusyBody::new(body, working))));
                }
                let request = request.map(|body| RequestBody::new(body, &limits));
                let response = service.oneshot(request).await?;
                Ok::<_, Infallible>(response.map(|body| Either::Right(BusyBody::new(body, working))))
            }
        });
        let connection = http1::Builder::new()
            .timer(hyper_util::rt::TokioTimer::new())
            // `Paced` tells the first byte, the head and the pause between requests apart, and always cuts off first. But
            // only with a timeout of its own does hyper read on once an answer has ended, which starts that clock.
            .header_read_timeout(slack)
            .max_header_size(head_bytes)
            .serve_connection(io, answer);
        tokio::pin!(connection);
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = draining.begun() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%peer, error = &error as &dyn StdError, "a connection was cut off");
        }
    }
}
