//! JPEG in: headers by a walk of our own over the markers ([`header`]), pixels by libjpeg, scaled down while they are
//! decoded ([`decode`]).

mod decode;
pub(super) mod header;
mod libjpeg;

pub(super) use decode::JpegRows;
pub(super) use libjpeg::guarded;
