//! JPEG in: headers by a walk of our own over the markers ([`header`]), pixels by libjpeg, scaled down while they are
//! decoded ([`decode`]). A large one is cut in two, for two decoders ([`lower`]): where the lower part begins is found by
//! going over the coded bytes of the upper one ([`skim`], by their [`layout`] and their [`huffman`] codes).

mod decode;
pub(super) mod header;
mod huffman;
mod layout;
mod libjpeg;
mod lower;
mod skim;

pub(super) use decode::JpegRows;
pub(super) use libjpeg::guarded;
pub(super) use lower::Cut;
