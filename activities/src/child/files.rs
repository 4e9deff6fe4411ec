//! Plain files as source and sink, for `lockgate convert`.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::spawn_blocking;

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

/// A file to write to. Whoever opened it decides what becomes of it when the work fails.
pub struct FileSink {
    file: Arc<File>,
    written: u64,
}

impl FileSink {
    /// Writes from the beginning of `file`, which is empty.
    pub fn new(file: File) -> Self {
        Self { file: Arc::new(file), written: 0 }
    }

    /// How many bytes were written, and the file, synced to the disk.
    pub async fn finish(self) -> io::Result<u64> {
        let Self { file, written } = self;
        blocking(move || file.sync_all()).await?;
        Ok(written)
    }
}

impl AsyncSink for FileSink {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        let (file, offset) = (Arc::clone(&self.file), self.written);
        self.written += bytes.len() as u64;
        blocking(move || file.write_all_at(&bytes, offset)).await
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
