//! The specification of the ports: one suite of tests, run over every adapter alike.

mod sessions;
