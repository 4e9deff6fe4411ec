//! One test binary for what needs more than one crate.
#![cfg(test)]

mod contract;
mod crash;
mod crash_points;
mod damage;
mod engine;
mod flow;
mod generated;
mod lifecycle;
mod media;
mod objects;
mod registry;
