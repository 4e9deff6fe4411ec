//! The one test binary of the workspace.

mod asl;
mod golden;
mod limits;
mod nonsense;
mod recorded;
mod simulation;
mod world;
