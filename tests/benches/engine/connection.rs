//! A client's connection that is kept: HTTP/1.1, small enough not to be what is measured.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long one may take to be ready.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Connection {
    stream: TcpStream,
    /// What was read of the answer.
    read: Vec<u8>,
}

/// A POST of JSON as it goes over the wire.
pub(crate) fn post(to: SocketAddr, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: {to}\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A call of Step Functions' API. The stand-ins find out from the signature which service is meant; nobody checks it.
pub(crate) fn operation(to: SocketAddr, name: &str, body: &serde_json::Value) -> Vec<u8> {
    let headers = format!(
        "x-amz-target: AWSStepFunctions.{name}\r\nauthorization: AWS4-HMAC-SHA256 \
         Credential=bench/20260101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=0\r\n"
    );
    post(to, "/", &headers, &body.to_string())
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::new() })
    }

    /// Sends a request and reads the answer, which must be a success.
    pub(crate) async fn call(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        self.stream.write_all(request).await?;
        self.read.clear();
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let head = std::str::from_utf8(&self.read[..end])?.to_ascii_lowercase();
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let body = if field("transfer-encoding:") == Some("chunked") {
            self.chunks(end).await?
        } else {
            let length: usize = field("content-length:").context("an answer without a length")?.parse()?;
            while self.read.len() < end + length {
                self.more().await?;
            }
            self.read[end..end + length].to_vec()
        };
        let well = head.split(' ').nth(1).is_some_and(|status| status.starts_with('2'));
        ensure!(well, "{}\n{}", head.trim(), String::from_utf8_lossy(&body));
        Ok(body)
    }

    /// The body of an answer that comes in chunks, the last of them empty.
    async fn chunks(&mut self, mut at: usize) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let Some(line) = self.read[at..].windows(2).position(|two| two == b"\r\n") else {
                self.more().await?;
                continue;
            };
            let size = usize::from_str_radix(std::str::from_utf8(&self.read[at..at + line])?, 16)?;
            let begin = at + line + 2;
            while self.read.len() < begin + size + 2 {
                self.more().await?;
            }
            body.extend_from_slice(&self.read[begin..begin + size]);
            at = begin + size + 2;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    async fn more(&mut self) -> Result<()> {
        if self.stream.read_buf(&mut self.read).await? == 0 {
            bail!("the server hung up");
        }
        Ok(())
    }
}

/// One call, on a connection of its own, of which the answer is JSON.
pub(crate) async fn ask(address: SocketAddr, request: &[u8]) -> Result<serde_json::Value> {
    let answer = Connection::open(address).await?.call(request).await?;
    Ok(serde_json::from_slice(&answer)?)
}

/// Asks until it is answered well: a server that has just been started may not listen yet.
pub(crate) async fn ask_when_ready(address: SocketAddr, request: &[u8]) -> Result<serde_json::Value> {
    let begin = Instant::now();
    loop {
        match ask(address, request).await {
            Err(error) if begin.elapsed() > PATIENCE => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            Ok(answer) => return Ok(answer),
        }
    }
}
