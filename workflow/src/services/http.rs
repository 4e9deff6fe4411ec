//! One request to a service and its answer, bounded in time and size. Connections are kept, proxies of the environment are
//! not asked, redirects are not followed: a task goes where it was configured to go and nowhere else.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use url::Url;

/// The longest answer that is read. Lambda gives six megabytes at most; more than 256 KiB no state can take anyway.
const MAX_ANSWER: usize = 8 << 20;

/// Connections without work are kept for so long: shorter than the usual server keeps them, so that none is used that is
/// just being closed.
const IDLE: Duration = Duration::from_secs(20);

/// How long a service may take. Every field is a limit that a test can make short.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until the connection stands.
    pub connect: Duration,
    /// From the request to the last byte of a function's answer; a function runs for a quarter of an hour at most.
    pub function: Duration,
    /// The same of any other service; a long poll takes 20 seconds.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            function: Duration::from_secs(15 * 60 + 10),
            answer: Duration::from_secs(60),
        }
    }
}

pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// The answer that a service of this process would give over HTTP.
    pub(super) fn of_json(request: uuid::Uuid, body: String) -> Self {
        let id = HeaderValue::from_str(&request.to_string()).unwrap_or(HeaderValue::from_static("none"));
        let headers = HeaderMap::from_iter([
            (header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0")),
            (header::CONTENT_LENGTH, body.len().into()),
            (HeaderName::from_static("x-amzn-requestid"), id),
        ]);
        Self { status: 200, headers, body: body.into() }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Why there is no answer, in the words of the SDK that Step Functions itself uses.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Silence {
    #[error("Unable to execute HTTP request: Connect to {to} failed: {why}")]
    Connect { to: String, why: String },
    #[error("Unable to execute HTTP request: Read timed out")]
    TimedOut,
    #[error("Unable to execute HTTP request: {0}")]
    Broken(String),
    #[error("Unable to unmarshall response: it is longer than {MAX_ANSWER} bytes")]
    TooLong,
}

pub(super) struct Http {
    client: reqwest::Client,
}

impl Http {
    pub(super) fn new(patience: &Patience) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .http1_only()
            .tcp_nodelay(true)
            .connect_timeout(patience.connect)
            .pool_idle_timeout(IDLE)
            .build()?;
        Ok(Self { client })
    }

    pub(super) async fn send(&self, request: Request, within: Duration) -> Result<Answer, Silence> {
        let whole = async { self.open(request, within).await?.whole().await };
        tokio::time::timeout(within, whole).await.map_err(|_| Silence::TimedOut)?
    }

    /// An answer whose content is still to come. `within` is for its head, and for each piece of it.
    pub(super) async fn open(&self, request: Request, within: Duration) -> Result<Opened, Silence> {
        let Request { method, url, headers, body } = request;
        let to = url.authority().to_owned();
        let asked = self.client.request(method, url).headers(headers).body(body).send();
        let asked = tokio::time::timeout(within, asked).await.map_err(|_| Silence::TimedOut)?;
        let response = asked.map_err(|error| silence(&error, &to))?;
        Ok(Opened { response, to, within })
    }
}

pub(super) struct Opened {
    response: reqwest::Response,
    to: String,
    within: Duration,
}

impl Opened {
    pub(super) fn is_success(&self) -> bool {
        self.response.status().is_success()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// The content as it comes.
    pub(super) fn content(self) -> impl Stream<Item = Result<Bytes, Silence>> + Send + 'static {
        futures::stream::try_unfold(self, |mut opened| async move {
            Ok(opened.next().await?.map(|piece| (piece, opened)))
        })
    }

    /// The answer with all of its content.
    pub(super) async fn whole(mut self) -> Result<Answer, Silence> {
        let (status, headers) =
            (self.response.status().as_u16(), std::mem::take(self.response.headers_mut()));
        let mut body = Vec::new();
        while let Some(piece) = self.next().await? {
            if body.len() + piece.len() > MAX_ANSWER {
                return Err(Silence::TooLong);
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status, headers, body: body.into() })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Silence> {
        let piece = tokio::time::timeout(self.within, self.response.chunk()).await;
        piece.map_err(|_| Silence::TimedOut)?.map_err(|error| silence(&error, &self.to))
    }
}

fn silence(error: &reqwest::Error, to: &str) -> Silence {
    if error.is_connect() {
        Silence::Connect { to: to.to_owned(), why: root(error) }
    } else if error.is_timeout() {
        Silence::TimedOut
    } else {
        Silence::Broken(root(error))
    }
}

/// What is at the bottom of an error: the layers above it only say that something failed.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
