//! A frame's header, as a reader understands it. That its number is the right one, and its checksum, has been seen where
//! the frame was found.

use super::Flaw;
use super::bits::Bits;
use crate::Format;
use crate::flac::frame::samples_of_frame;

/// What a frame states about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) layout: Layout,
    /// Samples of each channel.
    pub(super) length: usize,
}

/// What the two channels of a frame are; those of any other number are just these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Independent,
    LeftSide,
    SideRight,
    MidSide,
}

impl Layout {
    /// How many bits a channel has more than the sound.
    pub(super) fn more_bits(self, channel: usize) -> u32 {
        let side = match self {
            Self::Independent => return 0,
            Self::LeftSide | Self::MidSide => 1,
            Self::SideRight => 0,
        };
        u32::from(channel == side)
    }
}

/// Reads the header of a frame, which must have the format that the file states. (RFC 9639, 9.1.)
pub(super) fn read(bits: &mut Bits<'_>, format: Format) -> Result<Head, Flaw> {
    const MARK: u32 = 0xFFF8;
    if bits.take(16) != MARK {
        return Err("a frame does not begin like one");
    }
    let [length, rate, channels] = [0; 3].map(|_: u32| bits.take(4));
    let depth = bits.take(3);
    if bits.take(1) != 0 {
        return Err("a frame's header uses a bit that is reserved");
    }
    skip_number(bits)?;
    let length =
        samples_of_frame(length, |bytes| Some(bits.take(bytes * 8))).ok_or("a frame's length is reserved")?;
    if stated_rate(bits, rate).is_some_and(|rate| rate != format.sample_rate) {
        return Err("a frame has another sample rate than the header");
    }
    if stated_depth(depth)?.is_some_and(|bits| bits != format.bits_per_sample) {
        return Err("a frame has another depth than the header");
    }
    bits.take(8); // the checksum
    let (layout, count) = match channels {
        8 => (Layout::LeftSide, 2),
        9 => (Layout::SideRight, 2),
        10 => (Layout::MidSide, 2),
        11.. => return Err("a frame's channels are of a reserved kind"),
        one_less => (Layout::Independent, one_less as usize + 1),
    };
    if count != format.channels() {
        return Err("a frame has another number of channels than the header");
    }
    Ok(Head { layout, length: length as usize })
}

/// A number in the way of UTF-8, of up to seven bytes.
fn skip_number(bits: &mut Bits<'_>) -> Result<(), Flaw> {
    let following = match (bits.take(8) as u8).leading_ones() {
        0 => 0,
        ones @ 2..=7 => ones - 1,
        _ => return Err("a frame's number makes no sense"),
    };
    for _ in 0..following {
        bits.take(8);
    }
    Ok(())
}

/// None where the file's header says it.
fn stated_rate(bits: &mut Bits<'_>, code: u32) -> Option<u32> {
    const KNOWN: [u32; 11] =
        [88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];
    match code {
        0 => None,
        12 => Some(bits.take(8) * 1000),
        13 => Some(bits.take(16)),
        14 => Some(bits.take(16) * 10),
        // Fifteen is no rate at all.
        _ => KNOWN.get(code as usize - 1).copied().or(Some(0)),
    }
}

/// None where the file's header says it.
fn stated_depth(code: u32) -> Result<Option<u8>, Flaw> {
    match code {
        0 => Ok(None),
        1 => Ok(Some(8)),
        2 => Ok(Some(12)),
        4 => Ok(Some(16)),
        5 => Ok(Some(20)),
        6 => Ok(Some(24)),
        _ => Err("a frame's depth is reserved"),
    }
}
