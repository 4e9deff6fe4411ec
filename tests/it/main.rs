//! One test binary for what needs more than one crate.

mod asl;
mod contract;
mod generated;
mod limits;
mod media;
mod nonsense;
mod objects;
mod recorded;
mod simulation;
mod world;
