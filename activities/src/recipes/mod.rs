//! The recipes, one file each: the step of the workflow that works on the file, from the pinned upload to results that
//! were read back.
//!
//! [`probe`] goes before each of them and says what the file is. [`flac`] stores a `waveform` beside its sound.
//! [`availability`] says what cannot be made here.
//!
//! Not here: what recipes share ([`crate::making`]), which there are and what they may be given (`states/`), and the work
//! on the bytes themselves (`media`).

pub mod availability;
pub mod captions;
pub mod flac;
pub mod probe;
pub mod proxies;
pub mod thumbnails;
pub mod video;
pub mod waveform;
