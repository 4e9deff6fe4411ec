//! FLAC out (`convert`) and the proof that it is true (`verify`).
//!
//! `frame` makes one frame of one block and `decode` takes one apart again, `pipeline` does it with all of them on all
//! processors, `stream` is the file around them, which `frames` cuts up again. `unstated` knows how long
//! one is that does not say so.

mod convert;
mod decode;
mod frame;
mod frames;
mod header;
mod level;
mod md5;
mod metadata;
mod peaks;
mod pipeline;
mod reporter;
mod seek;
mod stream;
mod unstated;
mod verify;

pub(crate) use convert::convert;
pub use header::Facts;
pub use level::Level;
pub(crate) use metadata::{COMMENT_TYPE, PICTURE_TYPE, blocks_of_known, picture_block};
pub use metadata::{LONGEST, Metadata, Picture};
pub use peaks::Waveform;
pub(crate) use unstated::samples as unstated_samples;
pub(crate) use verify::verify;
