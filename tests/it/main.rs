//! One test binary for what needs more than one crate.
#![cfg(test)]

mod captions;
mod cli;
mod contract;
mod crash;
mod crash_points;
mod damage;
mod engine;
mod engine_api;
mod engine_sdk;
mod faults;
mod films;
mod flow;
mod fuzz;
mod generated;
mod hostile;
mod kills;
mod lifecycle;
mod media;
mod objects;
mod on_aws;
mod pictures;
mod proxy;
mod races;
mod redrive;
mod registry;
mod services;
mod tidy;
