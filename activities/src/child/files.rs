//! Plain files as source and sink, for `lockgate convert`.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{AsyncSink, AsyncSource};

/// A file to read from.
pub struct FileSource {
    path: PathBuf,
    file: Arc<File>,
    length: u64,
}

impl FileSource {
    pub async fn open(path: &Path) -> io::Result<Self> {
        let path = path.to_owned();
        blocking(move || {
            let file = File::open(&path)?;
            let length = file.metadata()?.len();
            Ok(Self { path, file: Arc::new(file), length })
        })
        .await
    }
}

impl AsyncSource for FileSource {
    fn len(&self) -> u64 {
        self.length
    }

    fn path(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn file(&self) -> Option<&File> {
        Some(&self.file)
    }

    async fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let file = Arc::clone(&self.file);
        blocking(move || {
            let mut bytes = vec![0; length];
            let mut filled = 0;
            while filled < length {
                match file.read_at(&mut bytes[filled..], offset + filled as u64)? {
                    0 => break,
                    more => filled += more,
                }
            }
            bytes.truncate(filled);
            Ok(Bytes::from(bytes))
        })
        .await
    }
}

/// A file to write to. Whoever opened it decides what becomes of it when the work fails. The disk gets what is written while
/// more is made, so that little is left to wait for at the end.
pub struct FileSink {
    file: Arc<File>,
    written: u64,
    /// So much was written when the disk was last given what there is.
    synced: u64,
    syncing: Option<JoinHandle<io::Result<()>>>,
}

/// The disk is given so much at a time.
const SYNCED_AT_ONCE: u64 = 8 << 20;

impl FileSink {
    /// Writes from the beginning of `file`, which is empty.
    pub fn new(file: File) -> Self {
        Self { file: Arc::new(file), written: 0, synced: 0, syncing: None }
    }

    /// How many bytes were written, and the file, synced to the disk.
    pub async fn finish(mut self) -> io::Result<u64> {
        self.synced_so_far().await?;
        let Self { file, written, .. } = self;
        blocking(move || file.sync_all()).await?;
        Ok(written)
    }

    /// Waits for what the disk was given. What that failed over is told once, to whoever asked first.
    async fn synced_so_far(&mut self) -> io::Result<()> {
        match self.syncing.take() {
            Some(syncing) => syncing.await.map_err(io::Error::other)?,
            None => Ok(()),
        }
    }

    async fn sync_meanwhile(&mut self) -> io::Result<()> {
        let is_busy = self.syncing.as_ref().is_some_and(|syncing| !syncing.is_finished());
        if is_busy || self.written - self.synced < SYNCED_AT_ONCE {
            return Ok(());
        }
        self.synced_so_far().await?;
        let file = Arc::clone(&self.file);
        self.synced = self.written;
        self.syncing = Some(spawn_blocking(move || file.sync_data()));
        Ok(())
    }
}

impl AsyncSink for FileSink {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        let (file, offset) = (Arc::clone(&self.file), self.written);
        self.written += bytes.len() as u64;
        blocking(move || file.write_all_at(&bytes, offset)).await?;
        self.sync_meanwhile().await
    }

    async fn patch(&mut self, offset: u64, bytes: Bytes) -> io::Result<()> {
        let file = Arc::clone(&self.file);
        blocking(move || file.write_all_at(&bytes, offset)).await
    }
}

/// Does on another thread what would hold this one up.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}
