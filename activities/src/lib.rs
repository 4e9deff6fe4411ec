//! Placeholder
pub mod objects;
