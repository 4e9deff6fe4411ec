//! Several results of one piece of work, written one after the other, a sink each.

use std::io;

use bytes::Bytes;

use super::{AsyncSink, Failure};

pub struct Sequence<S> {
    sinks: Vec<S>,
    at: usize,
}

impl<S> Sequence<S> {
    pub fn new(sinks: Vec<S>) -> Self {
        Self { sinks, at: 0 }
    }

    /// All sinks, to be finished. A worker that has ended without beginning each of them has not done its work.
    pub fn all(self) -> Result<Vec<S>, Failure> {
        if self.at + 1 == self.sinks.len() {
            return Ok(self.sinks);
        }
        let what = format!("{} results were wanted, and {} came", self.sinks.len(), self.at + 1);
        Err(Failure::Garbled { what })
    }

    fn present(&mut self) -> io::Result<&mut S> {
        self.sinks.get_mut(self.at).ok_or_else(|| io::ErrorKind::Unsupported.into())
    }
}

impl<S: AsyncSink> AsyncSink for Sequence<S> {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        self.present()?.write(bytes).await
    }

    async fn next(&mut self) -> io::Result<()> {
        if self.at + 1 >= self.sinks.len() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.at += 1;
        Ok(())
    }

    async fn patch(&mut self, offset: u64, bytes: Bytes) -> io::Result<()> {
        self.present()?.patch(offset, bytes).await
    }
}
