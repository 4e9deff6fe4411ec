//! Huffman codes that are the shortest for how often each symbol is needed.

/// No code of a JPEG is longer.
const LONGEST: usize = 16;

/// A table of codes, as a decoder is told it.
pub(super) struct Codes {
    /// How many there are of each length.
    counts: [u8; LONGEST],
    /// From the shortest on.
    symbols: Vec<u8>,
    by_symbol: [Code; 256],
}

#[derive(Clone, Copy, Default)]
pub(super) struct Code {
    pub(super) bits: u16,
    pub(super) length: u8,
}

impl Codes {
    /// For symbols of which there are so many each.
    pub(super) fn shortest(often: &[u32; 256]) -> Self {
        let lengths = lengths(often);
        let mut symbols: Vec<u8> = (0..=255).filter(|&symbol| lengths[usize::from(symbol)] > 0).collect();
        symbols.sort_by_key(|&symbol| lengths[usize::from(symbol)]);
        let counts = counts(&lengths);
        let (mut by_symbol, mut next) = ([Code::default(); 256], 0);
        let mut rest = symbols.iter();
        for (length, &count) in (1..).zip(&counts) {
            for &symbol in rest.by_ref().take(count.into()) {
                by_symbol[usize::from(symbol)] = Code { bits: next, length };
                next += 1;
            }
            next <<= 1;
        }
        Self { counts, symbols, by_symbol }
    }

    pub(super) fn code(&self, symbol: u8) -> Code {
        self.by_symbol[usize::from(symbol)]
    }

    /// How a decoder is told them.
    pub(super) fn told(&self) -> Vec<u8> {
        [&self.counts[..], &self.symbols].concat()
    }
}

/// How many of the symbols have codes of each length: none longer than there may be, and none of ones alone.
fn counts(lengths: &[usize; 257]) -> [u8; LONGEST] {
    let mut all = [0_u8; 257];
    for &length in lengths.iter().filter(|&&length| length > 0) {
        all[length] += 1;
    }
    // Two that are too long become one, shorter by one, and where there is a shorter one yet, that becomes two, longer by one.
    for length in (LONGEST + 1..all.len()).rev() {
        while all[length] > 0 {
            let shorter =
                (1..length - 1).rfind(|&length| all[length] > 0).expect("codes are not all so long");
            all[length] -= 2;
            all[length - 1] += 1;
            all[shorter] -= 1;
            all[shorter + 1] += 2;
        }
    }
    // The longest belongs to a symbol that there is not, so that no code is of ones alone.
    if let Some(longest) = all.iter().rposition(|&count| count > 0) {
        all[longest] -= 1;
    }
    std::array::from_fn(|number| all[number + 1])
}

/// How long the code of each symbol would be, if it might be of any length; 0 where there is none. One symbol more, the last
/// of all, is needed the least.
fn lengths(often: &[u32; 256]) -> [usize; 257] {
    let mut often: Vec<u64> = often.iter().map(|&often| often.into()).chain([1]).collect();
    let mut lengths = [0; 257];
    // The symbols that share the begin of their codes, each pointing to the next.
    let mut next = [None; 257];
    loop {
        let rarest = |but: Option<usize>| {
            let there = (0..often.len()).filter(|&at| often[at] > 0 && Some(at) != but);
            there.min_by_key(|&at| (often[at], std::cmp::Reverse(at)))
        };
        let Some(one) = rarest(None) else { return lengths };
        let Some(other) = rarest(Some(one)) else { return lengths };
        often[one] += std::mem::take(&mut often[other]);
        let mut end = one;
        lengths[one] += 1;
        while let Some(at) = next[end] {
            lengths[at] += 1;
            end = at;
        }
        next[end] = Some(other);
        let mut at = Some(other);
        while let Some(symbol) = at {
            lengths[symbol] += 1;
            at = next[symbol];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kraft(codes: &Codes) -> u32 {
        codes.symbols.iter().map(|&symbol| 1 << (LONGEST - usize::from(codes.code(symbol).length))).sum()
    }

    #[test]
    fn what_is_needed_often_has_a_short_code() {
        let mut often = [0; 256];
        (often[7], often[8], often[9], often[250]) = (1000, 500, 3, 2);
        let codes = Codes::shortest(&often);
        let length = |symbol| codes.code(symbol).length;
        assert_eq!([7, 8, 9, 250, 1].map(length), [1, 2, 3, 4, 0]);
        assert_eq!(codes.symbols, [7, 8, 9, 250]);
        assert_eq!([7, 8, 9, 250].map(|symbol| codes.code(symbol).bits), [0, 0b10, 0b110, 0b1110]);
    }

    #[test]
    fn no_code_is_too_long_nor_of_ones_alone() {
        // Each as often as all before it together: as unlike as can be.
        let mut often = [0; 256];
        let mut sum = 1;
        for often in &mut often[..30] {
            *often = sum;
            sum += *often;
        }
        for often in [often, [1; 256], [u32::MAX; 256]] {
            let codes = Codes::shortest(&often);
            assert_eq!(codes.symbols.len(), often.iter().filter(|&&often| often > 0).count());
            assert!(codes.symbols.iter().all(|&symbol| (1..=16).contains(&codes.code(symbol).length)));
            assert!(kraft(&codes) < 1 << LONGEST, "a code is left over");
            let ones = |code: Code| u32::from(code.bits) + 1 == 1 << code.length;
            assert!(!codes.symbols.iter().any(|&symbol| ones(codes.code(symbol))));
        }
    }

    #[test]
    fn a_single_symbol_has_a_code() {
        let mut often = [0; 256];
        often[5] = 1;
        assert_eq!(Codes::shortest(&often).code(5).length, 1);
    }
}
