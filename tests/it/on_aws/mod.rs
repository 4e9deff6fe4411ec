//! What needs stand-ins for AWS: `make test-aws` starts these and runs them.

mod engine;
mod faults;
mod flow;
mod mishaps;
mod records;
