//! How a notice goes over the wire: Standard Webhooks 1.0, signed ([`sign`]), to addresses that a stranger may name
//! ([`guard`], [`resolve`]) without reaching what only this machine can ([`send`]).
//!
//! Not here: whom to tell, when to try again, and what is written down ([`crate::notices`]).

pub mod guard;
pub mod resolve;
pub mod send;
pub mod sign;

pub use guard::Guard;
pub use send::{Answer, Sender, Shipment, Unsent};
pub use sign::Secret;
