//! One test binary for what needs more than one crate.

mod contract;
mod generated;
mod objects;
