//! FLAC out (`convert`) and the proof that it is true (`verify`).
//!
//! `frame` makes one frame of one block, `pipeline` all of them on all processors, `stream` the file around them.

mod convert;
mod frame;
mod frames;
mod header;
mod level;
mod metadata;
mod peaks;
mod pipeline;
mod reporter;
mod seek;
mod stream;
mod verify;

pub(crate) use convert::convert;
pub use header::Facts;
pub use level::Level;
pub use metadata::{LONGEST, Metadata, Picture};
pub use peaks::Waveform;
pub(crate) use verify::verify;
