//! A file of ours, put into the store.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::child::files::FileSource;
use crate::child::{self, AsyncSource};
use crate::failure::Failure;
use crate::objects::{Sink, Written};

/// How much of it is read at a time.
const PORTION: usize = 1 << 20;

/// Answers what was stored, and the SHA-256 of what was sent.
pub(crate) async fn store_file(path: &Path, mut sink: Sink) -> Result<(Written, String), Failure> {
    let scratch = |error| Failure::from(child::Failure::Sink(error));
    let file = FileSource::open(path).await.map_err(scratch)?;
    let (mut digest, mut offset) = (Sha256::new(), 0);
    while offset < file.len() {
        let bytes = file.read_at(offset, PORTION).await.map_err(scratch)?;
        if bytes.is_empty() {
            return Err(scratch(std::io::ErrorKind::UnexpectedEof.into()));
        }
        digest.update(&bytes);
        offset += bytes.len() as u64;
        sink.write(bytes).await?;
    }
    Ok((sink.finish().await?, hex::encode(digest.finalize())))
}
