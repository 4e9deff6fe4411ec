//! The moves of a session, one file each, and what they share.
//!
//! From outside come [`confirm_upload`] (for what lies in the [`inbox`] too), [`start`], [`cancel`], [`redrive`] and
//! [`bury`]; the workflow's own are [`begin`], [`finish`] and [`fail`]; a timer's is [`sweep`], which does what others left
//! undone, and has what ended long ago `expire`.
//!
//! They share [`advance`](advance()), the one way a session is moved, over [`rewrite`](rewrite()), the loop that rewrites a
//! record; [`settle`], which pays what a move left owing, a start by `execution`; `arrival`, which looks whether an upload
//! has come; and `ending`, by which an attempt ends its session.
//!
//! Not here: which move is legal (`states/`), and the work between `begin` and `finish` ([`crate::recipes`]).

mod advance;
mod arrival;
pub mod begin;
pub mod bury;
pub mod cancel;
pub mod confirm_upload;
mod ending;
mod execution;
mod expire;
pub mod fail;
pub mod finish;
pub mod inbox;
pub mod redrive;
mod rewrite;
pub mod settle;
pub mod start;
pub mod sweep;

pub use advance::{Mover, Refusal, advance};
pub use rewrite::{Decision, rewrite};
