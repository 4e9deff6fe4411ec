//! Where media bytes come from: [`ReadAt`], and the adapter that gives it to symphonia as a stream with read-ahead.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex};

use symphonia::core::io::MediaSource;

/// Bytes of a known length that can be read anywhere. A read may return less than asked, and 0 only at the end.
pub trait ReadAt: Send + Sync {
    fn len(&self) -> u64;

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl ReadAt for [u8] {
    fn len(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        let length = buffer.len().min(self.len() - start);
        buffer[..length].copy_from_slice(&self[start..start + length]);
        Ok(length)
    }
}

impl ReadAt for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(offset, buffer)
    }
}

impl<R: ReadAt + ?Sized> ReadAt for &R {
    fn len(&self) -> u64 {
        (**self).len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, buffer)
    }
}

impl<R: ReadAt + ?Sized> ReadAt for Arc<R> {
    fn len(&self) -> u64 {
        (**self).len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, buffer)
    }
}

/// Fills as much of `buffer` as the source has from `offset` on; returns how much.
pub(crate) fn read_up_to(source: &dyn ReadAt, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read_at(offset + filled as u64, &mut buffer[filled..])? {
            0 => break,
            more => filled += more,
        }
    }
    Ok(filled)
}

/// A source that remembers its first error. Demuxers swallow IO errors or take them for the end of the file; whoever
/// asks [`Watched::failure`] afterwards can tell a file that ended from one that could not be read.
pub(crate) struct Watched<R> {
    source: R,
    failure: Mutex<Option<String>>,
}

impl<R: ReadAt> Watched<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source, failure: Mutex::new(None) }
    }

    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.lock().expect("nothing panics while it holds this lock").clone()
    }
}

impl<R: ReadAt> ReadAt for Watched<R> {
    fn len(&self) -> u64 {
        self.source.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.read_at(offset, buffer).inspect_err(|error| {
            let mut failure = self.failure.lock().expect("nothing panics while it holds this lock");
            failure.get_or_insert_with(|| error.to_string());
        })
    }
}

const FIRST_READ: usize = 32 * 1024;
const LARGEST_READ: usize = 256 * 1024;

/// A position and a read-ahead buffer over a [`ReadAt`]. Reads grow while they are sequential and start small again
/// after a jump, so that a walk over the boxes of a film does not fetch the film.
pub(crate) struct ReadAhead<R> {
    source: R,
    position: u64,
    buffer: Vec<u8>,
    /// Where the buffer's first byte lies in the source.
    buffer_start: u64,
    next_read: usize,
}

impl<R: ReadAt> ReadAhead<R> {
    pub(crate) fn new(source: R) -> Self {
        Self::starting_at(source, 0)
    }

    pub(crate) fn starting_at(source: R, position: u64) -> Self {
        Self { source, position, buffer: Vec::new(), buffer_start: position, next_read: FIRST_READ }
    }

    fn buffered(&self) -> &[u8] {
        self.position
            .checked_sub(self.buffer_start)
            .and_then(|skip| usize::try_from(skip).ok())
            .and_then(|skip| self.buffer.get(skip..))
            .unwrap_or_default()
    }

    fn refill(&mut self) -> io::Result<()> {
        let sequential = self.position == self.buffer_start + self.buffer.len() as u64;
        self.next_read = if sequential { (self.next_read * 2).min(LARGEST_READ) } else { FIRST_READ };
        self.buffer.resize(self.next_read, 0);
        self.buffer_start = self.position;
        let filled = self.source.read_at(self.position, &mut self.buffer);
        self.buffer.truncate(*filled.as_ref().unwrap_or(&0));
        filled.map(|_| ())
    }
}

impl<R: ReadAt> Read for ReadAhead<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.buffered().is_empty() && self.position < self.source.len() {
            self.refill()?;
        }
        let ready = self.buffered();
        let length = ready.len().min(out.len());
        out[..length].copy_from_slice(&ready[..length]);
        self.position += length as u64;
        Ok(length)
    }
}

impl<R: ReadAt> Seek for ReadAhead<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
            SeekFrom::End(delta) => self.source.len().checked_add_signed(delta),
        };
        self.position = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}

impl<R: ReadAt> MediaSource for ReadAhead<R> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.source.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_jumps_like_a_cursor() {
        let bytes: Vec<u8> =
            (0..1_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let mut ahead = ReadAhead::new(&bytes);
        let mut cursor = io::Cursor::new(&bytes);
        let jumps = [
            SeekFrom::Start(0),
            SeekFrom::Current(300_000),
            SeekFrom::End(-10),
            SeekFrom::Start(5),
            SeekFrom::Current(-3),
            SeekFrom::End(10),
        ];
        for jump in jumps {
            assert_eq!(ahead.seek(jump).unwrap(), cursor.seek(jump).unwrap());
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            (&mut ahead).take(70_000).read_to_end(&mut ours).unwrap();
            (&mut cursor).take(70_000).read_to_end(&mut theirs).unwrap();
            assert_eq!(ours, theirs);
        }
        assert!(ahead.seek(SeekFrom::Start(0)).is_ok());
        assert!(ahead.seek(SeekFrom::Current(-1)).is_err());
    }
}
