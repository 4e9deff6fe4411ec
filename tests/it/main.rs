//! Every integration test, in one binary: a module per subject.
#![cfg(test)]

mod objects_crash;
mod objects_events;
mod objects_full;
mod objects_gate;
mod objects_keys;
mod objects_list;
mod objects_model;
mod objects_multipart;
mod objects_presign;
mod objects_put;
mod objects_read;
mod objects_rig;
mod objects_slow;
