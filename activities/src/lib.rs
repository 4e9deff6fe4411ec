//! What each transition of a session does, one file per activity, and what they share.
//!
//! [`registry`] lists the activities the workflow calls by name. `advance` is the one way a session is moved, over the
//! one loop of a conditional write, `rewrite`; [`settle`] pays what a move left owing. Stores and drivers are
//! [`ports`]; the adapters live in `local/` and `aws/`. Media work is done by `media` in a child process (`child`), or
//! in another after `ffmpeg` has decoded the file; [`making`] decides for sound, [`framing`] for the frames of a film,
//! [`filming`] for a film. What takes long, a [`worker`] does. What cannot be made here, [`availability`] says; what
//! all of it took, [`measures`]. Who is told what became of a session, and how, is in [`notices`]; [`webhook`] is how a
//! notice goes over the wire.
//!
//! Not here: which move is legal (`states/`), HTTP (`service/`).

mod advance;
mod arrival;
pub mod availability;
pub mod begin;
pub mod bury;
pub mod cancel;
pub mod captions;
pub mod child;
pub mod clock;
pub mod confinement;
pub mod confirm_upload;
mod ctx;
pub mod deliver;
mod ending;
mod execution;
mod expire;
mod facts;
pub mod fail;
pub mod failure;
pub mod ffmpeg;
pub mod filming;
pub mod finish;
pub mod flac;
pub mod framing;
pub mod inbox;
mod keeping;
pub mod making;
pub mod measures;
mod meter;
pub mod notices;
pub mod objects;
pub mod ports;
pub mod printable;
pub mod probe;
pub mod proxies;
mod reading_back;
pub mod redrive;
pub mod registry;
mod rewrite;
pub mod settle;
pub mod start;
pub mod step;
mod storing;
pub mod sweep;
pub mod thumbnails;
pub mod video;
mod waveform;
pub mod webhook;
pub mod worker;

pub use advance::{Mover, Refusal, advance};
pub use clock::Clock;
pub use ctx::{Buckets, Ctx, Settings, Workers};
pub use rewrite::{Decision, rewrite};
