//! The engine from outside: its promises of durability, time and order, with a clock and a journal that the tests own.

mod activities;
mod api;
mod commits;
mod restarts;
mod rig;
mod tasks;
mod timers;
