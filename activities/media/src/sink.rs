//! Where media bytes go.

use std::io;

/// A result written front to back, of which only the beginning can be changed afterwards: an uploader holds back its
/// first part and sends it last.
pub trait Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Ends this result and begins the next.
    fn next(&mut self) -> io::Result<()>;

    /// Overwrites bytes that were written before; they lie within the first [`PATCHABLE`] bytes.
    fn patch(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
}

/// How far into the result a patch may reach.
pub const PATCHABLE: u64 = 1 << 20;

/// One result, in memory.
impl Sink for Vec<u8> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn next(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn patch(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        usize::try_from(offset)
            .ok()
            .and_then(|start| self.get_mut(start..start.checked_add(bytes.len())?))
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?
            .copy_from_slice(bytes);
        Ok(())
    }
}
