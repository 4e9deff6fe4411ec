//! What the tests and the generator share. The tests themselves are in `tests/it`.

pub mod bell;
pub mod bench;
pub mod cost;
pub mod desk;
pub mod doomed;
pub mod engine_server;
pub mod films;
pub mod flow;
pub mod gates;
pub mod generated;
pub mod keyhouse;
pub mod lab;
pub mod memory;
pub mod packages;
pub mod pictures;
pub mod post_office;
pub mod process;
pub mod remote;
pub mod rig;
pub mod server;
pub mod sound;
pub mod stand_in;
pub mod stranger;
pub mod town;
pub mod workshop;
