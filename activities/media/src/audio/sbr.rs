//! HE-AAC that does not say what it is: each packet of AAC may end with a fill element that holds the instructions for the
//! upper half of the spectrum (SBR), at any rate. What stands before it can only be passed over by decoding it; so it is
//! looked for from the packet's end. One packet may look like it by chance, but not one after the other.

use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;

use super::open::Opened;

/// So many packets are looked at, of those that hold more than silence takes.
const ENOUGH: usize = 24;
const LEAST_BYTES: usize = 16;

/// Whether AAC turns out to be HE-AAC. The packets that are looked at are handed out afterwards as if they had not been.
pub(super) fn is_hidden_in(opened: &mut Opened<'_>) -> bool {
    if opened.params.codec != CODEC_ID_AAC {
        return false;
    }
    opened.peek(2 * ENOUGH);
    let packets = opened.peeked().filter(|packet| packet.len() >= LEAST_BYTES).take(ENOUGH);
    let (mut all, mut with) = (0, 0);
    for packet in packets {
        all += 1;
        with += usize::from(ends_with_sbr(packet));
    }
    // Where there are only two or three packets, chance is not ruled out; nor is anything lost by leaving them to others.
    all > 0 && with * 4 >= all * 3
}

/// Whether the last element but the end mark is a fill element with SBR, or the last but one is and the last is filling.
fn ends_with_sbr(packet: &[u8]) -> bool {
    const END: u64 = 0b111;
    // The end mark is the last three ones; zeros fill up the byte.
    let Some(last) = packet.iter().rposition(|&byte| byte != 0) else { return false };
    let end = last * 8 + 8 - packet[last].trailing_zeros() as usize;
    let Some(mark) = end.checked_sub(3).filter(|&at| bits(packet, at, 3) == END) else { return false };
    fills(packet, mark)
        .any(|(start, kind)| is_sbr(kind) || fills(packet, start).any(|(_, kind)| is_sbr(kind)))
}

fn is_sbr(kind: u64) -> bool {
    const DATA: u64 = 13;
    const DATA_WITH_CHECKSUM: u64 = 14;
    [DATA, DATA_WITH_CHECKSUM].contains(&kind)
}

/// What may be a fill element that ends at this bit: where it begins, and its kind. (ISO 14496-3, table 4.11.)
fn fills(packet: &[u8], end: usize) -> impl Iterator<Item = (usize, u64)> {
    const FILL: u64 = 0b110;
    const MOST: usize = 15 + 255 - 1;
    (1..=MOST).filter_map(move |count| {
        let body = end.checked_sub(count * 8)?;
        let (head, expected) = match count {
            ..15 => (7, FILL << 4 | count as u64),
            _ => (15, (FILL << 4 | 15) << 8 | (count as u64 - 14)),
        };
        let start = body.checked_sub(head).filter(|&start| bits(packet, start, head) == expected)?;
        Some((start, bits(packet, body, 4)))
    })
}

/// So many bits from the one at `at` on.
fn bits(packet: &[u8], at: usize, count: usize) -> u64 {
    (at..at + count).fold(0, |value, bit| value << 1 | u64::from(packet[bit / 8] >> (7 - bit % 8) & 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some bits of sound, fill elements of these kinds and lengths, and the end mark.
    fn packet(sound: usize, fills: &[(u64, usize)]) -> Vec<u8> {
        let mut bits: Vec<u8> = (0..sound).map(|bit| (bit * bit / 7 % 2) as u8).collect();
        let mut put =
            |value: u64, count: usize| bits.extend((0..count).rev().map(|bit| (value >> bit & 1) as u8));
        for &(kind, count) in fills {
            put(0b110, 3);
            match count {
                ..15 => put(count as u64, 4),
                _ => put(15 << 8 | (count as u64 - 14), 12),
            }
            put(kind, 4);
            (0..count * 8 - 4).for_each(|bit| put((bit as u64 / 3) & 1, 1));
        }
        put(0b111, 3);
        bits.chunks(8)
            .map(|byte| byte.iter().enumerate().fold(0, |all, (at, bit)| all | bit << (7 - at)))
            .collect()
    }

    #[test]
    fn sbr_is_found_at_the_end_of_a_packet() {
        for sound in 200..216 {
            for count in [1, 2, 14, 15, 16, 60, 269] {
                assert!(ends_with_sbr(&packet(sound, &[(13, count)])), "{sound} bits, {count} bytes");
                assert!(ends_with_sbr(&packet(sound, &[(14, count), (0, 3)])), "with filling behind");
            }
        }
        assert!(!ends_with_sbr(&packet(203, &[(0, 20)])) && !ends_with_sbr(&packet(203, &[])));
        for nothing in [&[][..], &[0], &[0; 20], &[0xFF], &[0xE0], &[1]] {
            assert!(!ends_with_sbr(nothing));
        }
    }

    /// What is noise has it seldom, so that most of many packets never do.
    #[test]
    fn chance_makes_little_of_it() {
        let mut state = 1_u64;
        let mut found = 0;
        for _ in 0..10_000 {
            let noise: Vec<u8> = (0..300)
                .map(|_| {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (state >> 56) as u8
                })
                .collect();
            found += usize::from(ends_with_sbr(&noise));
        }
        assert!(found < 500, "{found} of 10000");
    }
}
