//! One test binary for what needs more than one crate.
#![cfg(test)]

mod contract;
mod engine;
mod generated;
mod media;
mod objects;
