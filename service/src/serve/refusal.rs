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
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Limits, STRICT_TRANSPORT};

/// What hyper answers to what it cannot parse.
const BY_HYPER: [StatusCode; 3] =
    [StatusCode::BAD_REQUEST, StatusCode::URI_TOO_LONG, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE];

/// How a listener refuses. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Refusals {
    /// Which it names.
    limits: Arc<Limits>,
    over_https: bool,
}

impl Refusals {
    pub(super) fn new(limits: Arc<Limits>, over_https: bool) -> Self {
        Self { limits, over_https }
    }

    /// The answer with this status.
    pub(super) fn of(&self, status: StatusCode) -> Response<Bytes> {
        let (slug, detail, limit) = match status {
            StatusCode::URI_TOO_LONG => {
                ("uri-too-long", "The request target is too long.", Some(self.limits.uri_bytes))
            }
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (
                "head-too-large",
                "The request's head is too large, or has too many fields.",
                Some(self.limits.head_bytes),
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
        self.protect(response.headers_mut());
        let id = HeaderValue::from_str(&request_id).expect("an id is of visible ASCII");
        response.headers_mut().insert("x-request-id", id);
        response
    }

    fn protect(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let sandbox = HeaderValue::from_static("sandbox; default-src 'none'");
        headers.insert(header::CONTENT_SECURITY_POLICY, sandbox);
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if self.over_https {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(STRICT_TRANSPORT));
        }
    }

    /// What stands for a bare answer, as it goes over the wire.
    fn in_words(&self, answer: &[u8]) -> Option<Bytes> {
        let response = self.of(bare_status(answer)?);
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

/// A connection on which no answer is bare.
pub(super) struct Worded<S> {
    stream: S,
    refusals: Refusals,
    /// What is still to be written in place of a bare answer.
    instead: Option<Bytes>,
}

impl<S: AsyncWrite + Unpin> Worded<S> {
    pub(super) fn new(stream: S, refusals: Refusals) -> Self {
        Self { stream, refusals, instead: None }
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
            self.instead = self.refusals.in_words(answer);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn worded(over_https: bool, answer: &str) -> Option<String> {
        let words = Refusals::new(Arc::default(), over_https).in_words(answer.as_bytes());
        words.map(|words| String::from_utf8(words.to_vec()).unwrap())
    }

    #[test]
    fn a_bare_answer_is_put_into_words_that_know_of_tls() {
        const HSTS: &str = "\r\nstrict-transport-security: max-age=63072000; includeSubDomains\r\n";
        for status in ["400 Bad Request", "414 URI Too Long", "431 Request Header Fields Too Large"] {
            let bare = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            let (over_tls, plain) = (worded(true, &bare).unwrap(), worded(false, &bare).unwrap());
            assert!(over_tls.starts_with(&bare[..12]) && over_tls.contains(HSTS), "{over_tls}");
            assert!(plain.contains("\r\nx-content-type-options: nosniff\r\n"), "{plain}");
            assert!(!plain.contains("strict-transport"), "nobody who comes without TLS is told: {plain}");
        }
        assert_eq!(worded(true, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), None);
    }
}
