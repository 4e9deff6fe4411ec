//! Numbers out of a header's bytes: of those that there are, the first so many.

pub(crate) fn be32(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |value, &byte| (value << 8) | u32::from(byte))
}

pub(crate) fn be64(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |value, &byte| (value << 8) | u64::from(byte))
}

pub(crate) fn le16(bytes: &[u8]) -> u16 {
    bytes.iter().take(2).rev().fold(0, |value, &byte| (value << 8) | u16::from(byte))
}

pub(crate) fn le32(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).rev().fold(0, |value, &byte| (value << 8) | u32::from(byte))
}

pub(crate) fn le64(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |value, &byte| (value << 8) | u64::from(byte))
}
