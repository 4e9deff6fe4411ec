//! Buffers for what is read, used again: memory that is new comes from the kernel page by page, each cleared and charged,
//! which takes as long as to read a file into it.
//!
//! Not here: small ones, which the allocator keeps by itself.

use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;

use super::blocks::BLOCK;
use super::reading::CHUNK;

/// Bytes of each: a chunk, and the rest of the blocks that it begins and ends in.
const LENGTH: usize = (CHUNK + 2 * BLOCK) as usize;

/// Less than this is not worth a whole one.
const LEAST: usize = LENGTH / 4;

/// How many wait to be used again: more than read at once, mostly.
const KEPT: usize = 4;

#[derive(Clone, Default)]
pub(super) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    /// `length` bytes as `fill` leaves them, which must overwrite them all: another read may have left something there.
    pub(super) fn filled<E>(
        &self,
        length: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Bytes, E> {
        if !(LEAST..=LENGTH).contains(&length) {
            let mut bytes = vec![0; length];
            fill(&mut bytes)?;
            return Ok(bytes.into());
        }
        let mut lent = Lent { bytes: self.take(), length, home: self.clone() };
        fill(&mut lent.bytes[..length])?;
        Ok(Bytes::from_owner(lent))
    }

    fn take(&self) -> Vec<u8> {
        self.kept().pop().unwrap_or_else(|| vec![0; LENGTH])
    }

    fn give_back(&self, bytes: Vec<u8>) {
        let mut kept = self.kept();
        if kept.len() < KEPT {
            kept.push(bytes);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().expect("nothing panics while it holds them")
    }
}

/// A buffer that goes back once nobody reads it any more.
struct Lent {
    bytes: Vec<u8>,
    length: usize,
    home: Buffers,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.home.give_back(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(buffers: &Buffers, length: usize, with: u8) -> Bytes {
        let fill = |bytes: &mut [u8]| {
            bytes.fill(with);
            Ok::<_, ()>(())
        };
        buffers.filled(length, fill).unwrap()
    }

    #[test]
    fn a_buffer_is_used_again_once_nobody_reads_it() {
        let buffers = Buffers::default();
        let first = filled(&buffers, LENGTH, 1);
        let slice = first.slice(7..9);
        let place = first.as_ptr();
        drop(first);
        assert_ne!(filled(&buffers, LEAST, 2).as_ptr(), place, "a slice of it is read still");
        assert_eq!(slice[..], [1, 1]);
        drop(slice);
        let second = filled(&buffers, LEAST, 3);
        assert_eq!((second.as_ptr(), second.len()), (place, LEAST));
        assert!(second.iter().all(|byte| *byte == 3), "nothing of another read");
    }

    #[test]
    fn no_more_are_kept_than_are_used_at_a_time() {
        let buffers = Buffers::default();
        drop((0..9).map(|with| filled(&buffers, LENGTH, with)).collect::<Vec<_>>());
        assert_eq!(buffers.kept().len(), KEPT);
        assert_eq!(buffers.filled(LENGTH, |_| Err("unreadable")), Err("unreadable"));
        assert_eq!(buffers.kept().len(), KEPT, "one that was not filled goes back too");
        assert_eq!(filled(&buffers, LEAST - 1, 5).len(), LEAST - 1, "a small one is no whole one");
        assert_eq!(buffers.kept().len(), KEPT);
    }
}
