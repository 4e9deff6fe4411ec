//! Frames at sample rates above flacenc's 96 kHz. The encoder itself never looks at the rate, so it is told a rate it
//! accepts, and the frame's header is then changed to say "the rate is in STREAMINFO", with both checksums made anew.

/// The highest rate that flacenc writes, and the one it is told in place of a higher one.
pub(super) const HIGHEST: u32 = 96_000;

/// Where a frame's header keeps its four bits of sample rate, the low ones; zero refers to STREAMINFO.
const RATE_BYTE: usize = 2;

/// Makes a whole frame that was encoded at [`HIGHEST`] refer to STREAMINFO for its rate.
pub(super) fn refer_to_stream_info(frame: &mut [u8]) {
    frame[RATE_BYTE] &= 0xF0;
    let header = header_length(frame);
    frame[header] = crc8(&frame[..header]);
    let body = frame.len() - 2;
    let checksum = crc16(&frame[..body]);
    frame[body..].copy_from_slice(&checksum.to_be_bytes());
}

/// The length of the header up to its checksum. [`HIGHEST`] has a code of its own, so no bytes for the rate follow.
fn header_length(frame: &[u8]) -> usize {
    const FIXED: usize = 4;
    let number = (frame[FIXED].leading_ones() as usize).max(1);
    let block_size = match frame[RATE_BYTE] >> 4 {
        6 => 1,
        7 => 2,
        _ => 0,
    };
    FIXED + number + block_size
}

fn crc8(bytes: &[u8]) -> u8 {
    const POLYNOMIAL: u8 = 0x07;
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| if crc & 0x80 == 0 { crc << 1 } else { crc << 1 ^ POLYNOMIAL })
    })
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, &byte| crc << 8 ^ CRC16[usize::from((crc >> 8) as u8 ^ byte)])
}

/// The effect of each byte on the checksum.
const CRC16: [u16; 256] = {
    const POLYNOMIAL: u16 = 0x8005;
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ POLYNOMIAL };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_have_their_known_values() {
        assert_eq!(crc8(b"123456789"), 0xF4);
        assert_eq!(crc16(b"123456789"), 0xFEE8);
    }
}
