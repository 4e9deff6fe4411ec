//! What stands before a picture's pixels: its shape and what accompanies it, read within bounds. The first bytes decide
//! which of the two formats it is, whatever its name says.

use crate::source::read_up_to;
use crate::{Problem, ReadAt};

use super::{Limits, Picture, jpeg, png};

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
    if head.starts_with(b"\xFF\xD8\xFF") {
        jpeg::header::read(source, limits)
    } else if head.starts_with(b"\x89PNG\r\n\x1A\n") {
        png::header(source, limits)
    } else if head.is_empty() {
        Err(Problem::unsupported("the file is empty"))
    } else {
        Err(Problem::unsupported("neither a JPEG nor a PNG picture"))
    }
}
