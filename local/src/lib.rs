//! Lockgate on one machine: the embedded adapters and the command line of the binary `lockgate`.
//!
//! [`assemble`] is where the adapters are chosen, once. `sessions` keeps the records and `driver` runs the workflow, both
//! behind the ports of `activities/`; `aws/` has files of the same names for the cloud.

pub mod assemble;
pub mod captioner;
pub mod cli;
pub mod config;
pub mod data_folder;
pub mod driver;
pub mod endpoints;
mod engine_api;
mod lock;
mod page;
pub mod s3;
pub mod sessions;
pub mod tasks;
