//! A durable interpreter of Amazon States Language.

pub mod journal;
