//! What stands before a picture's pixels: its shape and what accompanies it, read within bounds. The first bytes decide
//! which of the two formats it is.

use crate::source::read_up_to;
use crate::{Problem, ReadAt};

use super::{Kind, Limits, Picture, jpeg, png};

/// More than this of a profile or of EXIF is not read.
pub(super) const MOST_METADATA: usize = 4 << 20;

/// A picture's headers.
pub(super) struct Header {
    pub(super) picture: Picture,
    pub(super) profile: Option<Vec<u8>>,
    pub(super) copyright: Option<String>,
}

pub(super) fn read(source: &dyn ReadAt, limits: &Limits) -> Result<Header, Problem> {
    limits.check_length(source.len())?;
    let mut head = [0; 16];
    let filled = read_up_to(source, 0, &mut head).map_err(|error| Problem::source(&error))?;
    let head = &head[..filled];
    match Kind::of(head) {
        Some(Kind::Jpeg) => jpeg::header::read(source, limits),
        Some(Kind::Png) => png::header(source, limits),
        None if head.is_empty() => Err(Problem::unsupported("the file is empty")),
        None => Err(Problem::unsupported("neither a JPEG nor a PNG picture")),
    }
}
