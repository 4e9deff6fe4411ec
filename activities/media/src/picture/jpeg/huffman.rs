//! The codes of a JPEG's Huffman tables, read by a glance at the next bits.

/// How many bits a glance takes in. Longer codes are rare, and found bit by bit.
const GLANCE: u32 = 13;
/// How many a glance takes in that wants a coefficient's value too: tables of them are to stay near the processor.
const CLOSE_GLANCE: u32 = 10;
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

/// What a table of AC codes says of the next coefficient.
#[derive(Clone, Copy, Default)]
pub(super) struct Coefficient {
    pub(super) value: i16,
    /// So many before it are zero; [`REST`] where all are that follow.
    pub(super) zeros: u8,
    /// Of its code and its value; 0 where they are not within a glance.
    pub(super) bits: u8,
}

/// As many zeros as no block has.
pub(super) const REST: u8 = 64;

pub(super) struct Table {
    symbols: Vec<u8>,
    /// Of each length: the first code that is longer, at the top of 16 bits.
    ends: [u32; LONGEST as usize + 1],
    /// Of each length: what its codes are to be moved by to count among all symbols.
    moved: [i32; LONGEST as usize + 1],
    runs: Box<[Run; 1 << GLANCE]>,
    glances: Box<[(u8, u8); 1 << GLANCE]>,
    coefficients: Box<[Coefficient; 1 << CLOSE_GLANCE]>,
}

impl Table {
    /// From how many codes of each length there are, and their symbols in turn.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            symbols: symbols.to_vec(),
            ends: [0; LONGEST as usize + 1],
            moved: [0; LONGEST as usize + 1],
            runs: Box::new([Run::default(); 1 << GLANCE]),
            glances: Box::new([(0, 0); 1 << GLANCE]),
            coefficients: Box::new([Coefficient::default(); 1 << CLOSE_GLANCE]),
        };
        let (mut code, mut taken) = (0_u32, 0);
        for length in 1..=LONGEST {
            table.moved[length as usize] = taken as i32 - code as i32;
            for _ in 0..counts[length as usize - 1] {
                let symbol = *symbols.get(taken)?;
                if code >= 1 << length {
                    return None;
                }
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
        for bits in 0..1 << CLOSE_GLANCE {
            let next = table.coefficient((bits as u64) << (64 - CLOSE_GLANCE)).unwrap_or_default();
            if u32::from(next.bits) <= CLOSE_GLANCE {
                table.coefficients[bits] = next;
            }
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

    /// What the next bits begin with, by a glance.
    #[inline(always)]
    pub(super) fn close_glimpses(&self) -> CloseGlimpses<'_> {
        CloseGlimpses(&self.coefficients)
    }

    /// The coefficient that the next bits begin with, which stand at the top; none where no code begins so.
    pub(super) fn coefficient(&self, bits: u64) -> Option<Coefficient> {
        let (symbol, length) = self.symbol(bits)?;
        let size = u32::from(symbol & 15);
        let zeros = match symbol {
            // Sixteen zeros are fifteen, and a coefficient that is zero.
            0xF0 => 15,
            _ if size == 0 => REST,
            _ => symbol >> 4,
        };
        let value = value(bits << length, size) as i16;
        Some(Coefficient { value, zeros, bits: (length + size) as u8 })
    }
}

/// The coefficients that are known by a glance.
#[derive(Clone, Copy)]
pub(super) struct CloseGlimpses<'t>(&'t [Coefficient; 1 << CLOSE_GLANCE]);

impl CloseGlimpses<'_> {
    /// Of bits that stand at the top.
    #[inline(always)]
    pub(super) fn at(self, bits: u64) -> Coefficient {
        self.0[(bits >> (64 - CLOSE_GLANCE)) as usize]
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

/// The value of a size that the next bits begin with: the lower half of those there are stands for negative ones.
pub(super) fn value(bits: u64, size: u32) -> i32 {
    if size == 0 {
        return 0;
    }
    let value = (bits >> (64 - size)) as i32;
    if bits >> 63 == 0 { value - (1 << size) + 1 } else { value }
}
