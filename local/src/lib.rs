//! Lockgate on one machine: the embedded adapters and the command line of the binary `lockgate`.
//!
//! [`assemble`] is where the adapters are chosen, once. `sessions` keeps the records and `driver` runs the workflow, both
//! behind the ports of `activities/`; `aws/` has files of the same names for the cloud. [`people`] are the accounts.

pub mod assemble;
pub mod backup;
pub mod captioner;
mod cause;
pub mod cli;
pub mod config;
pub mod data_folder;
pub mod driver;
pub mod endpoints;
mod engine_api;
pub mod flags;
pub mod housekeeping;
mod ledgers;
mod lock;
pub mod notices;
mod page;
pub mod people;
pub mod s3;
pub mod sessions;
pub mod tasks;
mod traces;
mod web_address;

/// The meters of the disk.
pub(crate) const DISK_BYTES: &str = "lockgate_disk_bytes";
pub(crate) const DISK_FREE: &str = "lockgate_disk_free_bytes";
