//! A connection with a clock: it is closed when its client is silent in a phase that must not be silent.
//!
//! Waiting for a request, the clock first waits for one byte (short on a fresh connection, longer on a kept one), then
//! for the whole head, dripped or not. While a request is being worked on, reading has no limit here (the body has its
//! own, and an event stream reads nothing for hours); writing is cut off when the client takes nothing for too long.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::Limits;

/// Whether a request of this connection is being worked on, and how many there were.
#[derive(Clone, Debug, Default)]
pub(super) struct Busy(Arc<BusyState>);

#[derive(Debug, Default)]
struct BusyState {
    working: AtomicBool,
    requests: AtomicU64,
}

impl Busy {
    /// The head of a request has come in; until what this returns is dropped, it is being worked on.
    pub(super) fn begin(&self) -> Working {
        self.0.requests.fetch_add(1, Ordering::SeqCst);
        self.0.working.store(true, Ordering::SeqCst);
        Working(self.clone())
    }
}

pub(super) struct Working(Busy);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.0.working.store(false, Ordering::SeqCst);
    }
}

/// An answer's body; the work on the request ends with it.
pub(super) struct BusyBody<B> {
    body: Pin<Box<B>>,
    _working: Working,
}

impl<B> BusyBody<B> {
    pub(super) fn new(body: B, working: Working) -> Self {
        Self { body: Box::pin(body), _working: working }
    }
}

impl<B: Body> Body for BusyBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.body.as_mut().poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

pub(super) struct Paced<S> {
    stream: S,
    limits: Arc<Limits>,
    busy: Busy,
    /// How many requests there were when the read clock was set.
    requests: u64,
    in_head: bool,
    reading: Clock,
    writing: Clock,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Paced<S> {
    pub(super) fn new(stream: S, limits: Arc<Limits>, busy: Busy) -> Self {
        let (reading, writing) = (Clock::default(), Clock::default());
        Self { stream, limits, busy, requests: 0, in_head: false, reading, writing }
    }

    /// Runs `write` on the stream, and the write clock while it cannot go on.
    fn poll_writing<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match write(Pin::new(&mut self.stream), cx) {
            Poll::Ready(result) => {
                self.writing.stop();
                Poll::Ready(result)
            }
            Poll::Pending => {
                self.writing.start_if_stopped(self.limits.write_stall);
                ready!(self.writing.poll(cx));
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes no answer")))
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.busy.0.working.load(Ordering::SeqCst) {
            this.reading.stop();
            return Pin::new(&mut this.stream).poll_read(cx, buffer);
        }
        let requests = this.busy.0.requests.load(Ordering::SeqCst);
        if !this.reading.is_running() || requests != this.requests {
            this.requests = requests;
            this.in_head = false;
            let first = requests == 0;
            this.reading.start(if first { this.limits.first_byte } else { this.limits.keep_alive });
        }
        if this.reading.poll(cx).is_ready() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client sends no request")));
        }
        let filled = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        if !this.in_head && buffer.filled().len() > filled {
            this.in_head = true;
            this.reading.start(this.limits.head);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_writing(cx, |stream, cx| stream.poll_write(cx, data))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_writing(cx, |stream, cx| stream.poll_write_vectored(cx, data))
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

/// A deadline that can be off.
#[derive(Default)]
struct Clock(Option<Pin<Box<Sleep>>>);

impl Clock {
    fn is_running(&self) -> bool {
        self.0.is_some()
    }

    fn start(&mut self, limit: Duration) {
        match &mut self.0 {
            Some(sleep) => sleep.as_mut().reset(Instant::now() + limit),
            None => self.0 = Some(Box::pin(tokio::time::sleep(limit))),
        }
    }

    fn start_if_stopped(&mut self, limit: Duration) {
        if !self.is_running() {
            self.start(limit);
        }
    }

    fn stop(&mut self) {
        self.0 = None;
    }

    /// Ready once the deadline has passed; never while it is off.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().map_or(Poll::Pending, |sleep| sleep.as_mut().poll(cx))
    }
}
