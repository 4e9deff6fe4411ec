//! The object store: our endpoint and the client, over real sockets and without one.

pub(crate) mod crash;
mod events;
mod full;
mod gate;
mod inside;
mod keys;
mod list;
mod model;
mod multipart;
mod presign;
mod put;
mod read;
pub(crate) mod rig;
mod slow;
