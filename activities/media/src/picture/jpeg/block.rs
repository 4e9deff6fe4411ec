//! A block's coefficients out of coded bits: decoded, or only gone over.

use super::super::blocks::{BLOCK, ORDER_BY_COLUMNS};
use super::bits::{Ahead, Bits};
use super::huffman::{REST, Table, value};

/// The largest size that a difference of DC values has.
const LARGEST_DIFFERENCE: u32 = 11;

/// A block before it is pixels.
pub(super) struct Block {
    /// By columns, as multiples of the quantiser's steps.
    pub(super) coefficients: [i16; BLOCK],
    /// The number of the last that was written, in the order of writing.
    pub(super) last: usize,
}

/// What a block is decoded by.
#[derive(Clone, Copy)]
pub(super) struct Codes<'t> {
    pub(super) dc: &'t Table,
    pub(super) ac: &'t Table,
}

/// The difference of a block's DC value to that of the one before.
#[inline(always)]
fn difference(bits: &mut Bits<'_>, ahead: &mut Ahead, dc: &Table) -> Option<i32> {
    bits.fill(ahead);
    let (size, length) = dc.symbol(ahead.next)?;
    let size = u32::from(size);
    if size > LARGEST_DIFFERENCE {
        return None;
    }
    let difference = value(ahead.next << length, size);
    ahead.skip(length + size);
    Some(difference)
}

impl Block {
    /// Decodes the coefficients that come before number `kept` and goes over the others. `before` is the DC value of the
    /// component's block before, and becomes this one's.
    #[inline(always)]
    pub(super) fn decode(
        bits: &mut Bits<'_>,
        codes: Codes<'_>,
        kept: usize,
        before: &mut i32,
    ) -> Option<Self> {
        let mut ahead = bits.ahead;
        *before = before.wrapping_add(difference(bits, &mut ahead, codes.dc)?);
        let mut block = Self { coefficients: [0; BLOCK], last: 0 };
        block.coefficients[0] = *before as i16;
        let close = codes.ac.close_glimpses();
        let mut at = 1;
        while at < kept {
            bits.provide(&mut ahead);
            let mut next = close.at(ahead.next);
            if next.bits == 0 {
                next = codes.ac.coefficient(ahead.next)?;
            }
            ahead.skip(next.bits.into());
            if next.zeros == REST {
                bits.ahead = ahead;
                return Some(block);
            }
            at += usize::from(next.zeros);
            if at >= BLOCK {
                return None;
            }
            block.coefficients[usize::from(ORDER_BY_COLUMNS[at])] = next.value;
            block.last = at;
            at += 1;
        }
        pass_over(bits, ahead, codes.ac, at)?;
        Some(block)
    }
}

/// Goes over a block, but for its DC value.
#[inline(always)]
pub(super) fn skim(bits: &mut Bits<'_>, codes: Codes<'_>, before: &mut i32) -> Option<()> {
    let mut ahead = bits.ahead;
    *before = before.wrapping_add(difference(bits, &mut ahead, codes.dc)?);
    pass_over(bits, ahead, codes.ac, 1)
}

/// Goes over a block's coefficients from number `at` on, several at a time: a fraction of the work of decoding them.
#[inline(always)]
fn pass_over(bits: &mut Bits<'_>, mut ahead: Ahead, ac: &Table, mut at: usize) -> Option<()> {
    while at < BLOCK {
        bits.provide(&mut ahead);
        let mut run = ac.glimpse(ahead.next);
        // What comes after the last coefficient of a block belongs to the next.
        if run.bits == 0 || at + usize::from(run.coefficients) + usize::from(run.ends) > BLOCK {
            run = ac.step(ahead.next)?;
        }
        ahead.skip(run.bits.into());
        at += usize::from(run.coefficients);
        if run.ends {
            bits.ahead = ahead;
            return Some(());
        }
    }
    bits.ahead = ahead;
    (at == BLOCK).then_some(())
}
