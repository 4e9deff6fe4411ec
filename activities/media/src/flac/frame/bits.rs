//! Bits, most significant first, into a buffer that is kept from frame to frame.

use super::crc::crc16;

/// What [`Bits::put`] takes at most at once.
pub(super) const MOST: u32 = 56;

/// Writes bits. There must be room ([`Bits::reserve`]) before they come; each `put` stores eight bytes and moves on by
/// the whole ones, so that nothing branches on how many there are.
#[derive(Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    /// How many bytes are whole.
    whole: usize,
    /// What has begun behind them, from the top down.
    begun: u64,
    /// How many bits of `begun` there are: fewer than eight.
    count: u32,
}

/// A place to go back to.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    whole: usize,
    begun: u64,
    count: u32,
}

impl Bits {
    pub(super) fn clear(&mut self) {
        (self.whole, self.begun, self.count) = (0, 0, 0);
    }

    /// Makes room for this many more bits.
    pub(super) fn reserve(&mut self, bits: u64) {
        let needed = self.whole + bits as usize / 8 + 32;
        if self.bytes.len() < needed {
            self.bytes.resize(needed, 0);
        }
    }

    #[inline(always)]
    pub(super) fn mark(&self) -> Mark {
        Mark { whole: self.whole, begun: self.begun, count: self.count }
    }

    /// Back to a mark, or on to where a pen has come.
    #[inline(always)]
    pub(super) fn rewind(&mut self, to: Mark) {
        let Mark { whole, begun, count } = to;
        (self.whole, self.begun, self.count) = (whole, begun, count);
    }

    /// How many bits were written since `mark`.
    pub(super) fn since(&self, mark: Mark) -> u64 {
        (self.whole - mark.whole) as u64 * 8 + u64::from(self.count) - u64::from(mark.count)
    }

    /// The lowest `length` bits of `value`, which has no others; at most [`MOST`].
    #[inline(always)]
    pub(super) fn put(&mut self, value: u64, length: u32) {
        let mut pen = self.pen();
        pen.put(value, length);
        let mark = pen.at;
        self.rewind(mark);
    }

    /// What writes many numbers in a row.
    #[inline(always)]
    pub(super) fn pen(&mut self) -> Pen<'_> {
        Pen { at: self.mark(), bytes: &mut self.bytes }
    }

    #[inline(always)]
    pub(super) fn put_signed(&mut self, value: i32, length: u32) {
        self.put(value as u64 & ((1 << length) - 1), length);
    }

    /// Zeros up to a whole byte.
    pub(super) fn align(&mut self) {
        self.put(0, (8 - self.count) % 8);
    }

    /// What was written, which ends with a whole byte.
    pub(super) fn bytes(&self) -> &[u8] {
        debug_assert_eq!(self.count, 0, "a whole byte is the end");
        &self.bytes[..self.whole]
    }

    /// The checksum of all that was written, behind it.
    pub(super) fn seal(&mut self) {
        self.align();
        let crc = crc16(self.bytes());
        self.put(u64::from(crc), 16);
    }
}

/// Writes bits without looking up after each where the next one goes: what was written counts once [`Bits::rewind`] has
/// been told where it ended.
pub(super) struct Pen<'b> {
    pub(super) at: Mark,
    bytes: &'b mut [u8],
}

impl Pen<'_> {
    /// The lowest `length` bits of `value`, which has no others; at most [`MOST`].
    #[inline(always)]
    pub(super) fn put(&mut self, value: u64, length: u32) {
        let Mark { whole, begun, count } = self.at;
        let begun = begun | value.wrapping_shl(64 - count - length);
        let count = count + length;
        self.bytes[whole..whole + 8].copy_from_slice(&begun.to_be_bytes());
        self.at = Mark { whole: whole + count as usize / 8, begun: begun << (count & !7), count: count & 7 };
    }

    /// Any number of zeros.
    #[inline(always)]
    pub(super) fn zeros(&mut self, mut count: u32) {
        while count > MOST {
            self.put(0, MOST);
            count -= MOST;
        }
        self.put(0, count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_stand_in_order() {
        let mut bits = Bits::default();
        bits.reserve(200);
        bits.put(0b101, 3);
        bits.put(0, 0);
        bits.put_signed(-2, 5);
        let mark = bits.mark();
        bits.put((1 << 56) - 1, 56);
        assert_eq!(bits.since(mark), 56);
        bits.rewind(mark);
        let mut pen = bits.pen();
        pen.zeros(70);
        pen.put(1, 1);
        let end = pen.at;
        bits.rewind(end);
        assert_eq!(bits.since(mark), 71);
        bits.align();
        assert_eq!(bits.bytes(), [0b1011_1110, 0, 0, 0, 0, 0, 0, 0, 0, 0b0000_0010]);
    }
}
