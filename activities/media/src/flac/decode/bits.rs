//! Bits, most significant first, out of a frame.

/// How many bits are looked at ahead, at least.
const AT_HAND: u32 = 57;

/// Reads bits. What lies beyond the end reads as zeros; whoever reads there finds out by [`Bits::is_past_end`], so that
/// the loops need not ask at every number.
pub(super) struct Bits<'b> {
    bytes: &'b [u8],
    /// How many bits were taken, from the first byte on.
    taken: u64,
}

impl<'b> Bits<'b> {
    #[inline(always)]
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, taken: 0 }
    }

    /// The next bits, from the top down: [`AT_HAND`] of them.
    #[inline(always)]
    fn ahead(&self) -> u64 {
        let next = (self.taken / 8) as usize;
        let ahead = match self.bytes.get(next..).and_then(|rest| rest.first_chunk()) {
            Some(whole) => u64::from_be_bytes(*whole),
            None => self.last_ahead(next),
        };
        ahead << (self.taken % 8)
    }

    /// The last few bytes, and zeros.
    #[cold]
    fn last_ahead(&self, next: usize) -> u64 {
        let rest = self.bytes.get(next..).unwrap_or_default();
        let mut whole = [0; 8];
        whole.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
        u64::from_be_bytes(whole)
    }

    /// A number of at most 32 bits.
    #[inline(always)]
    pub(super) fn take(&mut self, length: u32) -> u32 {
        let value = (self.ahead() >> 1 >> (63 - length)) as u32;
        self.taken += u64::from(length);
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
        let zeros = self.ahead().leading_zeros();
        if zeros < AT_HAND {
            self.taken += u64::from(zeros) + 1;
            return zeros;
        }
        self.take_long_unary()
    }

    #[cold]
    fn take_long_unary(&mut self) -> u32 {
        let mut zeros = 0_u32;
        while !self.is_past_end() {
            let ahead = self.ahead();
            let more = ahead.leading_zeros().min(AT_HAND - 1);
            zeros += more;
            let one = ahead << more >> 63;
            self.taken += u64::from(more) + one;
            if one == 1 {
                break;
            }
        }
        zeros
    }

    /// Rice numbers: of each a unary one, and behind it as many bits as the parameter says, at most 30. As many are taken
    /// from one look ahead as there are, if they fit: where the next bits lie is what takes longest to find out.
    #[inline(always)]
    pub(super) fn take_rice<const COUNT: usize>(&mut self, parameter: u32) -> [u32; COUNT] {
        let (mut values, mut ahead, mut all) = ([0; COUNT], self.ahead(), 0);
        for value in &mut values {
            let zeros = ahead.leading_zeros();
            // What is wrong beyond 64 bits is not used.
            let low = ahead << (zeros & 63) << 1 >> 1 >> (63 - parameter);
            *value = zeros << parameter | low as u32;
            let length = zeros + 1 + parameter;
            ahead <<= length & 63;
            all += length;
        }
        if all <= AT_HAND {
            self.taken += u64::from(all);
            return values;
        }
        for value in &mut values {
            *value = self.take_unary() << parameter | self.take(parameter);
        }
        values
    }

    /// Whether more was read than there is.
    #[inline(always)]
    pub(super) fn is_past_end(&self) -> bool {
        self.taken > self.bytes.len() as u64 * 8
    }

    /// Whether what is left of the byte that was begun is zeros, and behind it only so many bytes follow.
    pub(super) fn ends_before(&mut self, bytes: usize) -> bool {
        let padding = (8 - self.taken % 8) % 8;
        self.take(padding as u32) == 0 && self.taken + bytes as u64 * 8 == self.bytes.len() as u64 * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_in_order_up_to_the_end_and_no_further() {
        let bytes = [0b1011_1110, 0, 0, 0, 0, 0, 0, 0, 0, 0b0000_0101, 0xFF, 0xFF, 0xAB, 0xCD];
        let mut bits = Bits::new(&bytes);
        assert_eq!((bits.take(3), bits.take_signed(5), bits.take(0)), (0b101, -2, 0));
        assert_eq!((bits.take_unary(), bits.take_unary()), (64 + 5, 1));
        assert_eq!(bits.take_rice(3), [0b111]);
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
                let mut bits = Bits::new(&bytes);
                assert_eq!(bits.take(before), 0);
                assert_eq!(bits.take_rice(0), [zeros], "{zeros} zeros behind {before}");
            }
        }
    }
}
