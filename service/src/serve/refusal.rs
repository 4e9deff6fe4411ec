//! What the loop itself refuses, before any service is asked: a target or a head that is too long, a request that is none.
//!
//! Most of it hyper notices while it parses, and answers by itself with a bare status. [`Worded`] stands between it and the
//! connection, and gives that answer what every other has: a problem as its text, and the headers by which a browser that
//! meets it makes nothing of it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use activities::clock::random_id;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Limits;

/// What hyper answers to what it cannot parse.
const BY_HYPER: [StatusCode; 3] =
    [StatusCode::BAD_REQUEST, StatusCode::URI_TOO_LONG, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE];

/// The answer with this status.
pub(super) fn refusal(status: StatusCode, limits: &Limits) -> Response<Bytes> {
    let (slug, detail, limit) = match status {
        StatusCode::URI_TOO_LONG => {
            ("uri-too-long", "The request target is too long.", Some(limits.uri_bytes))
        }
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (
            "head-too-large",
            "The request's head is too large, or has too many fields.",
            Some(limits.head_bytes),
        ),
        _ => ("malformed-request", "This is not a request of HTTP/1.1.", None),
    };
    let request_id = random_id();
    let mut problem = json!({
        "type": format!("/problems/{slug}"),
        "title": status.canonical_reason().unwrap_or("Refused"),
        "status": status.as_u16(),
        "detail": detail,
        "requestId": request_id,
    });
    if let Some(limit) = limit {
        problem["limit"] = limit.into();
    }
    let mut response = Response::new(Bytes::from(problem.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let id = HeaderValue::from_str(&request_id).expect("an id is of visible ASCII");
    headers.insert("x-request-id", id);
    response
}

/// The status of an answer that is nothing but a status, as only hyper gives one: all of ours say more.
fn bare_status(answer: &[u8]) -> Option<StatusCode> {
    const LONGEST: usize = 256;
    if answer.len() > LONGEST || !answer.starts_with(b"HTTP/1.1 4") {
        return None; // nearly everything that is written, and it should cost nothing
    }
    let mut lines = std::str::from_utf8(answer).ok()?.strip_suffix("\r\n\r\n")?.split("\r\n");
    let status: StatusCode = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let says_nothing = |line: &str| {
        let line = line.to_ascii_lowercase();
        line == "content-length: 0" || line == "connection: close" || line.starts_with("date: ")
    };
    (BY_HYPER.contains(&status) && lines.all(says_nothing)).then_some(status)
}

/// The same answer in words, as it goes over the wire.
fn in_words(answer: &[u8], limits: &Limits) -> Option<Bytes> {
    let response = refusal(bare_status(answer)?, limits);
    let (status, body) = (response.status(), response.body());
    let reason = status.canonical_reason().unwrap_or_default();
    let mut wire = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16());
    for line in std::str::from_utf8(answer).ok()?.lines().filter(|line| line.starts_with("date: ")) {
        wire += &format!("{line}\r\n");
    }
    for (name, value) in response.headers() {
        wire += &format!("{name}: {}\r\n", value.to_str().unwrap_or_default());
    }
    wire += &format!("connection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut wire = wire.into_bytes();
    wire.extend_from_slice(body);
    Some(wire.into())
}

/// A connection on which no answer is bare.
pub(super) struct Worded<S> {
    stream: S,
    limits: Arc<Limits>,
    /// What is still to be written in place of a bare answer.
    instead: Option<Bytes>,
}

impl<S: AsyncWrite + Unpin> Worded<S> {
    pub(super) fn new(stream: S, limits: Arc<Limits>) -> Self {
        Self { stream, limits, instead: None }
    }

    /// Writes all of what stands for `answer`; then `answer` counts as written.
    fn poll_instead(&mut self, cx: &mut Context<'_>, answer: &[u8]) -> Poll<io::Result<usize>> {
        while let Some(rest) = &mut self.instead {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let _ = rest.split_to(written);
            if rest.is_empty() {
                self.instead = None;
            }
        }
        Poll::Ready(Ok(answer.len()))
    }

    /// Whether `answer` is a bare one, or one whose place is being written already.
    fn is_bare(&mut self, answer: &[u8]) -> bool {
        if self.instead.is_none() {
            self.instead = in_words(answer, &self.limits);
        }
        self.instead.is_some()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Worded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Worded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_bare(data) {
            return self.poll_instead(cx, data);
        }
        Pin::new(&mut self.stream).poll_write(cx, data)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [only] = data
            && self.is_bare(only)
        {
            return self.poll_instead(cx, only);
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, data)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
