//! The engine's core over a clock and a worker that the test owns.

mod asl;
mod coverage;
mod golden;
mod limits;
mod nonsense;
pub(crate) mod recorded;
mod simulation;
mod trial;
mod world;
