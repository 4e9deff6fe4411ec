//! What needs stand-ins for AWS: `make test-aws` starts these and runs them.

mod captions;
mod ended;
mod engine;
mod faults;
mod films;
mod flags;
mod flow;
mod letters;
mod mishaps;
mod notices;
mod page;
mod pictures;
mod records;
