//! The codes of a JPEG's Huffman tables: read by a glance at the next bits, and written.

/// How many bits a glance takes in. Longer codes are rare, and found bit by bit.
const GLANCE: u32 = 13;
const LONGEST: u32 = 16;

/// What a table of AC codes says of the next coefficients.
#[derive(Clone, Copy, Default)]
pub(super) struct Run {
    /// Of the codes and of the values after them; 0 where not even one is within a glance.
    pub(super) bits: u8,
    /// How many coefficients they stand for.
    pub(super) coefficients: u8,
    /// Whether the last of the codes says that the rest of the block is zero.
    pub(super) ends: bool,
}

#[derive(Clone, Copy, Default)]
struct Code {
    code: u16,
    /// 0 where the table has no code for the symbol.
    length: u8,
}

pub(super) struct Table {
    by_symbol: [Code; 256],
    symbols: Vec<u8>,
    /// Of each length: the first code that is longer, at the top of 16 bits.
    ends: [u32; LONGEST as usize + 1],
    /// Of each length: what its codes are to be moved by to count among all symbols.
    moved: [i32; LONGEST as usize + 1],
    runs: Box<[Run; 1 << GLANCE]>,
    glances: Box<[(u8, u8); 1 << GLANCE]>,
}

impl Table {
    /// From how many codes of each length there are, and their symbols in turn.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            by_symbol: [Code::default(); 256],
            symbols: symbols.to_vec(),
            ends: [0; LONGEST as usize + 1],
            moved: [0; LONGEST as usize + 1],
            runs: Box::new([Run::default(); 1 << GLANCE]),
            glances: Box::new([(0, 0); 1 << GLANCE]),
        };
        let (mut code, mut taken) = (0_u32, 0);
        for length in 1..=LONGEST {
            table.moved[length as usize] = taken as i32 - code as i32;
            for _ in 0..counts[length as usize - 1] {
                let symbol = *symbols.get(taken)?;
                if code >= 1 << length {
                    return None;
                }
                table.by_symbol[usize::from(symbol)] = Code { code: code as u16, length: length as u8 };
                table.glance(symbol, code, length);
                code += 1;
                taken += 1;
            }
            table.ends[length as usize] = code << (LONGEST - length);
            code <<= 1;
        }
        for bits in 0..1 << GLANCE {
            table.runs[bits] = table.run((bits as u64) << (64 - GLANCE));
        }
        (taken == symbols.len()).then_some(table)
    }

    fn glance(&mut self, symbol: u8, code: u32, length: u32) {
        if length > GLANCE {
            return;
        }
        let from = (code << (GLANCE - length)) as usize;
        let to = from + (1 << (GLANCE - length));
        self.glances[from..to].fill((symbol, length as u8));
    }

    /// As many of the coefficients that the next bits begin with as are wholly within a glance.
    fn run(&self, mut bits: u64) -> Run {
        let mut run = Run::default();
        loop {
            let (symbol, length) = self.glances[(bits >> (64 - GLANCE)) as usize];
            let next = step(symbol, length.into());
            if length == 0 || u32::from(run.bits + next.bits) > GLANCE {
                return run;
            }
            run.bits += next.bits;
            run.coefficients += next.coefficients;
            run.ends = next.ends;
            bits <<= next.bits;
            if run.ends {
                return run;
            }
        }
    }

    /// The coefficients that the next bits begin with, which stand at the top.
    #[inline(always)]
    pub(super) fn glimpse(&self, bits: u64) -> Run {
        self.runs[(bits >> (64 - GLANCE)) as usize]
    }

    /// The next coefficient alone.
    pub(super) fn step(&self, bits: u64) -> Option<Run> {
        let (symbol, length) = self.symbol(bits)?;
        Some(step(symbol, length))
    }

    /// The symbol that the next bits begin with, and the length of its code.
    pub(super) fn symbol(&self, bits: u64) -> Option<(u8, u32)> {
        let (symbol, length) = self.glances[(bits >> (64 - GLANCE)) as usize];
        if length > 0 {
            return Some((symbol, u32::from(length)));
        }
        let next = (bits >> (64 - LONGEST)) as u32;
        let length = (GLANCE + 1..=LONGEST).find(|&length| next < self.ends[length as usize])?;
        let index = (next >> (LONGEST - length)) as i32 + self.moved[length as usize];
        let symbol = self.symbols.get(usize::try_from(index).ok()?)?;
        Some((*symbol, length))
    }

    /// A symbol's code and its length, if there is one.
    pub(super) fn code(&self, symbol: u8) -> Option<(u16, u32)> {
        let Code { code, length } = self.by_symbol[usize::from(symbol)];
        (length > 0).then_some((code, length.into()))
    }

    pub(super) fn symbols(&self) -> &[u8] {
        &self.symbols
    }
}

/// A symbol of AC codes holds how many zeros come first, and how many bits the value after them has.
fn step(symbol: u8, length: u32) -> Run {
    let (zeros, size) = (symbol >> 4, symbol & 15);
    let (coefficients, ends) = match (zeros, size) {
        (15, 0) => (16, false),
        (_, 0) => (0, true),
        (zeros, _) => (zeros + 1, false),
    };
    Run { bits: length as u8 + size, coefficients, ends }
}

/// The value that `bits` of a size stand for: the lower half of them for negative ones.
pub(super) fn value(bits: u32, size: u32) -> i32 {
    match size {
        0 => 0,
        _ if bits >> (size - 1) == 0 => bits as i32 - (1 << size) + 1,
        _ => bits as i32,
    }
}
