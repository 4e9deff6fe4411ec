//! The serving loop over real sockets, with limits short enough to be waited for.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use axum::{Extension, Router};
use futures::StreamExt as _;
use http::StatusCode;
use http_body_util::BodyExt as _;
use service::serve::{Draining, Limits, Peer, serve};
use states::State;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::app::{App, HOST, PATIENCE};

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Limits that no test waits out.
pub(crate) fn long() -> Limits {
    let limit = Duration::from_secs(600);
    Limits {
        first_byte: limit,
        head: limit,
        keep_alive: limit,
        body_grace: limit,
        write_stall: limit,
        ..Limits::default()
    }
}

pub(crate) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<()>,
    /// Lets the handler of `/wait` go on.
    go: Arc<Notify>,
    /// Told when the body of `/flood` is dropped.
    dropped: Arc<Mutex<Option<oneshot::Sender<()>>>>,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let (go, dropped) = (Arc::new(Notify::new()), Arc::new(Mutex::new(None)));
        let router = router(go.clone(), dropped.clone());
        Self { go, dropped, ..Self::of(router, limits).await }
    }

    pub(crate) async fn of(router: Router, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(serve(listener, router, limits, async {
            let _ = stopped.await;
        }));
        let (go, dropped) = (Arc::default(), Arc::default());
        Self { address, stop: Some(stop), ended, go, dropped }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    async fn get(&self, path: &str) -> String {
        let mut client = self.connect().await;
        client.send(&format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).await;
        client.rest().await
    }

    fn begin_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }
}

pub(crate) struct Client(TcpStream);

impl Client {
    pub(crate) async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// All that comes until the server closes. A reset is a close.
    pub(crate) async fn rest(&mut self) -> String {
        let mut text = Vec::new();
        let read = timeout(PATIENCE, self.0.read_to_end(&mut text)).await.expect("the connection stays open");
        if let Err(error) = read {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    async fn read_until(&mut self, end: &str) -> String {
        let mut text = String::new();
        while !text.contains(end) {
            let mut buffer = [0; 1024];
            let length = timeout(PATIENCE, self.0.read(&mut buffer)).await.unwrap().unwrap();
            assert_ne!(length, 0, "closed after {text:?}");
            text.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
        }
        text
    }

    /// Sends `piece` at this pace until the server closes, and tells what it said.
    async fn drip(&mut self, piece: &str, pace: Duration) -> String {
        let mut said = Vec::new();
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let mut buffer = [0; 1024];
            match timeout(pace, self.0.read(&mut buffer)).await {
                Err(_) => {
                    if self.0.write_all(piece.as_bytes()).await.is_err() {
                        break;
                    }
                }
                Ok(Ok(0) | Err(_)) => return String::from_utf8(said).unwrap(),
                Ok(Ok(length)) => said.extend_from_slice(&buffer[..length]),
            }
        }
        assert!(begun.elapsed() < PATIENCE, "a dripping client is served for ever");
        String::from_utf8(said).unwrap()
    }
}

struct TellDrop(Option<oneshot::Sender<()>>);

impl Drop for TellDrop {
    fn drop(&mut self) {
        if let Some(tell) = self.0.take() {
            let _ = tell.send(());
        }
    }
}

fn router(go: Arc<Notify>, dropped: Arc<Mutex<Option<oneshot::Sender<()>>>>) -> Router {
    let flood = async move || {
        let told = TellDrop(dropped.lock().unwrap().take());
        let chunk = Bytes::from(vec![0u8; 64 << 10]);
        Body::from_stream(futures::stream::repeat_with(move || {
            let _ = &told;
            Ok::<_, std::io::Error>(chunk.clone())
        }))
    };
    let wait = async move || {
        go.notified().await;
        "waited"
    };
    let read = async |body: Body| match body.collect().await {
        Ok(body) => Ok(body.to_bytes().len().to_string()),
        Err(error) => Err((StatusCode::REQUEST_TIMEOUT, error.to_string())),
    };
    let follow = async |Extension(mut draining): Extension<Draining>| {
        let first = futures::stream::iter([Ok::<_, std::io::Error>("begun\n")]);
        Body::from_stream(first.chain(futures::stream::once(async move {
            draining.begun().await;
            Ok("ended\n")
        })))
    };
    let never = async || Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
    Router::new()
        .route("/", get(async |Extension(Peer(peer)): Extension<Peer>| peer.ip().to_string()))
        .route("/wait", get(wait))
        .route("/flood", get(flood))
        .route("/follow", get(follow))
        .route("/never", get(never))
        .route("/read", post(read))
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let server = Server::start(Limits { first_byte: millis(200), ..long() }).await;
    let begun = Instant::now();
    assert_eq!(server.connect().await.rest().await, "");
    assert!(begun.elapsed() >= millis(200));
}

#[tokio::test]
async fn a_head_that_stalls_or_drips_is_cut_off() {
    let server = Server::start(Limits { head: millis(300), ..long() }).await;
    let mut stalled = server.connect().await;
    stalled.send("GET / HTTP/1.1\r\nHost: a\r\nX: ").await;
    assert_eq!(stalled.rest().await, "");
    let mut dripping = server.connect().await;
    dripping.send("GET / HTTP/1.1\r\nHost: a\r\nX: ").await;
    assert_eq!(dripping.drip("x", millis(20)).await, "");
}

#[tokio::test]
async fn the_pause_between_requests_has_a_limit_of_its_own() {
    let server =
        Server::start(Limits { first_byte: millis(50), head: millis(50), keep_alive: millis(400), ..long() })
            .await;
    let mut client = server.connect().await;
    for _ in 0..2 {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(client.read_until("127.0.0.1").await.starts_with("HTTP/1.1 200"));
    }
    let begun = Instant::now();
    assert_eq!(client.rest().await, "");
    assert!(begun.elapsed() >= millis(350), "{:?}", begun.elapsed());
    // And the head of a later request is timed like that of the first.
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    client.read_until("127.0.0.1").await;
    let begun = Instant::now();
    client.send("GET").await;
    assert_eq!(client.rest().await, "");
    assert!(begun.elapsed() < millis(350), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_body_that_stalls_or_drips_is_cut_off() {
    let limits = Limits { body_grace: millis(300), body_bytes_per_second: 1000, ..long() };
    let server = Server::start(limits).await;
    for chunked in [false, true] {
        let head = if chunked { "Transfer-Encoding: chunked" } else { "Content-Length: 100000" };
        let piece = if chunked { "1\r\nx\r\n" } else { "x" };
        let mut stalled = server.connect().await;
        stalled.send(&format!("POST /read HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n{piece}")).await;
        assert!(stalled.rest().await.starts_with("HTTP/1.1 408"));
        let mut dripping = server.connect().await;
        dripping.send(&format!("POST /read HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n")).await;
        assert!(dripping.drip(piece, millis(20)).await.starts_with("HTTP/1.1 408"));
    }
}

#[tokio::test]
async fn much_sent_quickly_buys_no_longer_silence() {
    let limits = Limits { body_grace: millis(300), body_bytes_per_second: 1000, ..long() };
    let server = Server::start(limits).await;
    let mut client = server.connect().await;
    client.send("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n").await;
    client.send(&"x".repeat(999_999)).await;
    let begun = Instant::now();
    assert!(client.rest().await.starts_with("HTTP/1.1 408"));
    assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_body_at_a_fair_pace_may_take_its_time() {
    let limits = Limits { body_grace: millis(300), body_bytes_per_second: 1000, ..long() };
    let server = Server::start(limits).await;
    let mut client = server.connect().await;
    let begun = Instant::now();
    client.send("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\nConnection: close\r\n\r\n").await;
    for _ in 0..10 {
        client.send(&"x".repeat(300)).await;
        let mut buffer = [0; 1];
        // The pace of a client that sends 3000 bytes a second.
        let _ = timeout(millis(100), client.0.peek(&mut buffer)).await;
    }
    let answer = client.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("3000"), "{answer}");
    assert!(begun.elapsed() > millis(600), "it took longer than the grace: {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_off() {
    let server = Server::start(Limits { write_stall: millis(200), ..long() }).await;
    let (tell, told) = oneshot::channel();
    *server.dropped.lock().unwrap() = Some(tell);
    let mut client = server.connect().await;
    client.send("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n").await;
    timeout(PATIENCE, told).await.expect("the answer is dropped").unwrap();
}

#[tokio::test]
async fn a_handler_may_take_longer_than_any_limit() {
    let limits = Limits {
        first_byte: millis(100),
        head: millis(100),
        keep_alive: millis(100),
        body_grace: millis(100),
        ..long()
    };
    let server = Server::start(limits).await;
    let mut client = server.connect().await;
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    for _ in 0..3 {
        server.connect().await.rest().await; // each takes as long as a limit
    }
    server.go.notify_one();
    assert!(client.read_until("waited").await.starts_with("HTTP/1.1 200"));
    let begun = Instant::now();
    client.rest().await;
    assert!(begun.elapsed() >= millis(80), "the pause begins with the answer's end: {:?}", begun.elapsed());
}

#[tokio::test]
async fn heads_and_targets_have_a_size() {
    let server = Server::start(long()).await;
    let target = |length: usize| format!("/{}", "x".repeat(length - 1));
    assert!(server.get(&target(8 << 10)).await.starts_with("HTTP/1.1 404"));
    assert!(server.get(&target((8 << 10) + 1)).await.starts_with("HTTP/1.1 414"));
    let head = |length: usize| {
        let begin = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: ";
        format!("{begin}{}\r\n\r\n", "x".repeat(length - begin.len() - 4))
    };
    for (length, status) in [(16 << 10, "200"), ((16 << 10) + 1, "431"), (64 << 10, "431")] {
        let mut client = server.connect().await;
        let _ = client.0.write_all(head(length).as_bytes()).await; // it may be refused before it is all sent
        let answer = client.rest().await;
        assert!(
            answer.is_empty() && length > 32 << 10 || answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn what_is_no_request_is_refused_in_words_and_with_the_headers_of_every_answer() {
    let server = Server::start(long()).await;
    let many: String = (0..200).map(|n| format!("x{n}: y\r\n")).collect();
    let long = "x".repeat(9 << 10);
    let cases = [
        ("nonsense\r\n\r\n".to_owned(), 400, "malformed-request"),
        ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n".to_owned(), 400, "malformed-request"),
        (
            "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(),
            400,
            "malformed-request",
        ),
        (format!("GET / HTTP/1.1\r\nX: {long}{long}\r\n\r\n"), 431, "head-too-large"),
        (format!("GET / HTTP/1.1\r\n{many}\r\n"), 431, "head-too-large"),
        (format!("GET /{long} HTTP/1.1\r\nConnection: close\r\n\r\n"), 414, "uri-too-long"),
    ];
    for (request, status, problem) in cases {
        let mut client = server.connect().await;
        client.send(&request).await;
        let answer = client.rest().await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{request:.40}: {answer}");
        for header in [
            "content-type: application/problem+json",
            "x-content-type-options: nosniff",
            "content-security-policy: ",
            "referrer-policy: ",
            "x-request-id: ",
            "date: ",
            &format!("content-length: {}", body.len()),
        ] {
            assert!(head.contains(header), "{header} is missing: {answer}");
        }
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["type"], format!("/problems/{problem}"));
        assert_eq!(body["status"], status);
        assert_eq!(body["limit"].is_null(), status == 400, "the limit is named");
    }
    // And after a good request on the same connection.
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    client.read_until("127.0.0.1").await;
    client.send("nonsense\r\n\r\n").await;
    assert!(client.rest().await.contains("/problems/malformed-request"));
}

#[tokio::test]
async fn healthy_clients_are_served_beside_slow_ones() {
    let limits = Limits { first_byte: millis(300), connections: 3, ..long() };
    let server = Server::start(limits).await;
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(server.connect().await);
    }
    // All places are taken; the next one waits for one of them and no longer.
    assert!(server.get("/").await.ends_with("127.0.0.1"));
    for mut client in silent {
        assert_eq!(client.rest().await, "");
    }
}

#[tokio::test]
async fn a_shutdown_lets_answers_end_and_tells_streams_to() {
    let mut server = Server::start(long()).await;
    let mut idle = server.connect().await;
    idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    idle.read_until("127.0.0.1").await;
    let mut waiting = server.connect().await;
    waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut following = server.connect().await;
    following.send("GET /follow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    following.read_until("begun").await;
    server.begin_stop();
    assert!(following.rest().await.contains("ended"));
    assert_eq!(idle.rest().await, "");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody new is let in");
    server.go.notify_one();
    assert!(waiting.rest().await.ends_with("waited"));
    timeout(PATIENCE, server.ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_off() {
    let mut server = Server::start(Limits { drain: millis(200), ..long() }).await;
    let mut client = server.connect().await;
    client.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n").await;
    client.read_until("\r\n\r\n").await;
    let begun = Instant::now();
    server.begin_stop();
    timeout(PATIENCE, server.ended).await.unwrap().unwrap();
    assert!(begun.elapsed() >= millis(200));
    client.rest().await;
}

#[tokio::test]
async fn the_api_ends_its_streams_and_refuses_slow_bodies() {
    let app = App::new();
    app.session_in("s", State::ReadyToXcode);
    let limits = Limits { body_grace: millis(200), ..long() };
    let mut server = Server::of(app.router.clone(), limits).await;
    let mut slow = server.connect().await;
    let head = format!(
        "POST /xfer HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    );
    slow.send(&format!("{head}{{")).await;
    let answer = slow.rest().await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("/problems/too-slow"), "{answer}");
    let mut reader = server.connect().await;
    reader.send(&format!("GET /api/sessions/s/events HTTP/1.1\r\nHost: {HOST}\r\n\r\n")).await;
    reader.read_until("event: session").await;
    server.begin_stop();
    assert!(reader.rest().await.ends_with("0\r\n\r\n"), "the stream ends as it should");
    timeout(PATIENCE, server.ended).await.unwrap().unwrap();
}
