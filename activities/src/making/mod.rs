//! What recipes share, in the order of their work.
//!
//! A [`step`] is what a recipe is handed. A result is made by [`sound`], [`framing`] (for the frames of a film) or
//! [`filming`] (for a film): of any source and without a session, so that `lockgate convert` makes it likewise. `meter`
//! writes meanwhile how far it is; `storing` puts a file into the store, `reading_back` takes what stands there, and
//! `keeping` keeps it on the record for the next try. `facts` is how the record has what is known of a result.
//!
//! Not here: what each recipe does with these ([`crate::recipes`]), and the processes that do it ([`crate::child`],
//! [`crate::ffmpeg`]).

pub(crate) mod facts;
pub mod filming;
pub mod framing;
pub(crate) mod keeping;
pub(crate) mod meter;
pub(crate) mod reading_back;
pub mod sound;
pub mod step;
pub(crate) mod storing;

pub use sound::Trouble;
