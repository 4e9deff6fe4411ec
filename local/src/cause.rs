//! What went wrong at the bottom of an error: the layers above it only say that something did.

use std::error::Error;

/// The innermost cause of `error`, in its own words.
pub(crate) fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
