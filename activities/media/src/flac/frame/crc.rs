//! The two checksums of a FLAC frame: CRC-8 (polynomial 07) of its header, CRC-16 (polynomial 8005) of all of it.

const fn table8() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x80 == 0 { crc << 1 } else { crc << 1 ^ 0x07 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

/// How many bytes one step of [`crc16`] takes.
const STRIDE: usize = 16;

/// `tables[n][byte]` is what `byte` makes of the checksum when `n` zeros follow it.
const fn tables16() -> [[u16; 256]; STRIDE] {
    let mut tables = [[0; 256]; STRIDE];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x8005 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut zeros = 1;
    while zeros < STRIDE {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[zeros - 1][byte];
            tables[zeros][byte] = before << 8 ^ tables[0][(before >> 8) as usize];
            byte += 1;
        }
        zeros += 1;
    }
    tables
}

static TABLE8: [u8; 256] = table8();
static TABLES16: [[u16; 256]; STRIDE] = tables16();

pub(in crate::flac) fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, &byte| TABLE8[usize::from(crc ^ byte)])
}

pub(in crate::flac) fn crc16(bytes: &[u8]) -> u16 {
    let mut crc = 0_u16;
    let mut strides = bytes.chunks_exact(STRIDE);
    for stride in &mut strides {
        let [high, low] = crc.to_be_bytes();
        crc = TABLES16[STRIDE - 1][usize::from(stride[0] ^ high)]
            ^ TABLES16[STRIDE - 2][usize::from(stride[1] ^ low)];
        for (place, &byte) in stride[2..].iter().enumerate() {
            crc ^= TABLES16[STRIDE - 3 - place][usize::from(byte)];
        }
    }
    for &byte in strides.remainder() {
        crc = crc << 8 ^ TABLES16[0][usize::from((crc >> 8) as u8 ^ byte)];
    }
    crc
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue of CRC algorithms (CRC-8/SMBUS, CRC-16/UMTS), and any length.
    #[test]
    fn they_are_the_ones_meant() {
        assert_eq!(crc8(b"123456789"), 0xF4);
        assert_eq!(crc16(b"123456789"), 0xFEE8);
        let bytes: Vec<u8> = (0..100_u8).map(|byte| byte.wrapping_mul(37)).collect();
        for length in 0..bytes.len() {
            let slowly = bytes[..length].iter().fold(0_u16, |crc, &byte| {
                (0..8).fold(crc ^ u16::from(byte) << 8, |crc, _| {
                    if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x8005 }
                })
            });
            assert_eq!(crc16(&bytes[..length]), slowly, "{length} bytes");
        }
    }
}
