//! Media work in a child process of the same binary, which holds one socket and nothing else.
//!
//! The parent ([`Workbench`]) does all IO: it answers the child's reads from an [`AsyncSource`] and passes its writes
//! to an [`AsyncSink`]. The child ([`child_main`]) does all parsing, under [`confinement`](crate::confinement). `wire`
//! is what the two say to each other. Whatever happens in the child, a crash, a hang or a bomb, is a [`Failure`] here
//! and nothing else, and `kill` counts it.
//!
//! Sources and sinks on plain files are in [`files`]; those on the object store are in [`objects`].

mod failure;
pub mod files;
mod group;
mod inside;
mod kill;
mod limits;
#[cfg(debug_assertions)]
mod misbehave;
pub mod objects;
mod parent;
mod sequence;
mod wire;

pub use failure::Failure;
pub(crate) use group::Group;
pub use inside::child_main;
pub use kill::{Killed, Watch};
pub(crate) use limits::DECODER_BYTES;
pub use limits::{Limits, RecipeLimits};
#[cfg(debug_assertions)]
pub use misbehave::Misbehaviour;
pub use parent::{ARGUMENT, AsyncSink, AsyncSource, Nowhere, Workbench};
pub use sequence::Sequence;
pub use wire::Work;
