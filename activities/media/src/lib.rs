//! Media in, media out, and nothing else: bytes come from a [`ReadAt`], go to a [`Sink`], and what was found or went
//! wrong is a value. One folder per format or concern: `audio` opens and decodes anything with a sound track, `flac`
//! encodes and verifies, `picture` makes proxies of pictures, `film` looks at the headers of films and `thumbnails`
//! makes a zip of their frames, `captions` reads and writes captions. [`Job`] is the closed list of what can be asked;
//! [`run`] does it.
//!
//! Not here: files, network, clocks, processes. The child process that this crate runs in is `activities/src/child`.

pub mod audio;
pub mod captions;
pub mod film;
pub mod flac;
mod job;
mod numbers;
mod pcm;
pub mod picture;
mod problem;
mod progress;
mod sink;
mod source;
pub mod thumbnails;

pub use job::{Answer, Job, MadeFlac, Order, run};
pub use pcm::Format;
pub use problem::Problem;
pub use progress::{Progress, Report};
pub use sink::{PATCHABLE, Sink};
pub use source::ReadAt;
