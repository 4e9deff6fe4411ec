//! What needs stand-ins for AWS: `make test-aws` starts these and runs them.

mod cancel;
mod captions;
mod cli;
mod counts;
mod dead_letters;
mod ended;
mod engine;
mod faults;
mod films;
mod flags;
mod flow;
mod letters;
mod lost_starts;
mod mishaps;
mod notices;
mod page;
mod pictures;
mod records;
mod tokens;
