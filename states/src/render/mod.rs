//! Projections of the table: what must agree with it is made from it. `make gen` writes the files, a test fails when
//! they are stale.

pub mod asl;
pub mod condition;
pub mod markdown;
pub mod mermaid;
pub mod notify;
