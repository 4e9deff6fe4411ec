//! A picture's coefficients as the symbols that stand for them, before those have codes: which codes are the shortest shows
//! only at the end.

use pulp::{Arch, Simd, WithSimd};

use super::super::blocks::{BLOCK, SIDE};
use super::super::rows::Plane;
use super::codes::Codes;
use super::forward::{Coefficients, Quantiser};

/// Symbols of DC values and of the other coefficients, of light and of colour: a table of codes each.
pub(super) const TABLES: usize = 4;

/// Light, and colour in two.
const MOST_COMPONENTS: usize = 3;

/// So many zeros in a row have a symbol of their own.
const MANY_ZEROS: u8 = 0xF0;
const MOST_ZEROS: usize = 15;
const REST_IS_ZERO: u8 = 0;

/// A component of a picture: how it is sampled, and quantised.
pub(super) struct Component<'p> {
    pub(super) plane: &'p Plane,
    pub(super) quantiser: &'p Quantiser,
    /// Blocks of it in a unit, across and down.
    pub(super) sampled: usize,
    /// Of the two that there are: that of light, and that of colour.
    pub(super) table: usize,
}

/// A symbol, the table that its code is of, and the bits that follow it.
#[derive(Clone, Copy)]
struct Token {
    table: u8,
    symbol: u8,
    bits: u16,
}

pub(super) struct Tokens {
    tokens: Vec<Token>,
    often: [[u32; 256]; TABLES],
}

impl Tokens {
    /// Of all components, unit by unit.
    pub(super) fn of(components: &[Component<'_>]) -> Self {
        let mut tokens = Self { tokens: Vec::new(), often: [[0; 256]; TABLES] };
        Arch::new().dispatch(Take { tokens: &mut tokens, components });
        tokens
    }

    pub(super) fn codes(&self) -> [Codes; TABLES] {
        self.often.each_ref().map(Codes::shortest)
    }

    /// Appends the coded bytes.
    pub(super) fn write(&self, codes: &[Codes; TABLES], out: &mut Vec<u8>) {
        let mut bits = Bits { out, held: 0, count: 0 };
        for token in &self.tokens {
            let code = codes[usize::from(token.table)].code(token.symbol);
            let size = u32::from(token.symbol & 15);
            bits.push(u64::from(code.bits) << size | u64::from(token.bits), u32::from(code.length) + size);
        }
        bits.end();
    }

    #[inline(always)]
    fn push(&mut self, table: usize, symbol: u8, bits: u16) {
        self.often[table][usize::from(symbol)] += 1;
        self.tokens.push(Token { table: table as u8, symbol, bits });
    }

    /// A run of zeros and the value after it.
    #[inline(always)]
    fn value(&mut self, table: usize, zeros: usize, value: i32) {
        let size = 32 - value.unsigned_abs().leading_zeros();
        let bits = if value < 0 { value - 1 } else { value } & ((1 << size) - 1);
        self.push(table, (zeros << 4) as u8 | size as u8, bits as u16);
    }

    #[inline(always)]
    fn block(&mut self, of: &Coefficients, before: &mut i32, table: usize) {
        let light = i32::from(of.values[0]);
        self.value(2 * table, 0, light - *before);
        *before = light;
        let (ac, mut zeros) = (2 * table + 1, 0);
        for &value in of.values[..of.end].iter().skip(1) {
            if value == 0 {
                zeros += 1;
                continue;
            }
            while zeros > MOST_ZEROS {
                self.push(ac, MANY_ZEROS, 0);
                zeros -= MOST_ZEROS + 1;
            }
            self.value(ac, zeros, value.into());
            zeros = 0;
        }
        if zeros > 0 || of.end < of.values.len() {
            self.push(ac, REST_IS_ZERO, 0);
        }
    }
}

struct Take<'t, 'p> {
    tokens: &'t mut Tokens,
    components: &'t [Component<'p>],
}

impl WithSimd for Take<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { tokens, components } = self;
        let most = components.iter().map(|of| of.sampled).max().unwrap_or(1);
        let Some(first) = components.first() else { return };
        let units = |length: usize| length.div_ceil(SIDE * most);
        let (wide, high) = (units(first.plane.width as usize), units(first.plane.height as usize));
        let mut before = [0; MOST_COMPONENTS];
        for row in 0..high {
            for column in 0..wide {
                for (of, before) in components.iter().zip(&mut before) {
                    for block in 0..of.sampled * of.sampled {
                        let (down, across) = (block / of.sampled, block % of.sampled);
                        let at = (column * of.sampled + across, row * of.sampled + down);
                        let block = of.block(simd, at, *before);
                        tokens.block(&block, before, of.table);
                    }
                }
            }
        }
    }
}

impl Component<'_> {
    /// The block in a column and a row of blocks. One that lies behind the picture shows what costs the least: as much light
    /// as the one before.
    #[inline(always)]
    fn block<S: Simd>(&self, simd: S, (column, row): (usize, usize), before: i32) -> Coefficients {
        let stride = self.plane.stride();
        let at = row * SIDE * stride + column * SIDE;
        if column * SIDE < stride && at < self.plane.samples.len() {
            return self.quantiser.block(simd, &self.plane.samples[at..], stride);
        }
        let mut values = [0; BLOCK];
        values[0] = before as i16;
        Coefficients { values, end: 1 }
    }
}

/// Bits that are gathered to bytes, of which one of ones alone has a zero after it.
struct Bits<'o> {
    out: &'o mut Vec<u8>,
    /// At the bottom.
    held: u64,
    count: u32,
}

impl Bits<'_> {
    /// Up to 32 bits.
    #[inline(always)]
    fn push(&mut self, bits: u64, count: u32) {
        self.held = self.held << count | bits;
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.held >> self.count) as u8;
            self.out.push(byte);
            if byte == 0xFF {
                self.out.push(0);
            }
        }
    }

    /// Fills up the last byte.
    fn end(&mut self) {
        let missing = (8 - self.count % 8) % 8;
        self.push((1 << missing) - 1, missing);
    }
}
