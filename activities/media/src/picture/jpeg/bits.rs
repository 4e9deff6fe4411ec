//! The coded bytes of a JPEG as a stream of bits. In them a zero follows each 0xFF that is none of a mark; at a mark, and
//! where the file ends, zeros are made up, and [`Bits::overrun`] tells whether any of them was used.

use crate::ReadAt;
use crate::source::read_up_to;

/// So many bytes are read at once.
const PORTION: usize = 256 << 10;

pub(super) struct Bits<'s> {
    source: &'s dyn ReadAt,
    buffer: Vec<u8>,
    /// Where what follows the buffer stands in the file.
    behind: u64,
    /// The next byte of the buffer.
    at: usize,
    /// The next bits of all.
    pub(super) ahead: Ahead,
    /// How many of those, the last ones, are made up.
    made_up: u32,
    /// Whether the file has no more bytes.
    ended: bool,
}

/// The next few bits. Whoever reads many takes them out of [`Bits`], and puts them back, so that they stay in registers.
#[derive(Clone, Copy, Default)]
pub(super) struct Ahead {
    /// At the top. Those behind `count` are either zero or what will come there.
    pub(super) next: u64,
    /// How many of them count: 63 at the most but for a moment.
    count: u32,
}

impl Ahead {
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.next <<= count;
        self.count -= count;
    }
}

impl<'s> Bits<'s> {
    pub(super) fn new(source: &'s dyn ReadAt, start: u64) -> Self {
        Self {
            source,
            buffer: Vec::new(),
            behind: start,
            at: 0,
            ahead: Ahead::default(),
            made_up: 0,
            ended: false,
        }
    }

    /// Makes at least 32 bits count.
    #[inline(always)]
    pub(super) fn provide(&mut self, ahead: &mut Ahead) {
        if ahead.count < 32 {
            self.fill(ahead);
        }
    }

    /// Makes at least 56 bits count.
    #[inline(always)]
    pub(super) fn fill(&mut self, ahead: &mut Ahead) {
        debug_assert!(ahead.count < 64, "there is room for a bit");
        if let Some(word) = self.buffer.get(self.at..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_be_bytes(*word);
            // No byte of it is 0xFF: then all are bits.
            if (!word).wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080 == 0 {
                ahead.next |= word >> ahead.count;
                self.at += ((63 - ahead.count) >> 3) as usize;
                ahead.count |= 56;
                return;
            }
        }
        *ahead = self.filled_by_bytes(*ahead);
    }

    #[inline(never)]
    fn filled_by_bytes(&mut self, mut ahead: Ahead) -> Ahead {
        while ahead.count <= 56 {
            let (byte, taken) = match self.pair() {
                Some([0xFF, 0]) => (0xFF, 2),
                Some([byte, _]) if byte != 0xFF => (byte, 1),
                _ => {
                    self.made_up += 8;
                    (0, 0)
                }
            };
            self.at += taken;
            ahead.next |= u64::from(byte) << (56 - ahead.count);
            ahead.count += 8;
        }
        ahead
    }

    /// The next two bytes. A file does not end in coded bytes: there is a mark behind them.
    fn pair(&mut self) -> Option<[u8; 2]> {
        if self.at + 2 > self.buffer.len() && !self.ended {
            self.read();
        }
        self.buffer.get(self.at..).and_then(<[u8]>::first_chunk).copied()
    }

    fn read(&mut self) {
        self.buffer.drain(..self.at);
        self.at = 0;
        let have = self.buffer.len();
        self.buffer.resize(have + PORTION, 0);
        // Whoever watches the source learns of a failure; here it is the end.
        let more = read_up_to(self.source, self.behind, &mut self.buffer[have..]).unwrap_or_default();
        self.ended = more == 0;
        self.behind += more as u64;
        self.buffer.truncate(have + more);
    }

    /// Whether more bits were used than there are.
    pub(super) fn overrun(&self) -> bool {
        self.ahead.count < self.made_up
    }

    /// Goes past a mark that stands right here, but for the bits that fill up the last byte.
    pub(super) fn mark(&mut self) -> Option<u8> {
        let ahead = self.filled_by_bytes(self.ahead);
        let is_here = ahead.count.checked_sub(self.made_up).is_some_and(|left| left < 8);
        if !is_here {
            return None;
        }
        while self.pair()? == [0xFF, 0xFF] {
            self.at += 1;
        }
        let [_, mark] = self.pair()?;
        self.at += 2;
        (self.ahead, self.made_up) = (Ahead::default(), 0);
        Some(mark)
    }
}
