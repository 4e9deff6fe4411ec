//! The lower part of a JPEG as a JPEG of its own, so that two decoders can work on one picture. Its coded bytes are those of
//! the file from a row of units on; before them stands a row that says nothing but what that row is told as a difference to,
//! in just so many bits that the bytes of the file can follow as they are.

use std::io::{Cursor, Read};

use crate::ReadAt;
use crate::source::{ReadAhead, Watched};

use super::huffman::Table;
use super::layout::Layout;
use super::skim::{self, Place};

/// How much of a picture is the upper part: while its decoder works, that of the lower one first has to be found.
const UPPER: (u32, u32) = (3, 5);

/// Rows of units at the top of the lower part that are not shown: the one that was made up, and one of the file, which the
/// row after it is smoothed by.
const UNSEEN: u32 = 2;

/// Where a picture is cut in two.
pub(in super::super) struct Cut {
    layout: Layout,
    /// The row of units that the lower part begins with, as far as it is shown.
    row: u32,
}

/// The lower part's bytes, and how much at its top is not to be shown.
pub(super) struct Lower<'s> {
    pub(super) bytes: Box<dyn Read + 's>,
    /// Pixels of the file.
    pub(super) unseen: u32,
}

impl Cut {
    /// None where the picture cannot be cut, or is too small to gain by it.
    pub(in super::super) fn plan(source: &dyn ReadAt) -> Option<Self> {
        /// Coded bytes of which decoding takes longer than starting another thread, many times.
        const WORTH_IT: u64 = 256 << 10;
        let is_large = |start| source.len().saturating_sub(start) > WORTH_IT;
        // Of a small file nothing more need be read.
        let layout = is_large(0).then(|| Layout::read(source)).flatten()?;
        let row = layout.rows * UPPER.0 / UPPER.1;
        (is_large(layout.start) && row >= UNSEEN).then_some(Self { layout, row })
    }

    /// How many pixels high the upper part is.
    pub(super) fn upper_height(&self) -> u32 {
        self.row * self.layout.row_height
    }

    /// None where the upper part is damaged, or its tables lack a code that the row before needs.
    pub(super) fn lower<'s>(&self, source: &'s Watched<&'s dyn ReadAt>) -> Option<Lower<'s>> {
        let first = self.row + 1 - UNSEEN;
        let place = skim::find(source, &self.layout, first)?;
        let height = self.layout.height - first * self.layout.row_height + self.layout.row_height;
        let mut head = self.layout.head_of(height)?;
        head.extend(row_before(&self.layout, &place)?);
        // Of a byte that belongs to both, our row has the bits before.
        let taken = if place.bits_before == 0 { 0 } else { 1 + u64::from(place.byte == 0xFF) };
        let rest = ReadAhead::starting_at(source, place.offset + taken);
        let bytes = Box::new(Cursor::new(head).chain(rest));
        Some(Lower { bytes, unseen: UNSEEN * self.layout.row_height })
    }
}

/// A row of flat blocks, after which each component is where the file's row begins; it ends with the bits that share a byte
/// with that row.
fn row_before(layout: &Layout, place: &Place) -> Option<Vec<u8>> {
    let plain = row(layout, &place.last, Fillers { symbol: 0, count: 0 })?;
    let fillers = fillers(layout, (place.bits_before + 8 - plain.count) % 8)?;
    Some(row(layout, &place.last, fillers)?.joined(place))
}

/// Coefficients by which a row becomes longer by a few bits.
struct Fillers {
    symbol: u8,
    count: u32,
}

/// As few as make a row longer by so many bits, or by a whole number of bytes more.
fn fillers(layout: &Layout, wanted: u32) -> Option<Fillers> {
    let (_, ac) = layout.tables(0)?;
    let each = ac.symbols().iter().filter(|&&symbol| symbol & 15 > 0).filter_map(|&symbol| {
        let bits = ac.code(symbol)?.1 + u32::from(symbol & 15);
        let count = (0..8).find(|count| count * bits % 8 == wanted)?;
        Some(Fillers { symbol, count })
    });
    each.min_by_key(|fillers| fillers.count)
}

fn row(layout: &Layout, last: &[i32], fillers: Fillers) -> Option<Written> {
    let (mut left, mut fillers_left) = (last.to_vec(), fillers.count);
    let mut bits = Written::default();
    for _ in 0..layout.units_in_row {
        for &component in &layout.blocks {
            let (dc, ac) = layout.tables(component)?;
            bits.dc(dc, &mut left[component])?;
            if component == 0 && fillers_left > 0 {
                bits.value(fillers.symbol, ac, 1)?;
                fillers_left -= 1;
            }
            bits.symbol(ac, 0)?;
        }
    }
    (left.iter().all(|&left| left == 0) && fillers_left == 0).then_some(bits)
}

/// Coded bytes that are being written.
#[derive(Default)]
struct Written {
    bytes: Vec<u8>,
    /// The bits of the byte that is not full, at the bottom.
    bits: u32,
    count: u32,
}

impl Written {
    fn push(&mut self, bits: u32, count: u32) {
        for bit in (0..count).rev() {
            self.bits = self.bits << 1 | (bits >> bit & 1);
            self.count += 1;
            if self.count == 8 {
                self.byte(self.bits as u8);
                (self.bits, self.count) = (0, 0);
            }
        }
    }

    fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
        if byte == 0xFF {
            self.bytes.push(0);
        }
    }

    fn symbol(&mut self, table: &Table, symbol: u8) -> Option<()> {
        let (code, length) = table.code(symbol)?;
        self.push(code.into(), length);
        Some(())
    }

    /// A symbol, and a value of its size.
    fn value(&mut self, symbol: u8, table: &Table, value: i32) -> Option<()> {
        self.symbol(table, symbol)?;
        let size = u32::from(symbol & 15);
        let bits = if value < 0 { value + (1 << size) - 1 } else { value };
        self.push(bits as u32, size);
        Some(())
    }

    /// As much of what is left of a difference as the table has a code for.
    fn dc(&mut self, table: &Table, left: &mut i32) -> Option<()> {
        let needed = (32 - left.unsigned_abs().leading_zeros()) as u8;
        let size = (0..=needed).rev().find(|&size| table.code(size).is_some())?;
        let most = (1 << size) - 1;
        let part = (*left).clamp(-most, most);
        *left -= part;
        self.value(size, table, part)
    }

    /// With the other bits of the byte that is not full, which are the file's.
    fn joined(mut self, place: &Place) -> Vec<u8> {
        if self.count > 0 {
            let theirs = u32::from(place.byte) & (0xFF >> self.count);
            self.byte((self.bits << (8 - self.count) | theirs) as u8);
        }
        self.bytes
    }
}
