//! Bytes out of held files, never passed off as good when they are not.
//!
//! What is given out has been checked, block by block: a damaged block is an error, before the answer begins where it lies
//! in what the answer begins with, and else a connection that breaks off short of the announced length. A file that is read
//! whole is hashed as well, and its last bytes are held back until the hash is right. A read in progress holds its files,
//! so that it survives an overwrite or a deletion.

use std::collections::VecDeque;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, stream};
use s3s::dto::StreamingBlob;
use sha2::{Digest, Sha256};

use super::blocks::BLOCK;
use super::buffers::Buffers;
use super::error::Error;
use super::files::{Files, Hold};
use super::receive::blocking;
use super::rows::Segment;

/// So much is read and checked at once, and before the answer begins. Whoever asks for no more is answered or refused, never
/// cut off: the client of the activities reads a megabyte at a time, and has it as it was read.
pub(super) const CHUNK: u64 = 16 * BLOCK;

/// A range of an object being read, one chunk at a time.
pub(super) struct Reading {
    files: Arc<Files>,
    ahead: VecDeque<Stretch>,
    current: Option<Current>,
}

/// The part of a segment that lies in the range.
struct Stretch {
    hold: Hold,
    segment: Segment,
    bytes: Range<u64>,
}

struct Current {
    file: File,
    buffers: Buffers,
    stretch: Stretch,
    /// Present when the whole segment is read.
    hash: Option<Sha256>,
}

impl Reading {
    pub(super) fn new(
        files: Arc<Files>,
        segments: Vec<Segment>,
        holds: VecDeque<Hold>,
        range: Range<u64>,
    ) -> Self {
        let mut start = 0;
        let mut ahead = VecDeque::new();
        for (segment, hold) in segments.into_iter().zip(holds) {
            let end = start + segment.size;
            let (from, to) = (range.start.max(start), range.end.min(end));
            if from < to {
                ahead.push_back(Stretch { hold, segment, bytes: from - start..to - start });
            }
            start = end;
        }
        Self { files, ahead, current: None }
    }

    pub(super) async fn into_body(self) -> Result<StreamingBlob, Error> {
        let (beforehand, rest) = blocking(|| self.begin()).await?;
        let rest = stream::try_unfold(rest, |reading| async {
            let (chunk, reading) = reading.step().await.inspect_err(|error| {
                tracing::error!(error = error as &dyn std::error::Error, "a read breaks off");
            })?;
            Ok(chunk.map(|chunk| (chunk, reading)))
        });
        let beforehand = beforehand.into_iter().map(Ok::<_, Error>);
        Ok(StreamingBlob::wrap(stream::iter(beforehand).chain(rest)))
    }

    /// What is read before the answer begins.
    fn begin(mut self) -> Result<(Vec<Bytes>, Self), Error> {
        let (mut chunks, mut length) = (Vec::new(), 0);
        while length < CHUNK
            && let Some(chunk) = self.next()?
        {
            length += chunk.len() as u64;
            chunks.push(chunk);
        }
        Ok((chunks, self))
    }

    async fn step(mut self) -> Result<(Option<Bytes>, Self), Error> {
        blocking(move || Ok((self.next()?, self))).await
    }

    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let current = match &mut self.current {
            Some(current) => current,
            none => {
                let Some(stretch) = self.ahead.pop_front() else { return Ok(None) };
                none.insert(Current::open(&self.files, stretch)?)
            }
        };
        let chunk = current.read()?;
        if current.stretch.bytes.is_empty() {
            self.current = None;
        }
        Ok(Some(chunk))
    }
}

impl Current {
    fn open(files: &Files, stretch: Stretch) -> Result<Self, Error> {
        let file = files.read(stretch.hold.name(), stretch.segment.size)?;
        let is_whole = stretch.bytes == (0..stretch.segment.size);
        let buffers = files.buffers.clone();
        let current = Self { file, buffers, stretch, hash: is_whole.then(Sha256::new) };
        if current.stretch.segment.blocks.is_empty() && !is_whole {
            current.check_whole()?;
        }
        Ok(current)
    }

    /// The next chunk. The last one of a whole segment is given out only if the hash is right.
    fn read(&mut self) -> Result<Bytes, Error> {
        let Range { start, end } = self.stretch.bytes;
        let first = start / BLOCK;
        let end = end.min((start + CHUNK).next_multiple_of(BLOCK));
        let blocks = first * BLOCK..end.next_multiple_of(BLOCK).min(self.stretch.segment.size);
        let bytes = self.bytes(&blocks)?;
        let known = &self.stretch.segment.blocks;
        if !known.is_empty() && !known.are_of(first, &bytes) {
            return Err(self.corrupt("the checksum of a block differs"));
        }
        let chunk = bytes.slice((start - blocks.start) as usize..(end - blocks.start) as usize);
        self.stretch.bytes.start = end;
        if let Some(hash) = &mut self.hash {
            hash.update(&chunk);
            let is_last = self.stretch.bytes.is_empty();
            if is_last && hash.clone().finalize()[..] != self.stretch.segment.sha256 {
                return Err(self.corrupt("its SHA-256 differs"));
            }
        }
        Ok(chunk)
    }

    /// A file from before there were checksums of blocks can be trusted only as a whole.
    fn check_whole(&self) -> Result<(), Error> {
        let size = self.stretch.segment.size;
        let mut hash = Sha256::new();
        for start in (0..size).step_by(CHUNK as usize) {
            hash.update(self.bytes(&(start..(start + CHUNK).min(size)))?);
        }
        if hash.finalize()[..] != self.stretch.segment.sha256 {
            return Err(self.corrupt("its SHA-256 differs"));
        }
        Ok(())
    }

    fn bytes(&self, range: &Range<u64>) -> Result<Bytes, Error> {
        let length = (range.end - range.start) as usize;
        let read = self.buffers.filled(length, |bytes| self.file.read_exact_at(bytes, range.start));
        read.map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => self.corrupt("it is cut short"),
            _ => Error::file(&self.stretch.segment.file, error),
        })
    }

    fn corrupt(&self, what: &'static str) -> Error {
        Error::Corrupt { name: self.stretch.segment.file.clone(), what }
    }
}
