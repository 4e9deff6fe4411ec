//! Reading a proxy back: every row of it is decoded, and it must be as large as was said.

use crate::source::Watched;
use crate::{Problem, ReadAt};

use super::header;
use super::jpeg::JpegRows;
use super::rows::Rows;
use super::{Kind, Limits, Picture, Turn};

/// What `source` holds, when it is a JPEG of that size, upright and whole.
pub(crate) fn verify(source: &dyn ReadAt, width: u32, height: u32) -> Result<Picture, Problem> {
    let picture = header::read(source, &Limits::default()).map_err(unverified)?.picture;
    if picture.kind != Kind::Jpeg || (picture.width, picture.height) != (width, height) {
        let Picture { kind, width: wide, height: high, .. } = picture;
        return Err(mismatch(format!(
            "it is a {kind:?} of {wide} × {high} and not a JPEG of {width} × {height}"
        )));
    }
    if picture.turn != Turn::NONE || picture.has_profile {
        return Err(mismatch("it is not upright, or not in sRGB".to_owned()));
    }
    let watched = Watched::new(source);
    let mut rows = JpegRows::open(&watched, &picture, width.max(height)).map_err(unverified)?;
    let mut bytes = Vec::new();
    while rows.next(&mut bytes).map_err(unverified)? {
        bytes.clear();
    }
    Ok(picture)
}

/// A flaw in the file is a flaw in our result here; a source that cannot be read stays just that.
fn unverified(problem: Problem) -> Problem {
    match problem {
        Problem::Unsupported { found } => mismatch(found),
        Problem::Corrupt { .. } | Problem::TooLarge { .. } => mismatch(problem.to_string()),
        other => other,
    }
}

fn mismatch(what: String) -> Problem {
    Problem::Unverified { what }
}
