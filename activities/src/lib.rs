//! What each transition of a session does, one file per activity, and what they share.
//!
//! [`registry`] lists the activities the workflow calls by name. `advance` is the one way a session is moved; [`settle`]
//! pays what a move left owing. Stores and drivers are [`ports`]; the adapters live in `local/` and `aws/`. Media work is
//! done by `media` in a child process (`child`).
//!
//! Not here: which move is legal (`states/`), HTTP (`service/`).

mod advance;
pub mod bury;
pub mod cancel;
pub mod clock;
mod ctx;
pub mod fail;
pub mod finish;
pub mod objects;
pub mod ports;
pub mod redrive;
pub mod settle;
pub mod start;

pub use advance::{Refusal, advance};
pub use clock::Clock;
pub use ctx::{Buckets, Ctx, Settings};
