//! The object store: our endpoint and the client, over real sockets.

mod crash;
mod events;
mod full;
mod gate;
mod keys;
mod list;
mod model;
mod multipart;
mod presign;
mod put;
mod read;
mod rig;
mod slow;
