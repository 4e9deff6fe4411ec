//! Random definitions and faults.
