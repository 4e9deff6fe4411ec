//! A durable interpreter of Amazon States Language. This crate knows nothing of media or sessions.
//!
//! The pure core is [`definition`] (what was written), [`execution`] (the fold of a history) and [`step()`]
//! (what happens next). It has no clock, no async and no IO: time and randomness come in with a [`Tick`] and are
//! recorded in the events. The edge, which owns the [`journal`] and the tasks, feeds it and does what is pending.

mod data;
pub mod definition;
pub mod errors;
pub mod execution;
pub mod history;
mod retry;
mod state;
pub mod step;

pub mod api;
pub mod driver;
mod items;
pub mod journal;
pub mod objects;
pub mod services;
pub mod tasks;

pub use definition::{Definition, Problem, StateId};
pub use execution::{Execution, Facts, IllegalEvent, Pending, Status, TaskKey};
pub use history::{Damaged, Event};
pub use step::{Input, Refused, RunEnd, Stepped, Tick, step};

/// Milliseconds since 1970-01-01T00:00:00Z. All instants of the core are of this kind.
pub type Millis = i64;
