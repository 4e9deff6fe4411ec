//! The marks of a JPEG: each comes after a byte of ones.

use std::ops::RangeInclusive;

pub(in super::super) const START_OF_IMAGE: u8 = 0xD8;
pub(in super::super) const END_OF_IMAGE: u8 = 0xD9;
pub(in super::super) const START_OF_SCAN: u8 = 0xDA;

/// Frames that are coded from the top to the bottom, by Huffman codes.
pub(super) const SEQUENTIAL_FRAMES: RangeInclusive<u8> = 0xC0..=0xC1;
pub(in super::super) const BASELINE_FRAME: u8 = 0xC0;
pub(in super::super) const HUFFMAN_TABLES: u8 = 0xC4;
pub(in super::super) const QUANTISERS: u8 = 0xDB;
/// How many units lie between marks at which a decoder may take up again.
pub(super) const RESTARTS: u8 = 0xDD;
/// Those marks, which take turns.
pub(super) const RESTART: RangeInclusive<u8> = 0xD0..=0xD7;
/// Marks that stand alone; all others have a length and a body.
pub(super) const ALONE: RangeInclusive<u8> = 0xD0..=0xD9;
pub(super) const TEMPORARY: u8 = 0x01;

pub(in super::super) const JFIF: u8 = 0xE0;
pub(in super::super) const EXIF: u8 = 0xE1;
pub(super) const PROFILE: u8 = 0xE2;
pub(super) const ADOBE: u8 = 0xEE;
