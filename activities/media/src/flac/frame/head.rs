//! A frame's header: everything a player needs to begin in the middle.

use super::bits::Bits;
use super::crc::crc8;
use crate::Format;
use crate::flac::header::BLOCK;

use super::{MID, SIDE};

/// How a frame's channels are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Each by itself.
    Independent,
    LeftSide,
    SideRight,
    MidSide,
}

impl Layout {
    /// All ways to store so many channels.
    fn all(channels: u8) -> &'static [Self] {
        const OF_TWO: [Layout; 4] =
            [Layout::Independent, Layout::LeftSide, Layout::SideRight, Layout::MidSide];
        if channels == 2 { &OF_TWO } else { &OF_TWO[..1] }
    }

    /// What this takes when each channel costs so much.
    pub(super) fn cost(self, costs: &[f64; 8], channels: u8) -> f64 {
        self.order(channels).iter().map(|&index| costs[index]).sum()
    }

    /// The one that costs the least.
    pub(super) fn cheapest(costs: &[f64; 8], channels: u8) -> Self {
        let all = Self::all(channels).iter().copied();
        let cheapest = all.min_by(|a, b| a.cost(costs, channels).total_cmp(&b.cost(costs, channels)));
        cheapest.unwrap_or(Self::Independent)
    }

    /// Whether one that costs no more than `within` needs this channel.
    pub(super) fn any_with(index: usize, within: f64, costs: &[f64; 8], channels: u8) -> bool {
        let mut all = Self::all(channels).iter();
        all.any(|layout| layout.cost(costs, channels) <= within && layout.order(channels).contains(&index))
    }

    /// The channels that are written, in their order.
    pub(super) fn order(self, channels: u8) -> &'static [usize] {
        const EACH: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];
        match self {
            Self::Independent => &EACH[..usize::from(channels)],
            Self::LeftSide => &[0, SIDE],
            Self::SideRight => &[SIDE, 1],
            Self::MidSide => &[MID, SIDE],
        }
    }

    fn code(self, channels: u8) -> u64 {
        match self {
            Self::Independent => u64::from(channels - 1),
            Self::LeftSide => 8,
            Self::SideRight => 9,
            Self::MidSide => 10,
        }
    }
}

/// Writes the header of frame `number`, which holds `length` samples of each channel.
pub(super) fn write(bits: &mut Bits, format: Format, layout: Layout, length: usize, number: u64) {
    // The 14 bits of the mark, a reserved one, and that all blocks but the last have one length.
    const START: u64 = 0xFFF8;
    bits.put(START, 16);
    let (length_code, length_bits) = match length {
        BLOCK => (12, 0),
        1..=256 => (6, 8),
        _ => (7, 16),
    };
    let rate = Rate::of(format.sample_rate);
    bits.put(length_code, 4);
    bits.put(rate.code, 4);
    bits.put(layout.code(format.channels), 4);
    bits.put(depth_code(format.bits_per_sample), 3);
    bits.put(0, 1);
    put_number(bits, number);
    bits.put(if length_bits == 0 { 0 } else { length as u64 - 1 }, length_bits);
    bits.put(rate.value, rate.bits);
    let crc = crc8(bits.bytes());
    bits.put(u64::from(crc), 8);
}

/// How many samples of each channel a frame has, by the code of its length; `behind` reads so many of the bytes that
/// follow the frame's number. (RFC 9639, 9.1.1.)
pub(in crate::flac) fn samples_of_frame(code: u32, behind: impl FnOnce(u32) -> Option<u32>) -> Option<u32> {
    Some(match code {
        0 => return None,
        1 => 192,
        2..=5 => 576 << (code - 2),
        6 => behind(1)? + 1,
        7 => behind(2)? + 1,
        _ => 256 << (code - 8),
    })
}

/// Whether `bytes` begin with a frame of this number, as [`write`] writes them.
pub(in crate::flac) fn begins_frame(bytes: &[u8], number: u64) -> bool {
    let &[0xFF, 0xF8, _, _, ref rest @ ..] = bytes else { return false };
    let mut expected = Bits::default();
    expected.reserve(100);
    put_number(&mut expected, number);
    rest.starts_with(expected.bytes()) && holds_its_checksum(bytes, expected.bytes().len())
}

/// Whether a frame's header at the begin of `bytes`, whose number takes so many of them, has the checksum that it states.
pub(in crate::flac) fn holds_its_checksum(bytes: &[u8], number: usize) -> bool {
    const FIXED: usize = 4;
    let &[_, _, codes, ..] = bytes else { return false };
    let length = match codes >> 4 {
        6 => 1,
        7 => 2,
        _ => 0,
    };
    let rate = match codes & 0x0F {
        12 => 1,
        13 | 14 => 2,
        _ => 0,
    };
    let end = FIXED + number + length + rate;
    bytes.get(end).is_some_and(|&crc| crc8(&bytes[..end]) == crc)
}

/// A sample rate as a frame states it: by a code, or behind the number.
struct Rate {
    code: u64,
    value: u64,
    bits: u32,
}

impl Rate {
    fn of(rate: u32) -> Self {
        const KNOWN: [(u32, u64); 11] = [
            (88_200, 1),
            (176_400, 2),
            (192_000, 3),
            (8_000, 4),
            (16_000, 5),
            (22_050, 6),
            (24_000, 7),
            (32_000, 8),
            (44_100, 9),
            (48_000, 10),
            (96_000, 11),
        ];
        let stated = |code, value, bits| Self { code, value: u64::from(value), bits };
        if let Some(&(_, code)) = KNOWN.iter().find(|(known, _)| *known == rate) {
            return stated(code, 0, 0);
        }
        match rate {
            _ if rate.is_multiple_of(1000) && rate / 1000 <= 0xFF => stated(12, rate / 1000, 8),
            ..=0xFFFF => stated(13, rate, 16),
            _ if rate.is_multiple_of(10) && rate / 10 <= 0xFFFF => stated(14, rate / 10, 16),
            // As the file's header says.
            _ => stated(0, 0, 0),
        }
    }
}

fn depth_code(bits: u8) -> u64 {
    match bits {
        8 => 1,
        12 => 2,
        16 => 4,
        20 => 5,
        24 => 6,
        // As the file's header says.
        _ => 0,
    }
}

/// A number of up to 36 bits, in the way of UTF-8.
fn put_number(bits: &mut Bits, number: u64) {
    if number < 0x80 {
        bits.put(number, 8);
        return;
    }
    // Bytes of six bits follow a first one that tells their number and has what is left.
    let mut following = 1;
    while following < 6 && number >> (6 * following) >= 1 << (6 - following) {
        following += 1;
    }
    let marks = (0xFF00_u64 >> (following + 1)) & 0xFF;
    bits.put(marks | number >> (6 * following), 8);
    for left in (0..following).rev() {
        bits.put(0x80 | number >> (6 * left) & 0x3F, 8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_like_characters() {
        for number in [0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xFFFF, 0x1_0000, 0x10_FFFF] {
            let mut bits = Bits::default();
            bits.reserve(100);
            put_number(&mut bits, number);
            let text = char::from_u32(number as u32).unwrap().to_string();
            assert_eq!(bits.bytes(), text.as_bytes(), "{number:#x}");
        }
        let mut bits = Bits::default();
        bits.reserve(100);
        put_number(&mut bits, (1 << 36) - 1);
        assert_eq!(bits.bytes(), [0xFE, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF]);
        bits.clear();
        put_number(&mut bits, (1 << 31) - 1);
        assert_eq!(bits.bytes(), [0xFD, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF]);
    }
}
