//! A file that is elsewhere, so that everything of it has to be fetched.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use activities::child::AsyncSource;
use activities::child::files::FileSource;
use bytes::Bytes;

/// It has no path, and what is fetched of it is counted.
pub struct Remote {
    file: FileSource,
    fetched: AtomicU64,
}

impl Remote {
    pub async fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: FileSource::open(path).await?, fetched: AtomicU64::new(0) })
    }

    pub fn fetched(&self) -> u64 {
        self.fetched.load(Ordering::Relaxed)
    }
}

impl AsyncSource for Remote {
    fn len(&self) -> u64 {
        self.file.len()
    }

    async fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let bytes = self.file.read_at(offset, length).await?;
        self.fetched.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}
