//! How long a FLAC is whose header does not say so: its last frame tells which one it is, and how many samples it has.
//! Whoever decodes it finds that out only at the end.

use std::io;

use super::frame::{crc16, holds_its_checksum, samples_of_frame};
use super::header::LENGTH;
use crate::ReadAt;
use crate::source::read_up_to;

/// How much of the end is looked at: more than a frame takes of eight channels, as they are usually cut.
const TAIL: u64 = 128 * 1024;

/// What looks like the last frame's header and is none is seldom, unless somebody means it.
const MOST_TRIES: usize = 64;

/// Samples of each channel in the FLAC that is `source`. None where its end is not that of a frame.
pub(crate) fn samples(source: &dyn ReadAt) -> io::Result<Option<u64>> {
    let mut info = [0; LENGTH];
    if read_up_to(source, 0, &mut info)? < LENGTH {
        return Ok(None);
    }
    // The most samples of a frame: where all are alike, each but the last has as many.
    let block = u64::from(u16::from_be_bytes([info[10], info[11]]));
    let length = source.len().saturating_sub(LENGTH as u64).min(TAIL);
    let mut tail = vec![0; length as usize];
    let filled = read_up_to(source, source.len() - length, &mut tail)?;
    let tail = &tail[..filled];
    let heads = (0..tail.len()).rev().filter_map(|at| Some((at, Head::read(&tail[at..])?)));
    let last = heads.take(MOST_TRIES).find(|&(at, _)| crc16(&tail[at..]) == 0);
    Ok(last.map(|(_, head)| head.end(block)))
}

/// Where in the sound a frame stands.
struct Head {
    /// Counted in samples, or else in frames.
    by_samples: bool,
    number: u64,
    length: u64,
}

impl Head {
    /// Reads the header that `bytes` begin with, if it has its checksum. (RFC 9639, 9.1.)
    fn read(bytes: &[u8]) -> Option<Self> {
        let &[0xFF, kind @ (0xF8 | 0xF9), codes, _, ref rest @ ..] = bytes else { return None };
        let (number, width) = number(rest)?;
        if !holds_its_checksum(bytes, width) {
            return None;
        }
        let behind = |count: u32| {
            let bytes = rest.get(width..width + count as usize)?;
            Some(bytes.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)))
        };
        let length = samples_of_frame(u32::from(codes >> 4), behind)?;
        Some(Self { by_samples: kind & 1 == 1, number, length: u64::from(length) })
    }

    /// How many samples there are up to its end.
    fn end(&self, block: u64) -> u64 {
        let before = if self.by_samples { self.number } else { self.number.saturating_mul(block) };
        before.saturating_add(self.length)
    }
}

/// A number in the way of UTF-8, and how many bytes it takes.
fn number(bytes: &[u8]) -> Option<(u64, usize)> {
    let &first = bytes.first()?;
    let width = match first.leading_ones() as usize {
        0 => return Some((u64::from(first), 1)),
        ones @ 2..=7 => ones,
        _ => return None,
    };
    let begin = u64::from(first) & (0x7F >> width);
    let following = bytes.get(1..width)?;
    Some((following.iter().fold(begin, |number, &byte| number << 6 | u64::from(byte & 0x3F)), width))
}

#[cfg(test)]
mod tests {
    use super::super::frame::crc8;
    use super::super::header::StreamInfo;
    use super::*;
    use crate::Format;

    const BLOCK: u64 = super::super::header::BLOCK as u64;

    /// A FLAC of 44.1 kHz whose only frame has this header, and what stands behind it.
    fn ending_in(header: &[u8], rest: &[u8]) -> Vec<u8> {
        let format = Format { sample_rate: 44_100, channels: 1, bits_per_sample: 16 };
        let info = StreamInfo { format, samples: 0, smallest_frame: 0, largest_frame: 0, md5: [0; 16] };
        let mut frame = [header, &[crc8(header), 0, 0, 0]].concat();
        frame.extend(crc16(&frame).to_be_bytes());
        [&info.bytes()[..], &frame, rest].concat()
    }

    #[test]
    fn the_last_frame_tells_how_many_samples_there_are() {
        for (header, samples) in [
            (&[0xFF, 0xF8, 0xC9, 0x08, 0][..], 4096),
            (&[0xFF, 0xF8, 0x79, 0x08, 0x02, 0xFF, 0xFE], 2 * BLOCK + 65_535),
            (&[0xFF, 0xF8, 0x6C, 0x08, 0xC2, 0x80, 9, 44], 128 * BLOCK + 10),
            (&[0xFF, 0xF9, 0x19, 0x08, 0xFE, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF], (1 << 36) - 1 + 192),
        ] {
            assert_eq!(super::samples(&&ending_in(header, &[])[..]).unwrap(), Some(samples), "{header:x?}");
        }
    }

    #[test]
    fn what_does_not_end_with_a_frame_tells_nothing() {
        let header = [0xFF, 0xF8, 0xC9, 0x08, 0];
        let whole = ending_in(&header, &[]);
        for file in [&whole[..whole.len() - 1], &ending_in(&header, b"TAG"), &whole[..50], b"fLaC", b""] {
            assert_eq!(super::samples(&file).unwrap(), None, "{file:x?}");
        }
    }
}
