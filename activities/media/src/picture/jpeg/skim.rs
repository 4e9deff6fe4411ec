//! Going over the coded bytes of a JPEG without decoding them: all that is wanted is where a row of units begins, and what
//! the first blocks of that row are told as a difference to. That takes a fraction of the time of decoding.

use crate::ReadAt;
use crate::source::read_up_to;

use super::huffman::{Table, value};
use super::layout::Layout;

/// Where a row of units begins.
pub(super) struct Place {
    /// The byte that it begins in.
    pub(super) offset: u64,
    pub(super) byte: u8,
    /// How many bits of that byte belong to the row before.
    pub(super) bits_before: u32,
    /// Of each component, the DC value of the last block before.
    pub(super) last: Vec<i32>,
}

/// Where row `row` begins; none where the bytes before are damaged.
pub(super) fn find(source: &dyn ReadAt, layout: &Layout, row: u32) -> Option<Place> {
    let mut tables = Vec::new();
    for &component in &layout.blocks {
        tables.push((component, layout.tables(component)?));
    }
    let mut bits = Bits::new(source, layout.start);
    let mut last = vec![0; layout.components.len()];
    for _ in 0..row * layout.units_in_row {
        for &(component, (dc, ac)) in &tables {
            last[component] += block(&mut bits, dc, ac)?;
        }
    }
    bits.place(last)
}

/// Goes over a block, and answers the difference of its DC value to that before.
fn block(bits: &mut Bits<'_>, dc: &Table, ac: &Table) -> Option<i32> {
    bits.fill()?;
    let (size, length) = dc.symbol(bits.next)?;
    bits.skip(length);
    let size = u32::from(size);
    if size > 11 {
        return None;
    }
    let difference = if size == 0 { 0 } else { value((bits.next >> (64 - size)) as u32, size) };
    bits.skip(size);
    coefficients(bits, ac)?;
    Some(difference)
}

#[inline(always)]
fn coefficients(bits: &mut Bits<'_>, ac: &Table) -> Option<()> {
    const BLOCK: u32 = 64;
    let mut at = 1;
    while at < BLOCK {
        if bits.count < 32 {
            bits.fill()?;
        }
        let mut run = ac.glimpse(bits.next);
        // What comes after the last coefficient of a block belongs to the next.
        if run.bits == 0 || at + u32::from(run.coefficients) + u32::from(run.ends) > BLOCK {
            run = ac.step(bits.next)?;
        }
        bits.skip(run.bits.into());
        at += u32::from(run.coefficients);
        if run.ends {
            return Some(());
        }
    }
    (at == BLOCK).then_some(())
}

/// So many bytes are read at once.
const PORTION: usize = 256 << 10;
/// So many that were used are kept, to find the way back to a byte that was looked at too early.
const KEPT: usize = 32;

/// Bits of coded bytes, in which a zero follows each 0xFF that is none of a mark.
struct Bits<'s> {
    source: &'s dyn ReadAt,
    buffer: Vec<u8>,
    /// Where the buffer begins in the file.
    begin: u64,
    /// The next byte of the buffer.
    at: usize,
    /// The next bits, at the top.
    next: u64,
    /// How many of them count.
    count: u32,
}

impl<'s> Bits<'s> {
    fn new(source: &'s dyn ReadAt, start: u64) -> Self {
        Self { source, buffer: Vec::new(), begin: start, at: 0, next: 0, count: 0 }
    }

    /// Makes at least 56 bits count. None at a mark and at the end.
    #[inline(always)]
    fn fill(&mut self) -> Option<()> {
        if let Some(word) = self.buffer.get(self.at..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_be_bytes(*word);
            // No byte of it is 0xFF: then all are bits.
            if (!word).wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080 == 0 {
                self.next |= word >> self.count;
                self.at += ((63 - self.count) >> 3) as usize;
                self.count |= 56;
                return Some(());
            }
        }
        self.fill_by_bytes()
    }

    fn fill_by_bytes(&mut self) -> Option<()> {
        while self.count <= 56 {
            if self.at + 2 > self.buffer.len() {
                self.read()?;
            }
            let byte = self.buffer[self.at];
            if byte == 0xFF && self.buffer[self.at + 1] != 0 {
                return None;
            }
            self.at += if byte == 0xFF { 2 } else { 1 };
            self.next |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
        Some(())
    }

    /// Two bytes more at least.
    fn read(&mut self) -> Option<()> {
        let used = self.at.saturating_sub(KEPT);
        self.buffer.drain(..used);
        self.begin += used as u64;
        self.at -= used;
        let have = self.buffer.len();
        self.buffer.resize(have + PORTION, 0);
        let more = read_up_to(self.source, self.begin + have as u64, &mut self.buffer[have..]).ok()?;
        self.buffer.truncate(have + more);
        (self.at + 2 <= self.buffer.len()).then_some(())
    }

    #[inline(always)]
    fn skip(&mut self, count: u32) {
        self.next <<= count;
        self.count -= count;
    }

    /// Where the next bit stands.
    fn place(&self, last: Vec<i32>) -> Option<Place> {
        let mut at = self.at;
        for _ in 0..self.count.div_ceil(8) {
            let is_stuffed = at >= 2 && self.buffer[at - 2..at] == [0xFF, 0];
            at = at.checked_sub(if is_stuffed { 2 } else { 1 })?;
        }
        let byte = *self.buffer.get(at)?;
        Some(Place { offset: self.begin + at as u64, byte, bits_before: (8 - self.count % 8) % 8, last })
    }
}
