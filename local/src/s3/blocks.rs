//! A checksum for each block of a file, beside its row: so a range can be trusted without reading the whole.
//!
//! CRC-32 finds every flipped bit, every three of them and every burst of up to 32 in a block; the SHA-256 of the whole
//! file, taken by whoever reads it whole, finds what remains. Not here: who reads and writes the blocks.

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef};

/// What is checked at once. A jump in a file reads at most one block too much at each end.
pub(super) const BLOCK: u64 = 64 * 1024;

const WIDTH: usize = size_of::<u32>();

/// The checksums of a file's blocks, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Blocks(Vec<u8>);

impl Blocks {
    /// A file that was stored before there were checksums of blocks, or an empty one.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether `bytes`, which begin at the start of block `first` and end with a block or the file, are what was stored.
    pub(super) fn are_of(&self, first: u64, bytes: &[u8]) -> bool {
        let known = usize::try_from(first).ok().and_then(|first| self.0.get(first * WIDTH..));
        let mut known = known.unwrap_or_default().chunks_exact(WIDTH);
        bytes
            .chunks(BLOCK as usize)
            .all(|block| known.next().is_some_and(|sum| sum == crc32fast::hash(block).to_be_bytes()))
    }
}

impl ToSql for Blocks {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl FromSql for Blocks {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Vec::column_result(value).map(Self)
    }
}

/// Blocks being summed as their bytes come.
#[derive(Default)]
pub(super) struct Summing {
    done: Vec<u8>,
    block: crc32fast::Hasher,
    filled: u64,
}

impl Summing {
    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = (BLOCK - self.filled) as usize;
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.block.update(now);
            self.filled += now.len() as u64;
            if self.filled == BLOCK {
                self.end_block();
            }
            bytes = later;
        }
    }

    pub(super) fn finish(mut self) -> Blocks {
        if self.filled > 0 {
            self.end_block();
        }
        Blocks(self.done)
    }

    fn end_block(&mut self) {
        let sum = std::mem::take(&mut self.block).finalize();
        self.done.extend_from_slice(&sum.to_be_bytes());
        self.filled = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(bytes: &[u8], portion: usize) -> Blocks {
        let mut summing = Summing::default();
        bytes.chunks(portion).for_each(|portion| summing.update(portion));
        summing.finish()
    }

    #[test]
    fn every_flipped_bit_is_seen_by_its_block_only() {
        let length = 2 * BLOCK as u32 + 77;
        let bytes: Vec<u8> = (0..length).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let blocks = sums(&bytes, 1000);
        assert_eq!(blocks, sums(&bytes, bytes.len()), "however they came");
        assert!(blocks.are_of(0, &bytes));
        let parts = bytes.chunks(BLOCK as usize);
        for (number, part) in parts.enumerate() {
            assert!(blocks.are_of(number as u64, part));
            assert!(!blocks.are_of(number as u64 + 1, part), "another block's sum");
            for place in [0, part.len() / 2, part.len() - 1] {
                for bit in 0..8 {
                    let mut flipped = part.to_vec();
                    flipped[place] ^= 1 << bit;
                    assert!(!blocks.are_of(number as u64, &flipped), "bit {bit} of byte {place}");
                }
            }
        }
        assert!(!blocks.are_of(3, b"x"), "there is no such block");
        assert!(sums(b"", 1).is_empty());
    }
}
