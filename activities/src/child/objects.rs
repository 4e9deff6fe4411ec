//! Objects of the store as source and sink of a child's work.

use std::io;

use bytes::Bytes;
use tokio::sync::Mutex;

use super::{AsyncSink, AsyncSource, Failure};
use crate::failure;
use crate::objects::{self, Sink, Source};

/// An object to read from. One child reads at a time, so that the lock never waits.
pub struct ObjectSource {
    object: Mutex<Source>,
    length: u64,
}

impl ObjectSource {
    pub fn new(object: Source) -> Self {
        Self { length: object.size(), object: Mutex::new(object) }
    }
}

impl AsyncSource for ObjectSource {
    fn len(&self) -> u64 {
        self.length
    }

    async fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        self.object.lock().await.read_at(offset, length).await.map_err(carried)
    }
}

impl AsyncSink for Sink {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        Self::write(self, bytes).await.map_err(carried)
    }

    async fn patch(&mut self, offset: u64, bytes: Bytes) -> io::Result<()> {
        Self::patch(self, offset, &bytes).map_err(carried)
    }
}

/// The store's error goes through the child's failure unharmed.
fn carried(error: objects::Error) -> io::Error {
    Failure::carrying(failure::Failure::from(error).problem)
}
