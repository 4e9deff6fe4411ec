//! A request's body that must come at a certain pace. Only the time we wait for the client counts: a handler that takes
//! its time with what has come costs the client nothing.
//!
//! The client has a store of patience, full at first. Waiting empties it; bytes fill it again, but never above what it was
//! at first: who sent much and quickly may not be silent for longer than anybody else.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::Limits;

#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("the request's body comes too slowly")]
    TooSlow,
    #[error("the request's body broke off")]
    Broken(#[source] hyper::Error),
}

pub struct RequestBody {
    body: Incoming,
    grace: Duration,
    bytes_per_second: u64,
    /// How much longer the client may keep us waiting, as of the beginning of the present wait.
    patience: Duration,
    wait: Option<Wait>,
}

struct Wait {
    since: Instant,
    deadline: Pin<Box<Sleep>>,
}

impl RequestBody {
    pub(super) fn new(body: Incoming, limits: &Limits) -> Self {
        Self {
            body,
            grace: limits.body_grace,
            bytes_per_second: limits.body_bytes_per_second.max(1),
            patience: limits.body_grace,
            wait: None,
        }
    }

    /// What `length` bytes are worth to us.
    fn earn(&mut self, length: usize) {
        let micros = (length as u64).saturating_mul(1_000_000) / self.bytes_per_second;
        self.patience = self.patience.saturating_add(Duration::from_micros(micros)).min(self.grace);
    }

    fn poll_too_slow(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience;
        let wait = self.wait.get_or_insert_with(|| Wait {
            since: Instant::now(),
            deadline: Box::pin(tokio::time::sleep(patience)),
        });
        wait.deadline.as_mut().poll(cx)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Pending => self.poll_too_slow(cx).map(|()| Some(Err(BodyError::TooSlow))),
            Poll::Ready(frame) => {
                if let Some(wait) = self.wait.take() {
                    self.patience = self.patience.saturating_sub(wait.since.elapsed());
                }
                if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
                    self.earn(data.len());
                }
                Poll::Ready(frame.map(|frame| frame.map_err(BodyError::Broken)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
