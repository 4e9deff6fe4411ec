//! JPEG in: headers by a walk of our own over the markers ([`header`]). Nearly all there are become planes of the size that
//! is wanted straight from their coded bytes ([`planes`]): a [`layout`] says how those follow each other, a [`scan`] turns
//! [`bits`] by their [`huffman`] codes into a [`block`]'s coefficients, and a [`transform`] those into pixels. What is left, the
//! progressive ones above all, libjpeg decodes ([`decode`]), scaled down as it goes.

mod bits;
mod block;
mod decode;
pub(super) mod header;
mod huffman;
mod layout;
mod libjpeg;
pub(super) mod marks;
mod planes;
mod scan;
mod together;
mod transform;

pub(super) use decode::JpegRows;
pub(super) use layout::Meaning;
pub(super) use libjpeg::guarded;
pub(super) use planes::{Planes, Wanted, planes};
