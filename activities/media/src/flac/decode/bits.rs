//! Bits, most significant first, out of a frame.

/// How many bits are at hand, at least, after [`Bits::refill`].
pub(super) const AT_HAND: u32 = 56;

/// Reads bits. What lies beyond the end reads as zeros; whoever reads there finds out by [`Bits::is_past_end`], so that
/// the loops need not ask at every number.
pub(super) struct Bits<'b> {
    bytes: &'b [u8],
    /// The first byte that is not at hand as a whole.
    next: usize,
    /// What is at hand, from the top down; behind it may stand what is going to follow.
    word: u64,
    count: u32,
}

impl<'b> Bits<'b> {
    /// From this byte on.
    #[inline(always)]
    pub(super) fn new(bytes: &'b [u8], from: usize) -> Self {
        Self { bytes, next: from, word: 0, count: 0 }
    }

    #[inline(always)]
    pub(super) fn refill(&mut self) {
        let ahead = match self.bytes.get(self.next..).and_then(|rest| rest.first_chunk()) {
            Some(whole) => u64::from_be_bytes(*whole),
            None => self.last_ahead(),
        };
        self.word |= ahead >> self.count;
        self.next += (63 - self.count) as usize / 8;
        self.count |= AT_HAND;
    }

    /// The last few bytes, and zeros.
    #[cold]
    fn last_ahead(&self) -> u64 {
        let rest = self.bytes.get(self.next..).unwrap_or_default();
        let mut whole = [0; 8];
        whole.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
        u64::from_be_bytes(whole)
    }

    /// Moves on by fewer bits than 64 that are at hand.
    #[inline(always)]
    fn skip(&mut self, count: u32) {
        self.word <<= count;
        self.count -= count;
    }

    /// A number of at most 32 bits.
    #[inline(always)]
    pub(super) fn take(&mut self, length: u32) -> u32 {
        self.refill();
        let value = (self.word >> 1 >> (63 - length)) as u32;
        self.skip(length);
        value
    }

    /// A number of at most 32 bits, the first of which is its sign.
    #[inline(always)]
    pub(super) fn take_signed(&mut self, length: u32) -> i32 {
        let unused = (32 - length) & 31;
        ((self.take(length) << unused) as i32) >> unused
    }

    /// How many zeros stand before the next one, which is taken too. Too many where the end comes first.
    #[inline(always)]
    pub(super) fn take_unary(&mut self) -> u32 {
        self.refill();
        let zeros = self.word.leading_zeros();
        if zeros < AT_HAND {
            self.skip(zeros + 1);
            return zeros;
        }
        self.take_long_unary()
    }

    #[cold]
    fn take_long_unary(&mut self) -> u32 {
        let mut zeros = 0_u32;
        while !self.is_past_end() {
            self.refill();
            let more = self.word.leading_zeros().min(AT_HAND - 1);
            zeros += more;
            let one = self.word << more >> 63;
            self.skip(more + one as u32);
            if one == 1 {
                break;
            }
        }
        zeros
    }

    /// A Rice number: a unary one, and behind it as many bits as the parameter says. At most 30 are.
    #[inline(always)]
    pub(super) fn take_rice(&mut self, parameter: u32) -> u32 {
        self.refill();
        let zeros = self.word.leading_zeros();
        let length = zeros + 1 + parameter;
        if length <= AT_HAND {
            let low = self.word << zeros << 1 >> 1 >> (63 - parameter);
            self.skip(length);
            return zeros << parameter | low as u32;
        }
        let high = self.take_unary();
        high << parameter | self.take(parameter)
    }

    /// Whether more was read than there is.
    #[inline(always)]
    pub(super) fn is_past_end(&self) -> bool {
        self.position() > self.bytes.len() as u64 * 8
    }

    /// How many bits were taken, from the first byte on.
    #[inline(always)]
    fn position(&self) -> u64 {
        self.next as u64 * 8 - u64::from(self.count)
    }

    /// Whether what is left of the byte that was begun is zeros, and behind it only so many bytes follow.
    pub(super) fn ends_before(&mut self, bytes: usize) -> bool {
        let padding = (8 - self.position() % 8) % 8;
        self.take(padding as u32) == 0 && self.position() + bytes as u64 * 8 == self.bytes.len() as u64 * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_in_order_up_to_the_end_and_no_further() {
        let bytes = [0b1011_1110, 0, 0, 0, 0, 0, 0, 0, 0, 0b0000_0101, 0xFF, 0xFF, 0xAB, 0xCD];
        let mut bits = Bits::new(&bytes, 0);
        assert_eq!((bits.take(3), bits.take_signed(5), bits.take(0)), (0b101, -2, 0));
        assert_eq!((bits.take_unary(), bits.take_unary()), (64 + 5, 1));
        assert_eq!(bits.take_rice(3), 0b111);
        assert_eq!((bits.take_signed(12), bits.is_past_end()), (-1, false));
        assert!(bits.ends_before(2));
        assert_eq!((bits.take(32), bits.is_past_end()), (0xABCD_0000, true));
        assert!(bits.take_unary() > 0 || bits.is_past_end());
    }

    /// Zeros before a one, over any number of words, with any number of bits before them.
    #[test]
    fn long_runs_of_zeros_are_counted() {
        for zeros in 0..300_u32 {
            for before in 0..9 {
                let mut bytes = vec![0_u8; 64];
                let one = (before + zeros) as usize;
                bytes[one / 8] = 0x80 >> (one % 8);
                let mut bits = Bits::new(&bytes, 0);
                assert_eq!(bits.take(before), 0);
                assert_eq!(bits.take_rice(0), zeros, "{zeros} zeros behind {before}");
            }
        }
    }
}
