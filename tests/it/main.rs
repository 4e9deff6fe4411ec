//! The one test binary of the workspace.

mod asl;
mod recorded;
mod simulation;
mod world;
