//! The engine from outside: its promises of durability, time and order, with a clock and a journal that the tests own.

// Marked as tests, so that clippy lets them unwrap outside of test functions too.
#[cfg(test)]
mod activities;
#[cfg(test)]
mod api;
#[cfg(test)]
mod commits;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod item_readers;
#[cfg(test)]
mod map_run_redrives;
#[cfg(test)]
mod map_runs;
#[cfg(test)]
mod redrive;
#[cfg(test)]
mod restarts;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod shelf;
#[cfg(test)]
mod tasks;
#[cfg(test)]
mod timers;
