//! What each transition of a session does, one file per activity, and what they share.
//!
//! [`registry`] lists the activities the workflow calls by name. `advance` is the one way a session is moved, over the
//! one loop of a conditional write, `rewrite`; [`settle`] pays what a move left owing. Stores and drivers are [`ports`]; the adapters live in `local/` and `aws/`. Media work is
//! done by `media` in a child process (`child`), or in another after `ffmpeg` has decoded the file; [`making`] decides.
//!
//! Not here: which move is legal (`states/`), HTTP (`service/`).

mod advance;
mod arrival;
pub mod begin;
pub mod bury;
pub mod cancel;
pub mod child;
pub mod clock;
pub mod confirm_upload;
mod ctx;
mod ending;
mod execution;
pub mod fail;
pub mod failure;
pub mod ffmpeg;
pub mod finish;
pub mod flac;
pub mod inbox;
mod keeping;
pub mod making;
mod meter;
pub mod objects;
pub mod ports;
pub mod probe;
pub mod proxies;
mod reading_back;
pub mod redrive;
pub mod registry;
mod rewrite;
pub mod settle;
pub mod start;
mod step;
pub mod sweep;
mod waveform;

pub use advance::{Mover, Refusal, advance};
pub use clock::Clock;
pub use ctx::{Buckets, Ctx, Settings};
pub use rewrite::{Decision, rewrite};
