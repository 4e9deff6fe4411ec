//! What each transition of a session does, one file per activity, and what they share.
//!
//! The activities are in three folders: [`moves`] has what moves a session, [`recipes`] what works on its file, and
//! [`notices`] what tells of it. [`registry`] lists those that the workflow calls by name; what takes long, a [`worker`]
//! does.
//!
//! What they are given is [`ctx`](Ctx): stores and drivers are [`ports`], whose adapters live in `local/` and `aws/`;
//! [`objects`] is the client of the object store, [`webhook`] how a notice goes over the wire. Media work is done by `media`
//! in a process of its own ([`child`]), or in another after [`ffmpeg`] has decoded the file, both under [`confinement`];
//! [`making`] decides which. What went wrong is a [`failure`]; what all of it took, [`measures`] counts.
//!
//! Not here: which move is legal (`states/`), HTTP (`service/`).

pub mod child;
pub mod clock;
pub mod confinement;
mod ctx;
pub mod failure;
pub mod ffmpeg;
pub mod making;
pub mod measures;
pub mod moves;
pub mod notices;
pub mod objects;
pub mod ports;
pub mod printable;
pub mod recipes;
pub mod registry;
pub mod webhook;
pub mod worker;

pub use clock::Clock;
pub use ctx::{Buckets, Ctx, Settings, Workers};
pub use moves::{Decision, Mover, Refusal, advance, rewrite};
