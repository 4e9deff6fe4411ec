//! Slow clients are cut off, each shape of them, while a healthy one is served.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use activities::objects::Upload;
use service::serve::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::rig::{BUCKET, MINUTE, PATIENCE, Rig, files, noise, until_files};

const SHORT: Duration = Duration::from_millis(150);

fn limits() -> Limits {
    Limits {
        first_byte: SHORT,
        head: SHORT,
        keep_alive: SHORT,
        body_grace: SHORT,
        body_bytes_per_second: 1000,
        write_stall: SHORT,
        ..Limits::default()
    }
}

/// What the server says until it hangs up; fails when it does not.
async fn until_closed(mut stream: TcpStream) -> String {
    let mut said = Vec::new();
    // A reset is a hang-up too.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut said)).await.expect("still open");
    String::from_utf8_lossy(&said).into_owned()
}

fn head_of(upload: &Upload, host: &str) -> String {
    let url = url::Url::parse(&upload.url).unwrap();
    let headers: String = upload.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{} {}?{} HTTP/1.1\r\nhost: {host}\r\n{headers}", upload.method, url.path(), url.query().unwrap())
}

#[tokio::test]
async fn a_client_that_says_nothing_or_half_a_request_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::with(folder.path(), limits()).await;
    let silent = TcpStream::connect(&rig.address).await.unwrap();
    let mut half = TcpStream::connect(&rig.address).await.unwrap();
    half.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
    let mut idle = TcpStream::connect(&rig.address).await.unwrap();
    idle.write_all(format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", rig.address).as_bytes()).await.unwrap();
    let dripping = TcpStream::connect(&rig.address).await.unwrap();
    let (dripping, mut drops) = dripping.into_split();
    let drip = tokio::spawn(async move {
        let mut every = tokio::time::interval(Duration::from_millis(10));
        while drops.write_all(b"x").await.is_ok() {
            every.tick().await;
        }
    });
    let healthy = rig.put("healthy", "body");
    let (silent, half, idle, _) =
        tokio::join!(until_closed(silent), until_closed(half), until_closed(idle), healthy);
    assert_eq!(silent, "");
    assert!(half.is_empty() || half.starts_with("HTTP/1.1 408"), "{half}");
    assert!(idle.starts_with("HTTP/1.1 403"), "{idle}");
    tokio::time::timeout(PATIENCE, drip).await.expect("a dripping client is still served").unwrap();
    drop(dripping);
}

#[tokio::test]
async fn a_body_that_stalls_or_drips_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::with(folder.path(), limits()).await;
    let upload = rig.objects.presign_put(BUCKET, "k", 1_000_000, "a/b", None, MINUTE).await.unwrap();
    let head = format!("{}content-length: 1000000\r\n\r\n", head_of(&upload, &rig.address));
    let mut stalled = TcpStream::connect(&rig.address).await.unwrap();
    stalled.write_all(head.as_bytes()).await.unwrap();
    stalled.write_all(&noise(999_999, 1)).await.unwrap();
    let (mut said_to_dripping, mut drops) = TcpStream::connect(&rig.address).await.unwrap().into_split();
    drops.write_all(head.as_bytes()).await.unwrap();
    let drip = async {
        let mut every = tokio::time::interval(Duration::from_millis(10));
        while drops.write_all(b"x").await.is_ok() {
            every.tick().await;
        }
    };
    let mut said = Vec::new();
    // A reset after the answer is a hang-up too.
    let read = async { drop(said_to_dripping.read_to_end(&mut said).await) };
    let both = async { tokio::join!(drip, read) };
    tokio::time::timeout(PATIENCE, both).await.expect("a dripping body is still taken");
    for said in [until_closed(stalled).await, String::from_utf8(said).unwrap()] {
        assert!(said.starts_with("HTTP/1.1 400") && said.contains("RequestTimeout"), "{said}");
    }
    assert!(files(folder.path()).is_empty());
    assert_eq!(rig.get("k").await, None);
}

/// A head, and the first half of the body once the store has made a file for it.
async fn half_an_upload(rig: &Rig, folder: &Path, body: &[u8]) -> TcpStream {
    let upload = rig.objects.presign_put(BUCKET, "k", body.len() as u64, "a/b", None, MINUTE).await.unwrap();
    let head = format!(
        "{}content-length: {}\r\nconnection: close\r\n\r\n",
        head_of(&upload, &rig.address),
        body.len()
    );
    let mut client = TcpStream::connect(&rig.address).await.unwrap();
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(&body[..body.len() / 2]).await.unwrap();
    until_files(folder, |files| !files.is_empty(), "the upload has not begun").await;
    client
}

#[tokio::test]
async fn a_drain_lets_an_upload_end() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let body = noise(1_000_000, 1);
    let mut client = half_an_upload(&rig, folder.path(), &body).await;
    rig.begin_stop();
    let refused = async { while TcpStream::connect(&rig.address).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, refused).await.expect("a draining server lets new clients in");
    client.write_all(&body[body.len() / 2..]).await.unwrap();
    let said = until_closed(client).await;
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    rig.stop().await;
    let rig = Rig::start(folder.path()).await;
    assert_eq!(rig.get("k").await, Some(body));
}

#[tokio::test]
async fn an_upload_that_outlasts_the_drain_is_cut_off_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::with(folder.path(), Limits { drain: SHORT, ..Limits::default() }).await;
    let client = half_an_upload(&rig, folder.path(), &noise(1_000_000, 1)).await;
    tokio::time::timeout(PATIENCE, rig.stop()).await.expect("it is waited for");
    assert_eq!(until_closed(client).await, "");
    assert!(files(folder.path()).is_empty());
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let upload = rig.objects.presign_put(BUCKET, "k", 1_000_000, "a/b", None, MINUTE).await.unwrap();
    let head = format!("{}content-length: 1000000\r\n\r\n", head_of(&upload, &rig.address));
    let mut gone = TcpStream::connect(&rig.address).await.unwrap();
    gone.write_all(head.as_bytes()).await.unwrap();
    gone.write_all(&noise(600_000, 1)).await.unwrap();
    until_files(folder.path(), |files| !files.is_empty(), "the upload has not begun").await;
    drop(gone);
    until_files(folder.path(), BTreeSet::is_empty, "the file of a broken upload stays").await;
    assert_eq!(rig.get("k").await, None);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::with(folder.path(), limits()).await;
    let body = noise(32 * 1024 * 1024, 1);
    rig.put("k", body.clone()).await;
    let url = rig.objects.presign_get(BUCKET, "k", "k", "a/b", MINUTE).await.unwrap();
    let get = Upload { method: "GET".into(), url, headers: Vec::new() };
    let mut greedy = TcpStream::connect(&rig.address).await.unwrap();
    greedy.write_all(format!("{}\r\n", head_of(&get, &rig.address)).as_bytes()).await.unwrap();
    // It takes nothing for as long as the server holds the file open, then all there is.
    rig.objects.delete(BUCKET, "k").await.unwrap();
    until_files(folder.path(), BTreeSet::is_empty, "a stalled download keeps its file for ever").await;
    assert!(until_closed(greedy).await.len() < body.len());
}

#[tokio::test]
async fn no_more_than_the_limit_are_served_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::with(folder.path(), Limits { connections: 2, ..limits() }).await;
    let silent =
        [TcpStream::connect(&rig.address).await.unwrap(), TcpStream::connect(&rig.address).await.unwrap()];
    // Waits in the queue until a silent one is cut off, and is served then.
    rig.put("k", "body").await;
    let closed = silent.map(|stream| {
        let stream = stream.into_std().unwrap();
        stream.set_nonblocking(true).unwrap();
        std::io::Read::read(&mut &stream, &mut [0]).is_ok_and(|read| read == 0)
    });
    assert!(closed.contains(&true), "a third connection was served beside the two");
}
