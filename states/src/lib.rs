//! What a session is and how it may move. Pure: no clock, no files, no network, no async.
//!
//! [`table`] is the one place that says which move is legal; read it first. [`session`] is the record that moves,
//! [`debt`] what a move leaves owing, [`problem`] why a session failed, [`recipe`] what can be made of a file,
//! [`options`] what one may choose about it, [`flags`] what an operator allows of all that, [`limits`] what the stacks on
//! AWS go by too.
//! [`render`] projects the table into everything that must agree with it: diagram, document, workflow, store condition.
//!
//! Not here: who performs a move (`activities/`) and where a session is kept (`local/`, `aws/`).

pub mod debt;
pub mod flags;
pub mod limits;
pub mod options;
pub mod problem;
pub mod recipe;
pub mod render;
pub mod session;
pub mod table;

pub use debt::{Debt, Owed};
pub use flags::FlagSet;
pub use jiff::Timestamp;
pub use problem::{Kind, Problem};
pub use recipe::Recipe;
pub use session::Session;
pub use table::{Activity, Event, State, WrongState};
